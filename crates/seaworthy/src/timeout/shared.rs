//! What the handles of a timeout share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use seaworthy_core::component::{Component, Snapshot};
use seaworthy_core::event::{Events, Severity};
use seaworthy_core::name::Kept;
use seaworthy_core::{Name, Reason, Rejected};

use super::config::TimeoutConfig;
use super::directory;
use super::event::TimeoutEvent;
use super::metrics::Metrics;
use super::view::{self, TimeoutView};
use crate::quiet::Quiet;

/// In place of the nanoseconds of a timeout that is off: no day has as many.
const OFF: u64 = u64::MAX;

pub(crate) struct Shared {
    name: Kept,
    number: u64,
    after: AtomicU64,
    timed_out: AtomicU64,
    expired: AtomicU64,
    timed_out_told: Quiet,
    expired_told: Quiet,
    metrics: Metrics,
    events: Events,
}

impl Shared {
    pub(crate) fn new(name: Arc<str>, config: &TimeoutConfig, events: Events) -> Self {
        let metrics = Metrics::new(&name);
        Self {
            name: Kept::new(name),
            number: directory::number(),
            after: AtomicU64::new(nanos(config.after)),
            timed_out: AtomicU64::new(0),
            expired: AtomicU64::new(0),
            timed_out_told: Quiet::default(),
            expired_told: Quiet::default(),
            metrics,
            events,
        }
    }

    pub(crate) fn text(&self) -> &Arc<str> {
        self.name.text()
    }

    pub(crate) fn name(&self) -> Name {
        self.name.name()
    }

    /// By which the directory knows it.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    pub(crate) fn events(&self) -> &Events {
        &self.events
    }

    /// How long a call may take that begins now.
    #[inline]
    pub(crate) fn after(&self) -> Option<Duration> {
        time(self.after.load(Ordering::Relaxed))
    }

    /// The configuration has been checked. Whether anything has changed.
    pub(crate) fn set(&self, to: Option<Duration>) -> bool {
        let from = time(self.after.swap(nanos(to), Ordering::Relaxed));
        if from == to {
            return false;
        }
        self.tell(Severity::Info, TimeoutEvent::Set { from, to });
        true
    }

    /// A call got no answer in time.
    #[cold]
    pub(crate) fn timed_out(&self) {
        let timed_out = self.timed_out.fetch_add(1, Ordering::Relaxed) + 1;
        self.metrics.timed_out();
        if self.timed_out_told.may_tell() {
            self.tell(Severity::Warning, TimeoutEvent::TimedOut { timed_out });
        }
    }

    /// A call came after its own deadline.
    #[cold]
    pub(crate) fn expire(&self) -> Rejected {
        let expired = self.expired.fetch_add(1, Ordering::Relaxed) + 1;
        self.metrics.expired();
        if self.expired_told.may_tell() {
            self.tell(Severity::Warning, TimeoutEvent::Expired { expired });
        }
        Rejected::new(Reason::Expired, self.name())
    }

    fn tell(&self, severity: Severity, event: TimeoutEvent) {
        self.events.emit(self.text(), severity, event);
        self.log(severity, event);
    }

    #[cfg(feature = "tracing")]
    fn log(&self, severity: Severity, event: TimeoutEvent) {
        let timeout = self.text();
        // A subscriber that panics harms nobody else.
        let _ = seaworthy_core::panic::catch(|| match severity {
            Severity::Info => tracing::info!(%timeout, "timeout: {event}"),
            _ => tracing::warn!(%timeout, "timeout: {event}"),
        });
    }

    #[cfg(not(feature = "tracing"))]
    fn log(&self, _severity: Severity, _event: TimeoutEvent) {}

    pub(crate) fn view(&self) -> TimeoutView {
        TimeoutView {
            after: self.after(),
            timed_out: self.timed_out.load(Ordering::Relaxed),
            expired: self.expired.load(Ordering::Relaxed),
        }
    }
}

fn nanos(time: Option<Duration>) -> u64 {
    time.map_or(OFF, |time| u64::try_from(time.as_nanos()).unwrap_or(OFF))
}

#[inline]
fn time(nanos: u64) -> Option<Duration> {
    (nanos != OFF).then(|| Duration::from_nanos(nanos))
}

impl Drop for Shared {
    fn drop(&mut self) {
        directory::leave(self.number);
    }
}

impl Component for Shared {
    fn snapshot(&self) -> Snapshot {
        view::snapshot(self.text(), self.view())
    }
}
