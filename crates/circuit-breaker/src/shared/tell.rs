//! What a breaker tells others, once its lock is released.

use seaworthy_core::clock::Coarse;
use seaworthy_core::event::Severity;
use seaworthy_core::panic;
use seaworthy_core::waiters::Waiters;
use tokio::task::AbortHandle;

use super::{Inner, Shared};
use crate::event::BreakerEvent;
use crate::machine::{Machine, Notice, State};
use crate::timer;

/// What is left to do outside the lock.
#[derive(Default)]
pub(super) struct Aftermath {
    waiters: Waiters,
    /// What was published.
    told: Vec<BreakerEvent>,
    /// When it goes on by itself, if somebody is to see to that from now on.
    due: Option<Coarse>,
    /// There is something for the metrics.
    measured: bool,
}

impl Shared {
    /// Brings the gate up to date, gives events their place in the order, and collects the rest. Under the lock.
    pub(super) fn settle(&self, inner: &mut Inner) -> Aftermath {
        let notices = inner.machine.take_notices();
        self.show(&inner.machine);
        let mut after = Aftermath::default();
        if inner.machine.take_freed() || !notices.is_empty() {
            after.waiters = inner.waiters.take();
        }
        let due = inner.machine.next_due();
        if inner.timer.is_news(due) {
            after.due = due;
        }
        if !std::mem::replace(&mut inner.shown, true) {
            self.surroundings.metrics.turn(inner.machine.state());
            after.measured = true;
        }
        if notices.is_empty() {
            return after;
        }
        after.measured = true;
        self.surroundings.metrics.turn(inner.machine.state());
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
            after.told.push(self.publish(&inner.machine, notice));
        }
        self.count_in_group(inner);
        after
    }

    fn publish(&self, machine: &Machine, notice: Notice) -> BreakerEvent {
        let event = BreakerEvent::new(notice, machine.view());
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

    pub(super) fn count_in_group(&self, inner: &mut Inner) {
        let Some(group) = &self.surroundings.group else {
            return;
        };
        let open = matches!(inner.machine.state(), State::Open | State::HalfOpen);
        let until = inner.machine.lapses().filter(|_| open);
        group.turned(&mut inner.opening, until);
    }

    /// Outside the lock: wakers, subscribers, recorders and observers are code of the user.
    pub(super) fn tell(&self, after: Aftermath) {
        after.waiters.wake();
        if let Some(due) = after.due {
            let task = timer::arm(&self.me, due);
            let unused = self.inner.lock().timer.replace(task);
            unused.inspect(AbortHandle::abort);
        }
        if cfg!(feature = "metrics") && after.measured {
            let _ = panic::catch(|| self.surroundings.metrics.tell(&after.told));
        }
        self.log(&after.told);
        if !after.told.is_empty() {
            self.events().deliver();
        }
    }

    #[cfg(feature = "tracing")]
    pub(crate) fn log(&self, events: &[BreakerEvent]) {
        let breaker = self.name();
        for event in events {
            // A subscriber that panics harms nobody else.
            let _ = panic::catch(|| match event {
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
        group.turned(&mut self.inner.lock().opening, None);
    }
}
