//! Making a service queue.

use std::fmt;
use std::hash::Hash;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use seaworthy_core::component::Registry;
use seaworthy_core::{ConfigError, Name};

use super::busy::Busy;
use super::slot::Pool;
use super::{Client, Mailbox, Message, Options, QueueLayer, Requests};
use crate::builder::QueueBuilder;
use crate::config::{Codel, Config, Order, Overload};
use crate::dropped::Dropped;

/// Begins a service queue. Its name is shown in rejections, metrics and dashboards.
pub fn builder<Req, Res, E>(name: impl Into<Arc<str>>) -> ServiceBuilder<Req, Res, E> {
    ServiceBuilder::new(name.into())
}

/// Makes a [`Client`] and its [`Requests`]. What is not set is as in [`Config`], except that a worker that hangs with a
/// request is not taken it away from.
#[must_use = "nothing is made before `build`"]
pub struct ServiceBuilder<Req, Res, E> {
    queue: QueueBuilder<Message<Req, Res, E>>,
    name: Arc<str>,
    config: Config,
    /// Of deliveries, which are of use to requests only if they may be served again.
    lease: Option<Duration>,
    attempts: Option<u32>,
    options: Options<Req>,
    concurrency: NonZeroUsize,
}

impl<Req, Res, E> ServiceBuilder<Req, Res, E> {
    fn new(name: Arc<str>) -> Self {
        Self {
            queue: QueueBuilder::new(Arc::clone(&name)),
            name,
            config: Config::default(),
            lease: None,
            attempts: None,
            options: Options { copier: None },
            concurrency: NonZeroUsize::MIN,
        }
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// How many requests one worker has under way at the same time. Default: 1.
    pub fn concurrency(mut self, calls: NonZeroUsize) -> Self {
        self.concurrency = calls;
        self
    }

    /// All of the configuration at once, but for what is said of deliveries: that is the matter of
    /// [`redeliver`](Self::redeliver) and [`lease`](Self::lease).
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// How many requests it holds at most, those under way with those that wait. Default: 1024.
    pub fn capacity(mut self, requests: usize) -> Self {
        self.config.capacity = requests;
        self
    }

    /// What becomes of a request for which there is no room. Default: the call waits.
    pub fn overload(mut self, overload: Overload) -> Self {
        self.config.overload = overload;
        self
    }

    /// Which request goes first. Default: the one that came first.
    pub fn order(mut self, order: Order) -> Self {
        self.config.order = order;
        self
    }

    /// Whose a request is, and that all have their turn: sets [`Order::Fair`].
    pub fn fair_by<K: Hash>(mut self, key: impl Fn(&Req) -> K + Send + Sync + 'static) -> Self {
        self.config.order = Order::Fair;
        self.queue = self
            .queue
            .fair_by(move |message| message.request.as_ref().map(&key));
        self
    }

    /// How important a request is: one of so many classes, of which 0 goes before all others. A class that is too high is
    /// the last one.
    pub fn classes(
        mut self,
        classes: u8,
        class: impl Fn(&Req) -> u8 + Send + Sync + 'static,
    ) -> Self {
        self.config.classes = classes;
        self.queue = self.queue.classes(classes, move |message| {
            message.request.as_ref().map_or(u8::MAX, &class)
        });
        self
    }

    /// Turns requests away that have waited for too long in a queue that does not become empty.
    pub fn codel(mut self, codel: Codel) -> Self {
        self.config.codel = Some(codel);
        self
    }

    /// A request that was not begun after this time is turned away when it is its turn:
    /// [`Reason::Expired`](seaworthy_core::Reason::Expired).
    pub fn useful_for(self, time: Duration) -> Self {
        self.useful_for_each(move |_| Some(time))
    }

    /// As [`useful_for`](Self::useful_for), for a time that is a matter of the request. `None`: for any time.
    pub fn useful_for_each(
        mut self,
        time: impl Fn(&Req) -> Option<Duration> + Send + Sync + 'static,
    ) -> Self {
        self.queue = self
            .queue
            .useful_for(move |message| message.request.as_ref().and_then(&time));
        self
    }

    /// A request whose worker crashes is served again, from a copy that this makes when it is begun: only for requests
    /// that may be executed more than once. After so many attempts its caller is told that the worker crashed.
    ///
    /// A panic counts as an attempt of the request that panicked, and of no other that was under way. If a worker is killed or
    /// cancelled, or its service is never ready again, nobody knows whose fault that is: it counts for all of them.
    pub fn redeliver(
        mut self,
        attempts: u32,
        copy: impl Fn(&Req) -> Req + Send + Sync + 'static,
    ) -> Self {
        self.attempts = Some(attempts);
        self.options.copier = Some(Arc::new(copy));
        self
    }

    /// A request that is [served again](Self::redeliver) is so as well if its worker has not answered after this time: it
    /// hangs, or is slow, and then two are at it. The first answer counts. Default: a worker may take any time.
    pub fn lease(mut self, time: Duration) -> Self {
        self.lease = Some(time);
        self
    }

    /// The registry in which dashboards find it. Default: that of the process.
    pub fn registry(mut self, registry: &Registry) -> Self {
        self.queue = self.queue.registry(registry);
        self
    }

    /// A layer that puts such a queue in front of a service, and a task that serves it.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], if the configuration is not allowed.
    pub fn layer(self) -> Result<QueueLayer<Req, Res, E>, ConfigError>
    where
        Req: Send + 'static,
        Res: Send + 'static,
        E: Send + 'static,
    {
        // Of no use to anybody, but what is wrong with it is known now.
        self.clone().registry(&Registry::new()).build()?;
        Ok(QueueLayer::new(self))
    }

    /// Makes the queue. As many clients and workers as need be are made by cloning.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], if the configuration is not allowed.
    #[expect(clippy::type_complexity, reason = "two ends, as of a channel")]
    pub fn build(self) -> Result<(Client<Req, Res, E>, Requests<Req, Res, E>), ConfigError>
    where
        Req: Send + 'static,
        Res: Send + 'static,
        E: Send + 'static,
    {
        let Self {
            queue,
            name,
            mut config,
            lease,
            attempts,
            options,
            concurrency,
        } = self;
        // A request that crashes its worker each time is of no use to anybody but its caller, who is told.
        config.deliveries.dead_letters = 0;
        config.deliveries.lease = lease;
        if let Some(attempts) = attempts {
            config.deliveries.max_attempts = attempts;
        }
        let allowed = "off: workers take what there is, and ask for nothing";
        ConfigError::unless(!config.on_demand, &name, "on_demand", "on", allowed)?;
        let most = config.capacity.min(1024);
        let component = Name::from(&*name);
        let queue = queue
            .config(config)
            .on_drop(move |dropped: Dropped<Message<Req, Res, E>>| {
                dropped.item.turn_away(dropped.why, component);
            });
        let queue = queue.build()?;
        let mailbox = Arc::new(Mailbox {
            shared: Arc::clone(queue.shared()),
            pool: Pool::new(most),
            options,
            busy: Busy::default(),
        });
        Ok((
            Client::new(Arc::clone(&mailbox)),
            Requests::new(mailbox).concurrency(concurrency),
        ))
    }
}

impl<Req, Res, E> Clone for ServiceBuilder<Req, Res, E> {
    fn clone(&self) -> Self {
        Self {
            queue: self.queue.clone(),
            name: Arc::clone(&self.name),
            config: self.config.clone(),
            lease: self.lease,
            attempts: self.attempts,
            options: self.options.clone(),
            concurrency: self.concurrency,
        }
    }
}

impl<Req, Res, E> fmt::Debug for ServiceBuilder<Req, Res, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceBuilder")
            .field("name", &self.name)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
