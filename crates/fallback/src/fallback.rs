//! The handle of a fallback.

use std::fmt;
use std::sync::Arc;

use seaworthy_core::ConfigError;
use seaworthy_core::component::{Component, Snapshot};
use seaworthy_core::event::Events;
use seaworthy_core::shard::Spread;

use crate::answer::Degraded;
use crate::builder::FallbackBuilder;
use crate::config::Config;
use crate::desk::{Desk, View};
use crate::future::ResponseFuture;
use crate::handle::{Errors, Handle};
use crate::last_word::{LastWord, Primary};
use crate::layer::FallbackLayer;
use crate::panics::Propagate;
use crate::provenance::{Plain, Provenance, WithSource};
use crate::shared::Shared;
use crate::strategy::{Nothing, Strategy};

/// Answers when the service has not.
///
/// A cheap handle: clones are the same fallback. It goes around tower services as a [`layer`](Self::layer), and around
/// futures by [`call`](Self::call) and [`call_for`](Self::call_for).
///
/// # When not to use it
///
/// Where a wrong answer is worse than none. And not to hide that something is broken: whoever gets these answers should be
/// able to [tell](FallbackLayer::with_source), and so should you: it [counts](Self::view) them, shows itself as degraded, and
/// tells in its [events](Self::events) when it begins.
pub struct Fallback<T, H = Errors, L = Primary> {
    shared: Spread<Shared<T, H, L>>,
}

impl Fallback<Nothing> {
    /// Begins a fallback. Its name is shown in events, metrics and dashboards.
    pub fn builder(name: impl Into<Arc<str>>) -> FallbackBuilder {
        FallbackBuilder::new(name.into())
    }
}

impl<T, H, L> Fallback<T, H, L> {
    pub(crate) fn of(shared: Shared<T, H, L>) -> Self {
        Self {
            shared: Spread::new(shared),
        }
    }

    pub(crate) fn shared(&self) -> &Spread<Shared<T, H, L>> {
        &self.shared
    }

    fn desk(&self) -> &Desk {
        &self.shared.desk
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        self.desk().name().text()
    }

    /// A layer for tower services. Every service that this layer, its clones and other layers of this fallback are
    /// applied to shares the fallback.
    #[must_use]
    pub fn layer(&self) -> FallbackLayer<T, H, L> {
        FallbackLayer::new(self.clone())
    }

    /// Runs `future`, and answers if that does not. For strategies that need to know nothing of a request.
    ///
    /// # Errors
    ///
    /// That of `future`, if no strategy has an answer either, or what the fallback was told to make of both.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops `future`, or the fallback that is under way.
    pub async fn call<F, Res, Err>(&self, future: F) -> Result<Res, Err>
    where
        F: Future<Output = Result<Res, Err>>,
        T: Strategy<(), Res, Err>,
        H: Handle<Res, Err>,
        L: LastWord<Res, Err>,
    {
        self.answered(&(), future, Plain).await
    }

    /// Runs `future`, which is to answer `request`, and answers if that does not.
    ///
    /// If `future` need not run, since the [last good answer](crate::LastGood) is to be
    /// [asked for by one call at a time](crate::LastGoodBuilder::one_at_a_time) and another one does, it is dropped.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops `future`, or the fallback that is under way.
    pub async fn call_for<F, Req, Res, Err>(&self, request: &Req, future: F) -> Result<Res, Err>
    where
        F: Future<Output = Result<Res, Err>>,
        T: Strategy<Req, Res, Err>,
        H: Handle<Res, Err>,
        L: LastWord<Res, Err>,
    {
        self.answered(request, future, Plain).await
    }

    /// As [`call_for`](Self::call_for), with who has answered.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops `future`, or the fallback that is under way.
    pub async fn call_with_source<F, Req, Res, Err>(
        &self,
        request: &Req,
        future: F,
    ) -> Result<Degraded<Res, Err>, Err>
    where
        F: Future<Output = Result<Res, Err>>,
        T: Strategy<Req, Res, Err>,
        H: Handle<Res, Err>,
        L: LastWord<Res, Err>,
    {
        self.answered(request, future, WithSource).await
    }

    fn answered<F, Req, Res, Err, P>(
        &self,
        request: &Req,
        future: F,
        provenance: P,
    ) -> impl Future<Output = Result<P::Response, Err>>
    where
        F: Future<Output = Result<Res, Err>>,
        T: Strategy<Req, Res, Err>,
        H: Handle<Res, Err>,
        L: LastWord<Res, Err>,
        P: Provenance<Res, Err>,
    {
        let (share, options) = (self.shared.share(), (provenance, Propagate));
        let kept = share.strategies.keep(request);
        match share.strategies.instead(&kept, &share.desk) {
            Some(answer) => ResponseFuture::instead(answer, share, options),
            None => ResponseFuture::primary(future, kept, share, options),
        }
    }

    /// How it is configured.
    #[must_use]
    pub fn config(&self) -> Config {
        self.desk().config()
    }

    /// Goes by another configuration from now on. Fallbacks under way go on, also if there may be fewer.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], if the configuration is not allowed; nothing has changed then.
    pub fn reconfigure(&self, config: &Config) -> Result<(), ConfigError> {
        config.check(self.name())?;
        self.desk().reconfigure(config);
        Ok(())
    }

    /// Answers no more, until it is told to: what the service comes to goes through as it is.
    pub fn disable(&self) {
        self.switch(false);
    }

    /// Answers again.
    pub fn enable(&self) {
        self.switch(true);
    }

    fn switch(&self, enabled: bool) {
        let mut config = self.config();
        config.enabled = enabled;
        self.desk().reconfigure(&config);
    }

    /// What it has done so far.
    #[must_use]
    pub fn view(&self) -> View {
        self.desk().view()
    }

    /// The same as dashboards see it.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.desk().snapshot()
    }

    /// Where it tells what happens.
    #[must_use]
    pub fn events(&self) -> &Events {
        self.desk().events()
    }
}

impl<T, H, L> Clone for Fallback<T, H, L> {
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
        }
    }
}

impl<T, H, L> fmt::Debug for Fallback<T, H, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Fallback").field(self.name()).finish()
    }
}
