//! What the handles of a throttle share.

use std::sync::Arc;
use std::time::Duration;

use seaworthy_core::clock::{self, Coarse};
use seaworthy_core::component::{Component, Snapshot};
use seaworthy_core::event::{Events, Severity};
use seaworthy_core::name::Kept;
use seaworthy_core::shard::{self, Count};
use seaworthy_core::sync::Lock;
use seaworthy_core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use seaworthy_core::{ConfigError, Reason, Rejected, Verdict};

use super::config::ThrottleConfig;
use super::dice::Dice;
use super::event::ThrottleEvent;
use super::metrics::Metrics;
use super::rule::{ThrottleRule, accepted};
use super::tally::Tally;
use super::view::{self, ThrottleView};

/// For so long the chance is taken for what it is, while there are few calls.
const FRESH: Duration = Duration::from_millis(10);
/// After so many calls of one thread it is computed anew: a power of two.
const OFTEN: u64 = 64;
/// From this chance on it is told that calls are held back; that it is over is told when there is none.
const NOTABLE: f64 = 0.1;

pub(crate) struct Shared {
    name: Kept,
    tally: Tally,
    throttled: Count,
    /// Of being held back, in parts of 2^32.
    chance: AtomicU32,
    /// When that is to be computed anew.
    until: AtomicU64,
    /// Somebody is at it.
    is_looking: AtomicBool,
    inner: Lock<Inner>,
    origin: Coarse,
    dice: Dice,
    metrics: Metrics,
    events: Events,
}

struct Inner {
    rule: ThrottleRule,
    /// It was told that calls are held back.
    is_told: bool,
}

impl Shared {
    pub(crate) fn new(
        name: Arc<str>,
        rule: ThrottleRule,
        events: Events,
        seed: Option<u64>,
    ) -> Self {
        let metrics = Metrics::new(&name);
        Self {
            name: Kept::new(name),
            tally: Tally::over(shard::count()),
            throttled: Count::new(),
            chance: AtomicU32::new(0),
            until: AtomicU64::new(0),
            is_looking: AtomicBool::new(false),
            inner: Lock::new(Inner {
                rule,
                is_told: false,
            }),
            origin: clock::coarse(),
            dice: Dice::new(seed),
            metrics,
            events,
        }
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        self.name.text()
    }

    pub(crate) fn events(&self) -> &Events {
        &self.events
    }

    /// Whether the next call is sent. Nothing is counted by that.
    #[inline]
    pub(crate) fn admits(&self) -> bool {
        let chance = self.chance();
        chance == 0 || self.dice.roll() >= chance
    }

    /// Whether no call is held back.
    #[cold]
    pub(crate) fn is_over(&self) -> bool {
        self.chance() == 0
    }

    #[inline]
    fn chance(&self) -> u32 {
        let now = clock::coarse();
        if now.as_nanos() >= self.until.load(Ordering::Relaxed) {
            self.look(now);
        }
        self.chance.load(Ordering::Relaxed)
    }

    /// A call is held back.
    #[cold]
    pub(crate) fn refuse(&self) -> Rejected {
        self.count(false);
        self.throttled.increment();
        self.metrics.throttled();
        Rejected::new(Reason::Throttled, self.name.name())
    }

    /// A call that was sent has ended.
    #[inline]
    pub(crate) fn record(&self, verdict: Verdict) {
        if let Some(accepted) = accepted(verdict) {
            self.count(accepted);
            self.metrics.ended(accepted);
        }
    }

    #[inline]
    fn count(&self, accepted: bool) {
        if self.tally.add(accepted).is_multiple_of(OFTEN) {
            self.look(clock::coarse());
        }
    }

    /// Computes the chance anew, unless somebody is at it.
    #[cold]
    fn look(&self, now: Coarse) {
        if self.is_looking.swap(true, Ordering::Acquire) {
            return;
        }
        let looking = Looking(&self.is_looking);
        let (chance, told) = self.refresh(&mut self.inner.lock(), now);
        self.metrics.chance(chance);
        drop(looking);
        self.deliver(told);
    }

