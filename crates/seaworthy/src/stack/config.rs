//! How a stack goes about its work: plain data, for all of its stages at once.

use std::sync::Arc;
use std::time::Duration;

use seaworthy_bulkhead::Limit;
use seaworthy_core::ConfigError;
use seaworthy_core::component::Registry;

use super::handle::Stack;
use crate::retry::RetryConfig;

/// How the stages of a [`Stack`](super::Stack) go about their work. Each can be off: `None`, which is `off` in a file.
///
/// Plain data, with sensible defaults. What does not fit together is refused when a stack is made of it, with the name of
/// the field, its value and what is allowed.
///
/// ```
/// # #[cfg(feature = "serde")] {
/// use std::time::Duration;
/// use seaworthy::stack::{Config, Stack};
///
/// let config: Config = toml::from_str(r#"
///     total_timeout = "3s"
///     attempt_timeout = "800ms"
///     bulkhead = "off"
///
///     [retry]
///     attempts = 2
///
///     [circuit_breaker]
///     failure_rate = 0.3
/// "#).unwrap();
/// assert_eq!(config.attempt_timeout, Some(Duration::from_millis(800)));
/// let prices = Stack::builder("prices").config(config).build().unwrap();
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct Config {
    /// The fallback, of which the strategies are code: without any it is off, whatever this says. Default: on.
    #[cfg_attr(feature = "serde", serde(with = "seaworthy_core::off"))]
    pub fallback: Option<seaworthy_fallback::Config>,
    /// How many calls there may be at once, waiting for another attempt among them. Without partitions: a stack is for one
    /// class of calls. Off, it counts them, and turns none away below a million. Default: 1000, and nobody waits.
    #[cfg_attr(feature = "serde", serde(with = "seaworthy_core::off"))]
    pub bulkhead: Option<seaworthy_bulkhead::Config>,
    /// How long a call may take with all of its attempts, without the time for which it waits for its place. Above 0, at
    /// most a day. Default: 30 s.
    #[cfg_attr(feature = "serde", serde(with = "seaworthy_core::off::duration"))]
    pub total_timeout: Option<Duration>,
    /// How often a call is tried. No attempt begins after `total_timeout`. Default: [`RetryConfig`].
    #[cfg_attr(feature = "serde", serde(with = "seaworthy_core::off"))]
    pub retry: Option<RetryConfig>,
    /// When the service is not called any more for a while. A trial of whether it is well again keeps its place for a second
    /// longer than an attempt may take, which is `total_timeout` if `attempt_timeout` is off, or for longer. Default: that
    /// of the breaker.
    #[cfg_attr(feature = "serde", serde(with = "seaworthy_core::off"))]
    pub circuit_breaker: Option<seaworthy_circuit_breaker::Config>,
    /// How long one attempt may take: what takes longer is a failure for the breaker. Above 0, at most `total_timeout`.
    /// Default: 10 s.
    #[cfg_attr(feature = "serde", serde(with = "seaworthy_core::off::duration"))]
    pub attempt_timeout: Option<Duration>,
}

/// How much longer a trial of the breaker keeps its place at least than an attempt may take.
const LEASE_BEYOND: Duration = Duration::from_secs(1);

/// More than there ever are.
const UNLIMITED: u32 = 1_000_000;

impl Default for Config {
    fn default() -> Self {
        let mut bulkhead = seaworthy_bulkhead::Config::default();
        bulkhead.limit = Limit::from(1000);
        Self {
            fallback: Some(seaworthy_fallback::Config::default()),
            bulkhead: Some(bulkhead),
            total_timeout: Some(Duration::from_secs(30)),
            retry: Some(RetryConfig::default()),
            circuit_breaker: Some(seaworthy_circuit_breaker::Config::default()),
            attempt_timeout: Some(Duration::from_secs(10)),
        }
    }
}

impl Config {
    /// Everything off: to switch on what is needed.
    #[must_use]
    pub fn off() -> Self {
        Self {
            fallback: None,
            bulkhead: None,
            total_timeout: None,
            retry: None,
            circuit_breaker: None,
            attempt_timeout: None,
        }
    }

    pub(super) fn bulkhead(&self) -> seaworthy_bulkhead::Config {
        self.bulkhead.clone().unwrap_or_else(|| {
            let mut off = seaworthy_bulkhead::Config::default();
            off.limit = Limit::from(UNLIMITED);
            off
        })
    }

    pub(super) fn breaker(&self) -> seaworthy_circuit_breaker::Config {
        let mut config = self.circuit_breaker.clone().unwrap_or_default();
        let longest = self.attempt_timeout.or(self.total_timeout);
        if let (Some(lease), Some(attempt)) = (&mut config.half_open.lease, longest) {
            // A trial is not given up while its attempt may go on.
            *lease = (*lease).max(attempt.saturating_add(LEASE_BEYOND));
        }
        config
    }

    pub(super) fn retry(&self) -> RetryConfig {
        let Some(mut retry) = self.retry.clone() else {
            return RetryConfig {
                attempts: 1,
                ..RetryConfig::default()
            };
        };
        // Whoever is timed out by then need not begin.
        let bounds = retry.within.into_iter().chain(self.total_timeout);
        retry.within = bounds.min();
        retry
    }

    pub(super) fn fallback(&self, has_strategies: bool) -> seaworthy_fallback::Config {
        let mut config = self.fallback.clone().unwrap_or_default();
        config.enabled &= self.fallback.is_some() && has_strategies;
        config
    }

    /// Whether the stages of a stack of this name fit together. What each may be, it says itself when it is made.
    pub(super) fn fits_together(&self, name: &Arc<str>) -> Result<(), ConfigError> {
        let classes = self.bulkhead().partitions.len();
        let allowed = "none: a stack is for one class of calls";
        ConfigError::unless(classes == 0, name, "bulkhead.partitions", classes, allowed)?;
        if let (Some(attempt), Some(total)) = (self.attempt_timeout, self.total_timeout) {
            let (value, allowed) = (format_args!("{attempt:?}"), "at most `total_timeout`");
            ConfigError::unless(attempt <= total, name, "attempt_timeout", value, allowed)?;
        }
        Ok(())
    }

    /// Whether a stack of this name may be so: by making one for nobody to see.
    pub(super) fn check(&self, name: &Arc<str>) -> Result<(), ConfigError> {
        let mut config = self.clone();
        // To switch it off would be told.
        config.circuit_breaker = Some(self.breaker());
        let unseen = Stack::builder(Arc::clone(name)).config(config);
        unseen.registry(&Registry::new()).build().map(drop)
    }
}

/// What those stages are called of which there is more than one.
pub(super) struct Names {
    pub(super) total: Arc<str>,
    pub(super) attempt: Arc<str>,
}

impl Names {
    pub(super) fn of(stack: &Arc<str>) -> Self {
        Self {
            total: format!("{stack}/total").into(),
            attempt: format!("{stack}/attempt").into(),
        }
    }
}
