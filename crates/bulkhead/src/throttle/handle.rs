//! The handle of a throttle.

use std::fmt;
use std::sync::Arc;

use seaworthy_core::classify::DefaultClassifier;
use seaworthy_core::component::{Component, Snapshot};
use seaworthy_core::event::Events;
use seaworthy_core::shard::Spread;
use seaworthy_core::{Classify, ConfigError, Rejected};

use super::builder::ThrottleBuilder;
use super::config::ThrottleConfig;
use super::future::ThrottleFuture;
use super::layer::ThrottleLayer;
use super::permit::ThrottlePermit;
use super::shared::Shared;
use super::view::ThrottleView;

/// Holds calls back on the side of the client, while the service turns too many of them away.
///
/// A service in overload spends work on saying no. A client that knows from the answers that it is sending too much
/// does both a favour if it does not send the call at all: the more the service turns away, the more calls are held
/// back, each by chance. What it goes by is the [rule](crate::ThrottleRule) of Google's book on site reliability, and
/// [`ThrottleConfig`] has the figures.
///
/// A cheap handle: clones are the same throttle. It goes in front of tower services as a [`layer`](Self::layer), of
/// futures by [`call`](Self::call), of anything by [`try_acquire`](Self::try_acquire). All of them share what it knows:
/// have one for each service that is called.
///
/// ```
/// use seaworthy_bulkhead::Throttle;
/// use seaworthy_core::{BoxError, Reason, Rejected};
/// use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let inventory = Throttle::builder("inventory").seed(1).build()?;
///
/// let mut client = ServiceBuilder::new()
///     .layer(inventory.layer())
///     // The service turns every call away: it has too much to do.
///     .service(service_fn(|_item: u32| async {
///         Err::<(), BoxError>(Rejected::new(Reason::QueueFull, "inventory").into())
///     }));
///
/// let mut held_back = 0;
/// for item in 0..1000 {
///     let error = client.ready().await?.call(item).await.unwrap_err();
///     let rejected = Rejected::find_in(error.as_ref()).expect("turned away, here or there");
///     held_back += u32::from(rejected.reason() == Reason::Throttled);
/// }
/// // Nine in ten, once there is enough to go by.
/// assert!((750..850).contains(&held_back), "{held_back}");
/// # Ok(())
/// # }
/// ```
///
/// # What it does not promise
///
/// When the overload is over, more and more calls are sent, as what is known of it leaves the window. If the clients had
/// wanted up to eight times what the service can take, and still do, all are sent again within one window; in any case
/// within little more than two, since what was held back counts as well.
///
/// An outcome counts for the window, less up to the length of a bucket. The chance is computed anew after 10 ms, and every
/// 64 calls of a thread.
///
/// # When not to use it
///
/// On the side of the server: there a [bulkhead](crate) turns away what is too much, by what it sees itself. Against a
/// service that is broken: that is what a circuit breaker is for; failures are accepted calls here. And it needs a service
/// that says when it has too much: one that only becomes slow is never seen to be in overload. There, limit the
/// concurrency.
#[derive(Clone)]
pub struct Throttle {
    shared: Spread<Shared>,
}

impl Throttle {
    /// Begins a throttle. Its name is shown in rejections, events, metrics and dashboards.
    pub fn builder(name: impl Into<Arc<str>>) -> ThrottleBuilder {
        ThrottleBuilder::new(name.into())
    }

    pub(crate) fn of(shared: Shared) -> Self {
        Self {
            shared: Spread::new(shared),
        }
    }

    pub(crate) fn shared(&self) -> &Spread<Shared> {
        &self.shared
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        self.shared.name()
    }

    /// A layer for tower services. Every service that this layer, its clones and other layers of this throttle are
    /// applied to shares the throttle.
    #[must_use]
    pub fn layer(&self) -> ThrottleLayer {
        ThrottleLayer::new(self.clone())
    }

    /// Lets one call through, or holds it back. Does not wait.
    ///
    /// # Errors
    ///
    /// [`Rejected`] with [`Reason::Throttled`](seaworthy_core::Reason::Throttled). It does not say when to come back:
    /// that is up to chance.
    #[inline]
    pub fn try_acquire(&self) -> Result<ThrottlePermit, Rejected> {
        let share = self.shared.share();
        if share.admits() {
            Ok(ThrottlePermit::new(share))
        } else {
            Err(share.refuse())
        }
    }

    /// Runs `future` unless the call is held back, which is found out when this is first polled. Only a rejection of
    /// ours that was not executed is overload.
    ///
    /// # Errors
    ///
    /// That of `future`, or [`Rejected`] as such an error.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops `future`, and nothing is counted.
    pub async fn call<F, T, E>(&self, future: F) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
        E: From<Rejected> + 'static,
    {
        self.call_with(DefaultClassifier::for_limit(), future).await
    }

    /// As [`call`](Self::call), with outcomes judged by `classify`.
    ///
    /// # Errors
    ///
    /// That of `future`, or [`Rejected`] as such an error.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops `future`, and nothing is counted.
    pub async fn call_with<F, T, E, C>(&self, classify: C, future: F) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
        E: From<Rejected>,
        C: Classify<T, E>,
    {
        let permit = self.try_acquire()?;
        ThrottleFuture::call(future, permit, classify).await
    }

    /// How it is.
    #[must_use]
    pub fn view(&self) -> ThrottleView {
        self.shared.view()
    }

    /// How it is, as dashboards show it.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Component::snapshot(&**self.shared.shared())
    }

    /// The configuration by which it goes.
    #[must_use]
    pub fn config(&self) -> ThrottleConfig {
        self.shared.config()
    }

    /// The bus on which it tells of [`ThrottleEvent`](crate::ThrottleEvent)s.
    #[must_use]
    pub fn events(&self) -> &Events {
        self.shared.events()
    }

    /// Goes by another configuration. What was counted still counts if window and buckets are the same, and is forgotten
    /// otherwise; the answer says whether it counts.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], if the configuration is not allowed; nothing has changed then.
    pub fn reconfigure(&self, config: ThrottleConfig) -> Result<bool, ConfigError> {
        self.shared.reconfigure(config)
    }
}

impl fmt::Debug for Throttle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Throttle")
            .field("name", self.name())
            .field("view", &self.view())
            .finish_non_exhaustive()
    }
}
