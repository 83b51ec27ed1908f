//! The handle of retries.

use std::fmt;
use std::sync::Arc;

use seaworthy_core::ConfigError;
use seaworthy_core::component::{Component, Snapshot};
use seaworthy_core::event::Events;
use seaworthy_core::request::Info;
use seaworthy_core::shard::Spread;
use tokio::time::sleep_until;

use super::builder::RetryBuilder;
use super::config::RetryConfig;
use super::judge::{ByVerdict, Judge};
use super::layer::RetryLayer;
use super::session::Session;
use super::shared::Shared;
use super::view::RetryView;

/// Tries calls of one kind again.
///
/// A cheap handle: clones share the budget and the configuration, which can be [changed](Self::reconfigure) while it is in
/// use. It goes in front of tower services as a [`layer`](Self::layer), of anything else by [`call`](Self::call).
///
/// See [the module](super) for an example, and for what is tried again.
#[derive(Clone)]
pub struct Retry {
    shared: Spread<Shared>,
}

impl Retry {
    /// Begins one. Its name is shown in events, metrics and dashboards.
    pub fn builder(name: impl Into<Arc<str>>) -> RetryBuilder {
        RetryBuilder::new(name.into())
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

    /// A layer for tower services. Every service that this layer, its clones and other layers of this are applied to goes
    /// by the same configuration and shares the budget.
    #[must_use]
    pub fn layer(&self) -> RetryLayer {
        RetryLayer::new(self.clone())
    }

    /// Makes a call, and makes it again if need be. `attempt` gets the number of the attempt, 1 for the first.
    ///
    /// An async closure does, as long as it changes nothing that it captures; of all others no bound can say that their
    /// futures are `Send`.
    ///
    /// `info` says whether it may be made again if it may have been executed, and until when.
    ///
    /// ```
    /// use seaworthy::core::BoxError;
    /// use seaworthy::core::request::Info;
    /// use seaworthy::retry::Retry;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), BoxError> {
    /// let stock = Retry::builder("stock").build()?;
    /// let info = Info::new().with_idempotent(true);
    /// let left = stock.call(info, async |attempt| match attempt {
    ///     1 => Err::<u32, BoxError>("connection reset".into()),
    ///     _ => Ok(12),
    /// });
    /// assert_eq!(left.await?, 12);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// That of the last attempt.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the attempt that is under way, and no other is made. One that was waited for gives back what it
    /// took from the budget.
    pub async fn call<F, Fut, T, E>(&self, info: Info, attempt: F) -> Result<T, E>
    where
        F: FnMut(u32) -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: 'static,
    {
        self.call_with(ByVerdict::default(), info, attempt).await
    }

    /// As [`call`](Self::call), with outcomes judged by `judge`.
    ///
    /// # Errors
    ///
    /// That of the last attempt.
    ///
    /// # Cancel safety
    ///
    /// As that of [`call`](Self::call).
    pub async fn call_with<J, F, Fut, T, E>(
        &self,
        judge: J,
        info: Info,
        mut attempt: F,
    ) -> Result<T, E>
    where
        J: Judge<T, E>,
        F: FnMut(u32) -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let Some(mut session) = Session::begin(&self.shared, || self.shared.share()) else {
            return attempt(1).await;
        };
        loop {
            let outcome = attempt(session.attempt()).await;
            let judgement = judge.judge(outcome.as_ref());
            let Some(begins) = session.ended(judgement, || (info, true)) else {
                return outcome;
            };
            // What the last attempt has left behind does not stay while the next is waited for.
            drop(outcome);
            sleep_until(begins).await;
            session.retries();
        }
    }

    /// How it is.
    #[must_use]
    pub fn view(&self) -> RetryView {
        self.shared.view()
    }

    /// How it is, as dashboards show it.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Component::snapshot(&**self.shared.shared())
    }

    /// The configuration by which it goes.
    #[must_use]
    pub fn config(&self) -> RetryConfig {
        self.shared.config()
    }

    /// The bus on which it tells of [`RetryEvent`](super::RetryEvent)s.
    #[must_use]
    pub fn events(&self) -> &Events {
        self.shared.events()
    }

    /// Goes by another configuration. Calls under way keep the number of attempts with which they began, and go by the new
    /// one in all else. What is in the budget stays there, as far as there is room. Whether that is another configuration
    /// than before.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], if the configuration is not allowed; nothing has changed then.
    pub fn reconfigure(&self, config: RetryConfig) -> Result<bool, ConfigError> {
        self.shared.reconfigure(config)
    }
}

impl fmt::Debug for Retry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retry")
            .field("name", self.name())
            .field("view", &self.view())
            .finish_non_exhaustive()
    }
}
