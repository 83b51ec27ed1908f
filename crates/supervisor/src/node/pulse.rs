//! Heartbeats: children that have to say that they live.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use seaworthy_core::clock::{self, Instant};
use tokio::task::AbortHandle;

use super::Node;
use super::seat::{Asked, State};
use crate::machine::Key;

/// The hearts that are listened to.
pub(super) type Pulses = HashMap<Key, Pulse>;

/// When an incarnation was last heard of.
#[derive(Debug)]
pub(super) struct Pulse {
    incarnation: u64,
    last: Instant,
    limit: Duration,
    listener: Option<AbortHandle>,
}

impl Pulse {
    fn due(&self) -> Instant {
        self.last + self.limit
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        if let Some(listener) = &self.listener {
            listener.abort();
        }
    }
}

impl Node {
    /// From now on `incarnation` is listened to, if its options say so.
    pub(super) fn listen(self: &Arc<Self>, key: Key, incarnation: u64) {
        let pulse = self.with(|state| {
            let limit = state.current(key, incarnation)?.options.heartbeat?;
            let pulse = Pulse {
                incarnation,
                last: clock::exact(),
                limit,
                listener: None,
            };
            let previous = state.pulses.insert(key, pulse);
            Some(previous)
        });
        let Some(previous) = pulse else { return };
        drop(previous);
        let node = Arc::clone(self);
        let task = self.tree.runtime.spawn(async move {
            while let Some(due) = node.pulse_due(key, incarnation) {
                tokio::time::sleep_until(due).await;
                node.check_pulse(key, incarnation);
            }
        });
        let listener = task.abort_handle();
        let heard = self.with(|state| match state.pulse(key, incarnation) {
            Some(pulse) => {
                pulse.listener = Some(listener.clone());
                true
            }
            None => false,
        });
        if !heard {
            listener.abort();
        }
    }

    pub(crate) fn beat(&self, key: Key, incarnation: u64) {
        self.with(|state| {
            if let Some(pulse) = state.pulse(key, incarnation) {
                pulse.last = clock::exact();
            }
        });
    }

    fn pulse_due(&self, key: Key, incarnation: u64) -> Option<Instant> {
        self.with(|state| state.pulse(key, incarnation).map(|pulse| pulse.due()))
    }

    /// Kills the child if it is silent for too long.
    fn check_pulse(self: &Arc<Self>, key: Key, incarnation: u64) {
        let silent = self.with(|state| {
            state
                .pulse(key, incarnation)
                .filter(|pulse| pulse.due() <= clock::exact())?;
            let pulse = state.pulses.remove(&key);
            let seat = state.current(key, incarnation)?;
            let mut reach = None;
            if !seat.is_asked() {
                reach = Some(seat.kill());
                seat.asked = Asked::Silent;
                state.condemn(key, incarnation);
            }
            Some((pulse, reach))
        });
        let Some((pulse, reach)) = silent else { return };
        drop(pulse);
        if let Some(reach) = reach {
            reach.perform();
            self.watch_the_condemned();
        }
    }

    /// As the listeners do, for a runtime that is blocked.
    pub(super) fn check_pulses(self: &Arc<Self>) {
        let all: Vec<_> = self.with(|state| {
            let pulses = state.pulses.iter();
            pulses
                .map(|(key, pulse)| (*key, pulse.incarnation))
                .collect()
        });
        for (key, incarnation) in all {
            self.check_pulse(key, incarnation);
        }
    }
}

impl State {
    /// Of whoever ended.
    pub(super) fn take_pulse(&mut self, key: Key) -> Option<Pulse> {
        // To look into an empty map is not free, and most are.
        if self.pulses.is_empty() {
            return None;
        }
        self.pulses.remove(&key)
    }

    fn pulse(&mut self, key: Key, incarnation: u64) -> Option<&mut Pulse> {
        self.pulses
            .get_mut(&key)
            .filter(|pulse| pulse.incarnation == incarnation)
    }
}
