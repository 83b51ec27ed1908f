//! Going by another configuration.

use std::fmt;
use std::sync::Arc;

use seaworthy_circuit_breaker::{CircuitBreaker, Control};
use seaworthy_core::ConfigError;
use seaworthy_fallback::Fallback;

use super::config::Config;
use super::course::Course;
use super::handle::Shared;

/// A stack without the types of its rules and its fallback, to be kept in a struct: by whoever reads the file again in
/// which its configuration is. Made by [`Stack::handle`](super::Stack::handle).
///
/// The stages, such as the [breaker](super::Stack::circuit_breaker), are handles of their own, and can be kept as they are.
///
/// ```
/// use seaworthy::stack::{Config, StackHandle};
///
/// struct Settings { stock: StackHandle }
///
/// let stock = seaworthy::stack("stock").fallback(|it| it.value(0)).build()?;
/// let settings = Settings { stock: stock.handle() };
///
/// let mut config = settings.stock.config();
/// config.bulkhead = None;
/// settings.stock.reconfigure(config)?;
/// assert_eq!(stock.config().bulkhead, None);
/// # Ok::<(), seaworthy::core::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct StackHandle {
    shared: Arc<Shared>,
    fallback: Arc<dyn Reconfigure + Send + Sync>,
}

impl StackHandle {
    pub(super) fn new<T, H, L>(shared: &Arc<Shared>, fallback: Fallback<T, H, L>) -> Self
    where
        T: Send + Sync + 'static,
        H: Send + Sync + 'static,
        L: Send + Sync + 'static,
    {
        Self {
            shared: Arc::clone(shared),
            fallback: Arc::new(fallback),
        }
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.shared.name
    }

    /// As [`Stack::config`](super::Stack::config).
    #[must_use]
    pub fn config(&self) -> Config {
        self.shared.config()
    }

    /// As [`Stack::reconfigure`](super::Stack::reconfigure).
    ///
    /// # Errors
    ///
    /// [`ConfigError`], if the configuration is not allowed; nothing has changed then.
    pub fn reconfigure(&self, config: Config) -> Result<(), ConfigError> {
        self.shared.reconfigure(config, &*self.fallback)
    }
}

/// A fallback, whatever its strategies.
pub(super) trait Reconfigure {
    fn reconfigure(&self, config: &seaworthy_fallback::Config) -> Result<(), ConfigError>;
}

impl<T, H, L> Reconfigure for Fallback<T, H, L> {
    fn reconfigure(&self, config: &seaworthy_fallback::Config) -> Result<(), ConfigError> {
        Self::reconfigure(self, config).map(drop)
    }
}

impl Shared {
    pub(super) fn config(&self) -> Config {
        self.course.with(|it| it.told.clone())
    }

    pub(super) fn reconfigure(
        &self,
        config: Config,
        fallback: &dyn Reconfigure,
    ) -> Result<(), ConfigError> {
        config.check(&self.name)?;
        self.course.with(|it| it.told = config);
        let mut outcome = Ok(());
        self.course.run(Course::turn, |(from, to)| {
            outcome = self.turn(&from, &to, fallback);
        });
        outcome
    }

    /// Both have been checked.
    fn turn(
        &self,
        current: &Config,
        config: &Config,
        fallback: &dyn Reconfigure,
    ) -> Result<(), ConfigError> {
        if config.bulkhead() != current.bulkhead() {
            self.bulkhead.reconfigure(config.bulkhead())?;
        }
        if config.total_timeout != current.total_timeout {
            self.total.set(config.total_timeout)?;
        }
        if config.attempt_timeout != current.attempt_timeout {
            self.attempt.set(config.attempt_timeout)?;
        }
        if config.retry() != current.retry() {
            self.retry.reconfigure(config.retry())?;
        }
        if config.breaker() != current.breaker() {
            // What becomes of the evidence is in its events.
            let _ = self.breaker.reconfigure(config.breaker())?;
        }
        match (&current.circuit_breaker, &config.circuit_breaker) {
            (Some(_), None) => self.breaker.disable(),
            (None, Some(_)) => close(&self.breaker),
            _ => {}
        }
        let answering = config.fallback(self.has_fallback);
        if answering != current.fallback(self.has_fallback) {
            fallback.reconfigure(&answering)?;
        }
        Ok(())
    }
}

fn close(breaker: &CircuitBreaker) {
    // It may be closed already, if somebody has told it so.
    let _ = breaker.control(Control::Close);
}

impl fmt::Debug for StackHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StackHandle").field(self.name()).finish()
    }
}
