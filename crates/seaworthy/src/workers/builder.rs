//! Making workers by key.

use std::hash::Hash;
use std::sync::{Arc, Weak};
use std::time::Duration;

use seaworthy_core::{BoxError, ConfigError, Name, Rejected};
use seaworthy_queue::Config;
use seaworthy_supervisor::{Child, Context, DynamicSupervisor, Init, Restart};
use tower_service::Service;

use super::life::Life;
use super::slots::Slots;
use super::{Inner, Workers};

/// Makes [`Workers`].
#[derive(Clone, Debug)]
#[must_use = "nothing is made before `build`"]
pub struct WorkersBuilder {
    name: Arc<str>,
    config: Config,
    idle_after: Duration,
    at_most: usize,
}

impl WorkersBuilder {
    pub(super) fn new(name: Arc<str>) -> Self {
        Self {
            name,
            config: Config::default(),
            idle_after: Duration::from_secs(60),
            at_most: 10_000,
        }
    }

    /// The queue of each key. Default: that of any queue.
    pub fn queue(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// After so long without a caller, a worker goes to sleep: above 0. Default: a minute.
    pub fn idle_after(mut self, time: Duration) -> Self {
        self.idle_after = time;
        self
    }

    /// How many keys may have callers or a worker at the same time: at least 1. Default: 10,000.
    pub fn at_most(mut self, workers: usize) -> Self {
        self.at_most = workers;
        self
    }

    /// The workers, and their supervisor as a child for a tree: before that is started, whoever calls is told that they
    /// are [stopped](seaworthy_core::Reason::Stopped). `factory` builds the service of a key, whenever a worker starts.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], if something is not allowed.
    #[expect(
        clippy::type_complexity,
        reason = "two things, of which one has four parameters"
    )]
    pub fn build<K, Req, Res, E, F, Fut, S>(
        self,
        factory: F,
    ) -> Result<(Workers<K, Req, Res, E>, Child), ConfigError>
    where
        K: Hash + Eq + Clone + Send + Sync + 'static,
        Req: Send + 'static,
        Res: Send + 'static,
        E: From<Rejected> + Into<BoxError> + Send + 'static,
        F: Fn(K, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<S, BoxError>> + Send + 'static,
        S: Service<Req, Response = Res, Error = E> + Send + 'static,
        S::Future: Send,
    {
        let Self {
            name,
            config,
            idle_after,
            at_most,
        } = self;
        let fits = !idle_after.is_zero();
        let value = format_args!("{idle_after:?}");
        ConfigError::unless(fits, &name, "idle_after", value, "above 0 s")?;
        ConfigError::unless(at_most > 0, &name, "at_most", at_most, "at least 1")?;
        let factory = Arc::new(factory);
        let mut spec = None;
        let inner = Arc::new_cyclic(|inner: &Weak<Inner<K, Req, Res, E>>| {
            let weak = Weak::clone(inner);
            let template = Child::template_init(move |cx: Context, key: K| {
                let life = Life::begin(&weak, key.clone());
                let factory = Arc::clone(&factory);
                async move {
                    let Some((life, requests)) = life else {
                        return Ok(Init::Ignore);
                    };
                    let service = factory(key, cx.clone()).await?;
                    Ok(Init::Run(life.live(cx, requests, service)))
                }
            });
            // A crash costs a request each time: who waits has the next one started, and otherwise nobody needs one.
            let builder = DynamicSupervisor::builder(Arc::clone(&name))
                .template(template.restart(Restart::Temporary))
                .max_children(at_most.saturating_add(1));
            let supervisor = builder.handle();
            spec = Some(builder);
            Inner {
                component: Name::from(&*name),
                name: Arc::clone(&name),
                config,
                idle_after,
                at_most,
                supervisor,
                slots: Slots::default(),
            }
        });
        // A configuration that is not allowed is to be known now.
        drop(inner.mailbox()?);
        let child = spec.map(Child::supervisor);
        let child = child.unwrap_or_else(|| unreachable!("it was made with the rest"));
        Ok((Workers { inner }, child))
    }
}
