//! Making workers by key.

use std::hash::Hash;
use std::sync::{Arc, Weak};
use std::time::Duration;

use seaworthy_core::{BoxError, ConfigError, Name, Rejected};
use seaworthy_queue::Config;
use seaworthy_supervisor::{Child, Context, DynamicSupervisor, Restart};
use tower_service::Service;

use super::life::live;
use super::slots::Slots;
use super::start::Birth;
use super::{Inner, Workers};

/// Makes [`Workers`].
#[derive(Clone, Debug)]
#[must_use = "nothing is made before `build`"]
pub struct WorkersBuilder {
    name: Arc<str>,
    config: Config,
    idle_after: Duration,
    build_within: Option<Duration>,
    at_most: usize,
    evicts: bool,
}

impl WorkersBuilder {
    pub(super) fn new(name: Arc<str>) -> Self {
        Self {
            name,
            config: Config::default(),
            idle_after: Duration::from_secs(60),
            build_within: Some(Duration::from_secs(30)),
            at_most: 10_000,
            evicts: false,
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

    /// How long the service of a key may take to be built: above 0, or `None` for as long as it likes. Default: 30 s.
    pub fn build_within(mut self, time: impl Into<Option<Duration>>) -> Self {
        self.build_within = time.into();
        self
    }

    /// How many keys may have callers or a worker at the same time: at least 1. Default: 10,000.
    pub fn at_most(mut self, workers: usize) -> Self {
        self.at_most = workers;
        self
    }

    /// If there are as many as may be, the one that nobody has called for longest goes to sleep, and its place is taken by
    /// the new one when it is gone: one that is still being built is gone at once, one that is at a request whose caller has
    /// given up when that is done. Default: false, the new one is turned away.
    pub fn evict_idle(mut self, evict: bool) -> Self {
        self.evicts = evict;
        self
    }

    /// The workers, and their supervisor as a child for a tree: before that is started, whoever calls is told that they
    /// are [restarting](seaworthy_core::Reason::Restarting).
    ///
    /// `factory` builds the service of a key, whenever a worker starts: those of different keys at the same time. In
    /// pictures of the tree a worker is a number, unless the factory gives it a name:
    /// [`cx.show_as(..)`](Context::show_as).
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
            build_within,
            at_most,
            evicts,
        } = self;
        let times = [
            ("idle_after", Some(idle_after)),
            ("build_within", build_within),
        ];
        for (field, time) in times {
            let time = time.unwrap_or(Duration::MAX);
            let value = format_args!("{time:?}");
            ConfigError::unless(!time.is_zero(), &name, field, value, "above 0 s")?;
        }
        ConfigError::unless(at_most > 0, &name, "at_most", at_most, "at least 1")?;
        let factory = Arc::new(factory);
        let mut spec = None;
        let inner = Arc::new_cyclic(|inner: &Weak<Inner<K, Req, Res, E>>| {
            let weak = Weak::clone(inner);
            let template = Child::template(move |cx: Context, birth: Arc<Birth<K>>| {
                let factory = Arc::clone(&factory);
                // Not in a first phase, for which a supervisor waits: nobody is to wait for the worker of another key.
                live(Weak::clone(&weak), birth, cx, move |key, cx| {
                    factory(key, cx)
                })
            });
            // A crash costs a request each time: who waits has the next one started, and otherwise nobody needs one.
            let builder = DynamicSupervisor::builder(Arc::clone(&name))
                .template(template.restart(Restart::Temporary))
                // It is the slots that are limited: one that is free may be so a moment before its child is forgotten.
                .max_children(usize::MAX);
            let supervisor = builder.handle();
            spec = Some(builder);
            let component = Name::from(&*name);
            Inner {
                me: Weak::clone(inner),
                component,
                name: Arc::clone(&name),
                config,
                idle_after,
                build_within,
                supervisor,
                slots: Slots::new(component, at_most, evicts),
            }
        });
        // A configuration that is not allowed is to be known now.
        drop(inner.mailbox()?);
        let child = spec.map(Child::supervisor);
        let child = child.unwrap_or_else(|| unreachable!("it was made with the rest"));
        Ok((Workers { inner }, child))
    }
}
