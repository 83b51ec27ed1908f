//! Says what a supervised service is like.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use seaworthy_core::reject::{IntoError, Respond};
use seaworthy_core::{BoxError, ConfigError, Rejected};

use super::child::specify;
use super::fatal::{FatalIf, NeverFatal};
use super::handle::Supervised;
use super::layer::SupervisedLayer;
use super::owned::{Inline, Owned};
use super::shared::{Core, Shared};
use crate::child::Child;
use crate::context::Context;
use crate::id::check_name;
use crate::supervisor::Supervisor;

/// How long calls wait for a restart unless told otherwise.
const FAILFAST: Duration = Duration::from_secs(1);

/// The longest time for which they may.
const FAILFAST_MAX: Duration = Duration::from_secs(24 * 3600);

/// Says what a supervised service is like; made by [`Supervised::builder`].
#[must_use = "a supervised service is made by `build` or `layer`"]
pub struct SupervisedBuilder<R = IntoError, T = NeverFatal, X = Inline> {
    pub(super) name: Arc<str>,
    pub(super) failfast: Duration,
    pub(super) reject: R,
    pub(super) fatal: T,
    mode: PhantomData<fn() -> X>,
}

impl Supervised<()> {
    /// Begins a supervised service. Its name is the id of its child, and what rejections call it: 1 to 255 bytes
    /// without `/` or control characters, not starting with `#`.
    pub fn builder(name: impl Into<Arc<str>>) -> SupervisedBuilder {
        SupervisedBuilder {
            name: name.into(),
            failfast: FAILFAST,
            reject: IntoError,
            fatal: NeverFatal,
            mode: PhantomData,
        }
    }
}

impl<R, T, X> SupervisedBuilder<R, T, X> {
    /// How long after it went down `poll_ready` waits for the service to come back, counted from the crash (or from
    /// `build`, and again from the first start) and not for each caller anew. After that it is ready at once, to turn the call away with
    /// [`Reason::Restarting`](seaworthy_core::Reason::Restarting). Zero: calls never wait. At most a day.
    /// Default: 1 second.
    ///
    /// It is also the `retry_after` of those rejections.
    pub fn failfast(mut self, failfast: Duration) -> Self {
        self.failfast = failfast;
        self
    }

    /// Which errors of a call mean that the instance is broken, and is to be replaced. The error itself is
    /// returned to the caller as it is. Default: none.
    pub fn fatal<E, F>(self, fatal: F) -> SupervisedBuilder<R, FatalIf<F>, X>
    where
        F: Fn(&E) -> bool + Send + Sync + 'static,
    {
        self.with(|reject, _| (reject, FatalIf(fatal)))
    }

    /// Turns rejections into responses, for a service whose error cannot be made from a
    /// [`Rejected`].
    pub fn respond<Res, F>(self, respond: F) -> SupervisedBuilder<Respond<F>, T, X>
    where
        F: Fn(Rejected) -> Res + Send + Sync + 'static,
    {
        self.with(|_, fatal| (Respond::new(respond), fatal))
    }

    /// Runs each call in a task of the child. A caller that goes away or is slow to poll cannot hurt the call; it
    /// runs on. It ends with the incarnation, and has the child's shutdown time to finish.
    ///
    /// It costs a task for each call, and asks the future, the response and the error to be `Send + 'static`.
    pub fn owned(self) -> SupervisedBuilder<R, T, Owned> {
        self.with(|reject, fatal| (reject, fatal))
    }

    fn with<R2, T2, X2>(
        self,
        change: impl FnOnce(R, T) -> (R2, T2),
    ) -> SupervisedBuilder<R2, T2, X2> {
        let (reject, fatal) = change(self.reject, self.fatal);
        SupervisedBuilder {
            name: self.name,
            failfast: self.failfast,
            reject,
            fatal,
            mode: PhantomData,
        }
    }

    /// The handle, and the child to be given to a supervisor. `factory` is called for each incarnation.
    ///
    /// The child is ready when its first instance is built, so that children after it are started only then; what
    /// holds for any [`Child`] holds for it: its restart, shutdown and start time-out are options of the child.
    /// While `factory` runs it does not listen to an order to stop, and is dropped by it.
    ///
    /// # Errors
    ///
    /// If the name or the failfast time is not allowed.
    #[expect(clippy::type_complexity, reason = "two things, and what can go wrong")]
    pub fn build<S, F, Fut>(
        self,
        factory: F,
    ) -> Result<(Supervised<S, R, T, X>, Child), ConfigError>
    where
        S: Clone + Send + 'static,
        R: Send + Sync + 'static,
        T: Send + Sync + 'static,
        F: Fn(Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<S, BoxError>> + Send + 'static,
    {
        self.validate()?;
        let shared = Arc::new(Shared {
            core: Core::new(self.name, self.failfast, None),
            reject: self.reject,
            fatal: self.fatal,
        });
        let child = specify(&shared, Arc::new(factory)).wait_ready();
        Ok((Supervised::new(shared), child))
    }

    /// A layer over factories, whose child is started under `supervisor`. See [`SupervisedLayer`].
    ///
    /// # Errors
    ///
    /// If the name or the failfast time is not allowed.
    pub fn layer<S>(
        self,
        supervisor: &Supervisor,
    ) -> Result<SupervisedLayer<S, R, T, X>, ConfigError>
    where
        R: Clone,
        T: Clone,
    {
        self.validate()?;
        Ok(SupervisedLayer::new(self, supervisor))
    }

    fn validate(&self) -> Result<(), ConfigError> {
        if let Err(allowed) = check_name(&self.name) {
            return Err(ConfigError::new(&self.name, "name", &self.name, allowed));
        }
        ConfigError::unless(
            self.failfast <= FAILFAST_MAX,
            &self.name,
            "failfast",
            format_args!("{:?}", self.failfast),
            "at most a day",
        )
    }
}

impl<R, T, X> fmt::Debug for SupervisedBuilder<R, T, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SupervisedBuilder")
            .field("name", &self.name)
            .field("failfast", &self.failfast)
            .finish_non_exhaustive()
    }
}
