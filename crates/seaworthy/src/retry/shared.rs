//! What the handles of a [`Retry`](super::Retry) share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use seaworthy_core::ConfigError;
use seaworthy_core::component::{Component, Snapshot};
use seaworthy_core::event::{Events, Severity};
use seaworthy_core::sync::Lock;

use super::budget::Bucket;
use super::config::RetryConfig;
use super::event::RetryEvent;
use super::given_up::GivenUp;
use super::metrics::Metrics;
use super::view::{self, RetryView};
use crate::quiet::Quiet;

pub(crate) struct Shared {
    name: Arc<str>,
    /// As in the configuration: what each call asks for has no lock.
    attempts: AtomicU32,
    bucket: Bucket,
    config: Lock<RetryConfig>,
    retries: AtomicU64,
    recovered: AtomicU64,
    given_up: [(AtomicU64, Quiet); GivenUp::ALL.len()],
    metrics: Metrics,
    events: Events,
}

impl Shared {
    pub(crate) fn new(name: Arc<str>, config: RetryConfig, events: Events) -> Self {
        let metrics = Metrics::new(&name);
        Self {
            name,
            attempts: AtomicU32::new(config.attempts),
            bucket: Bucket::new(config.budget),
            config: Lock::new(config),
            retries: AtomicU64::new(0),
            recovered: AtomicU64::new(0),
            given_up: Default::default(),
            metrics,
            events,
        }
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub(crate) fn events(&self) -> &Events {
        &self.events
    }

    pub(crate) fn bucket(&self) -> &Bucket {
        &self.bucket
    }

    /// How often a call is tried at most.
    #[inline]
    pub(crate) fn attempts(&self) -> u32 {
        self.attempts.load(Ordering::Relaxed)
    }

    pub(crate) fn config(&self) -> RetryConfig {
        self.config.lock().clone()
    }

    /// Goes by another configuration. Whether that is another one than before.
    pub(crate) fn reconfigure(&self, config: RetryConfig) -> Result<bool, ConfigError> {
        config.check(&self.name)?;
        {
            let mut current = self.config.lock();
            if *current == config {
                return Ok(false);
            }
            if current.budget != config.budget {
                self.bucket.set(config.budget);
            }
            self.attempts.store(config.attempts, Ordering::Relaxed);
            *current = config;
        }
        self.tell(Severity::Info, RetryEvent::Reconfigured);
        Ok(true)
    }

    /// One more attempt is made.
    pub(crate) fn retried(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
        self.metrics.retried();
    }

    /// A call got an answer after a retry.
    #[cold]
    pub(crate) fn recovered(&self) {
        self.recovered.fetch_add(1, Ordering::Relaxed);
        self.metrics.recovered();
    }

    /// A call without an answer is not tried again.
    #[cold]
    pub(crate) fn given_up(&self, reason: GivenUp) {
        let (calls, quiet) = &self.given_up[reason as usize];
        let calls = calls.fetch_add(1, Ordering::Relaxed) + 1;
        self.metrics.given_up(reason);
        if quiet.may_tell() {
            self.tell(Severity::Warning, RetryEvent::GivesUp { reason, calls });
        }
    }

    fn tell(&self, severity: Severity, event: RetryEvent) {
        self.events.emit(&self.name, severity, event);
        self.log(severity, event);
    }

    #[cfg(feature = "tracing")]
    fn log(&self, severity: Severity, event: RetryEvent) {
        let retry = &self.name;
        // A subscriber that panics harms nobody else.
        let _ = seaworthy_core::panic::catch(|| match severity {
            Severity::Info => tracing::info!(%retry, "retry: {event}"),
            _ => tracing::warn!(%retry, "retry: {event}"),
        });
    }

    #[cfg(not(feature = "tracing"))]
    fn log(&self, _severity: Severity, _event: RetryEvent) {}

    pub(crate) fn view(&self) -> RetryView {
        let given_up = GivenUp::ALL.map(|reason| {
            let (calls, _) = &self.given_up[reason as usize];
            calls.load(Ordering::Relaxed)
        });
        RetryView {
            attempts: self.attempts(),
            budget: self.bucket.tokens(),
            retries: self.retries.load(Ordering::Relaxed),
            recovered: self.recovered.load(Ordering::Relaxed),
            given_up,
        }
    }
}

impl Component for Shared {
    fn snapshot(&self) -> Snapshot {
        view::snapshot(&self.name, &self.view())
    }
}
