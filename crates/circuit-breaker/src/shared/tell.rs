//! What a breaker tells others, once its lock is released.

use seaworthy_core::clock::Coarse;
use seaworthy_core::event::Severity;
use seaworthy_core::waiters::Waiters;

use super::{Inner, Shared};
use crate::event::BreakerEvent;
use crate::machine::{Machine, Notice, State};

/// What is left to do outside the lock.
#[derive(Default)]
pub(super) struct Aftermath {
    waiters: Waiters,
    /// Events were published.
    told: bool,
    /// What is to be logged.
    log: Vec<BreakerEvent>,
    /// When it goes on by itself, if somebody is to see to that.
    due: Option<Coarse>,
}

impl Shared {
    /// Brings the gate up to date, gives events their place in the order, and collects the rest. Under the lock.
    pub(super) fn settle(&self, inner: &mut Inner) -> Aftermath {
        let notices = inner.machine.take_notices();
        self.show(&inner.machine);
        self.surroundings.metrics.begin(inner.machine.state());
        let mut after = Aftermath::default();
        if inner.machine.take_freed() || !notices.is_empty() {
            after.waiters = inner.waiters.take();
        }
        if notices.is_empty() {
            return after;
        }
        after.told = true;
        after.due = inner.machine.next_due();
        for notice in notices {
            if matches!(
                notice,
                Notice::StateChanged {
                    to: State::Open,
                    ..
                }
            ) {
                inner.openings += 1;
            }
            let event = self.publish(&inner.machine, notice);
            if cfg!(feature = "tracing") {
                after.log.push(event);
            }
        }
        self.count_in_group(inner);
        after
    }

    fn publish(&self, machine: &Machine, notice: Notice) -> BreakerEvent {
        let event = BreakerEvent::new(notice, machine.view());
        self.surroundings.metrics.tell(&event);
        let severity = match &event {
            BreakerEvent::StateChanged {
                to: State::Open, ..
            }
            | BreakerEvent::WouldOpen { .. } => Severity::Warning,
            _ => Severity::Info,
        };
        self.events().publish(self.name(), severity, event);
        event
    }

    fn count_in_group(&self, inner: &mut Inner) {
        let Some(group) = &self.surroundings.group else {
            return;
        };
        let open = matches!(inner.machine.state(), State::Open | State::HalfOpen);
        if std::mem::replace(&mut inner.counts_as_open, open) != open {
            if open {
                group.opened();
            } else {
                group.closed();
            }
        }
    }

    /// Outside the lock: wakers, subscribers and observers are code of the user. The answer is when to look again, if
    /// somebody is to see to that.
    pub(super) fn tell(&self, after: Aftermath) -> Option<Coarse> {
        after.waiters.wake();
        self.log(&after.log);
        if after.told {
            self.events().deliver();
        }
        after.due
    }

    #[cfg(feature = "tracing")]
    pub(crate) fn log(&self, events: &[BreakerEvent]) {
        let breaker = self.name();
        for event in events {
            // A subscriber that panics harms nobody else.
            let _ = seaworthy_core::panic::catch(|| match event {
                BreakerEvent::StateChanged {
                    to: State::Open, ..
                }
                | BreakerEvent::WouldOpen { .. }
                | BreakerEvent::MayWedge => tracing::warn!(%breaker, "circuit {event}"),
                _ => tracing::info!(%breaker, "circuit {event}"),
            });
        }
    }

    #[cfg(not(feature = "tracing"))]
    pub(crate) fn log(&self, _events: &[BreakerEvent]) {}
}

impl Drop for Shared {
    fn drop(&mut self) {
        let Some(group) = &self.surroundings.group else {
            return;
        };
        group.left();
        if self.inner.lock().counts_as_open {
            group.closed();
        }
    }
}