    /// Under the lock.
    fn refresh(&self, inner: &mut Inner, now: Coarse) -> (f64, Option<ThrottleEvent>) {
        let since = now.since(self.origin).as_nanos() as u64;
        let chance = inner.rule.look(since, self.tally.counts());
        let origin = self.origin.as_nanos();
        let edge = origin.saturating_add(inner.rule.next_edge());
        let until = edge.min(now.saturating_add(FRESH).as_nanos());
        // Never all of them: the cap is below 1.
        let parts = (chance * (f64::from(u32::MAX) + 1.0)) as u32;
        self.chance.store(parts, Ordering::Relaxed);
        self.until.store(until, Ordering::Relaxed);
        let notable = NOTABLE.min(inner.rule.config().cap);
        let counts = inner.rule.in_window();
        let event = if inner.is_told && chance == 0.0 {
            ThrottleEvent::Ended
        } else if !inner.is_told && chance >= notable {
            ThrottleEvent::Began {
                requests: counts.requests,
                accepts: counts.accepts,
            }
        } else {
            return (chance, None);
        };
        inner.is_told = !inner.is_told;
        self.publish(&event);
        (chance, Some(event))
    }

    fn publish(&self, event: &ThrottleEvent) {
        let severity = match event {
            ThrottleEvent::Began { .. } => Severity::Warning,
            _ => Severity::Info,
        };
        self.events.publish(self.name(), severity, event.clone());
    }

    /// Outside the lock: observers are code of the user.
    fn deliver(&self, event: Option<ThrottleEvent>) {
        if let Some(event) = event {
            self.log(&event);
            self.events.deliver();
        }
    }

    #[cfg(feature = "tracing")]
    fn log(&self, event: &ThrottleEvent) {
        let throttle = self.name();
        // A subscriber that panics harms nobody else.
        let _ = seaworthy_core::panic::catch(|| match event {
            ThrottleEvent::Began { .. } => tracing::warn!(%throttle, "throttle: {event}"),
            _ => tracing::info!(%throttle, "throttle: {event}"),
        });
    }

    #[cfg(not(feature = "tracing"))]
    fn log(&self, _event: &ThrottleEvent) {}

    pub(crate) fn view(&self) -> ThrottleView {
        let (view, told) = {
            let mut inner = self.inner.lock();
            let (chance, told) = self.refresh(&mut inner, clock::coarse());
            let counts = inner.rule.in_window();
            let view = ThrottleView {
                requests: counts.requests,
                accepts: counts.accepts,
                chance,
                throttled: self.throttled.get(),
            };
            (view, told)
        };
        self.deliver(told);
        view
    }

    pub(crate) fn config(&self) -> ThrottleConfig {
        self.inner.lock().rule.config().clone()
    }

    /// Goes by another configuration; whether what was counted still counts.
    pub(crate) fn reconfigure(&self, config: ThrottleConfig) -> Result<bool, ConfigError> {
        config.check(self.name())?;
        let (kept, told) = {
            let mut inner = self.inner.lock();
            // What was counted up to now is judged by the window that it was counted for.
            let (_, told) = self.refresh(&mut inner, clock::coarse());
            let kept = inner.rule.reconfigure(self.name(), config)?;
            self.until.store(0, Ordering::Relaxed);
            (kept, told)
        };
        self.deliver(told);
        let event = ThrottleEvent::Reconfigured { kept };
        self.publish(&event);
        self.deliver(Some(event));
        Ok(kept)
    }
}

/// However it ends, the next may look.
struct Looking<'a>(&'a AtomicBool);

impl Drop for Looking<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl Component for Shared {
    fn snapshot(&self) -> Snapshot {
        view::snapshot(self.name(), &self.view())
    }
}
