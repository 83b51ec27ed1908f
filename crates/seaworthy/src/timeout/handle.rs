//! The handle of a timeout.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use seaworthy_core::component::{Component, Snapshot};
use seaworthy_core::event::Events;
use seaworthy_core::reject::IntoError;
use seaworthy_core::request::Info;
use seaworthy_core::shard::Spread;
use seaworthy_core::{ConfigError, Rejected};

use super::builder::TimeoutBuilder;
use super::config::TimeoutConfig;
use super::directory;
use super::future::{Limit, TimeoutFuture};
use super::layer::TimeoutLayer;
use super::shared::Shared;
use super::view::TimeoutView;

/// How long calls of one kind may take.
///
/// A cheap handle: clones are the same timeout. It goes in front of tower services as a [`layer`](Self::layer), of futures
/// by [`call`](Self::call). The time can be [set](Self::set) while it is in use, and can be off.
///
/// See [the module](super) for an example, and for which time is counted.
#[derive(Clone)]
pub struct Timeout {
    shared: Spread<Shared>,
}

impl Timeout {
    /// Begins a timeout. Its name is shown in rejections, events, metrics and dashboards.
    pub fn builder(name: impl Into<Arc<str>>) -> TimeoutBuilder {
        TimeoutBuilder::new(name.into())
    }

    /// A call may take so long; the rest is as by default.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], if that is 0, or more than a day.
    pub fn new(name: impl Into<Arc<str>>, after: Duration) -> Result<Self, ConfigError> {
        Self::builder(name).after(after).build()
    }

    pub(crate) fn of(shared: Shared) -> Self {
        let shared = Spread::new(shared);
        directory::enter(shared.shared());
        Self { shared }
    }

    pub(crate) fn shared(&self) -> &Spread<Shared> {
        &self.shared
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        self.shared.text()
    }

    /// A layer for tower services. Every service that this layer, its clones and other layers of this timeout are applied
    /// to goes by the same time.
    #[must_use]
    pub fn layer(&self) -> TimeoutLayer {
        TimeoutLayer::new(self.clone())
    }

    /// Runs `future` for as long as it may take, counted from the first poll of this.
    ///
    /// # Errors
    ///
    /// That of `future`, or [`Rejected`] as such an error: [`TimedOut`](seaworthy_core::Reason::TimedOut). `future` is
    /// dropped by then.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops `future`.
    pub async fn call<F, T, E>(&self, future: F) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
        E: From<Rejected>,
    {
        self.call_with(Info::new(), future).await
    }

    /// As [`call`](Self::call), and no longer than until the deadline of which `info` knows. If that has passed, `future` is
    /// dropped at once.
    ///
    /// # Errors
    ///
    /// That of `future`, or [`Rejected`] as such an error: [`TimedOut`](seaworthy_core::Reason::TimedOut), or
    /// [`Expired`](seaworthy_core::Reason::Expired). `future` is dropped by then.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops `future`.
    pub async fn call_with<F, T, E>(&self, info: Info, future: F) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
        E: From<Rejected>,
    {
        let limit = Limit::begin(&self.shared, info)?;
        TimeoutFuture::call(future, limit, IntoError).await
    }

    /// Calls that begin from now on may take so long: above 0, at most a day. `None`: as long as they like. Whether that
    /// is another time than before.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], if that is not allowed; nothing has changed then.
    pub fn set(&self, after: impl Into<Option<Duration>>) -> Result<bool, ConfigError> {
        let after = after.into();
        self.reconfigure(&TimeoutConfig { after })
    }

    /// Goes by another configuration, for calls that begin from now on. Whether that is another one than before.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], if that is not allowed; nothing has changed then.
    pub fn reconfigure(&self, config: &TimeoutConfig) -> Result<bool, ConfigError> {
        config.check(self.name())?;
        Ok(self.shared.set(config.after))
    }

    /// The configuration by which it goes.
    #[must_use]
    pub fn config(&self) -> TimeoutConfig {
        TimeoutConfig {
            after: self.shared.after(),
        }
    }

    /// How it is.
    #[must_use]
    pub fn view(&self) -> TimeoutView {
        self.shared.view()
    }

    /// How it is, as dashboards show it.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Component::snapshot(&**self.shared.shared())
    }

    /// The bus on which it tells of [`TimeoutEvent`](super::TimeoutEvent)s.
    #[must_use]
    pub fn events(&self) -> &Events {
        self.shared.events()
    }
}

impl fmt::Debug for Timeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeout")
            .field("name", self.name())
            .field("view", &self.view())
            .finish_non_exhaustive()
    }
}
