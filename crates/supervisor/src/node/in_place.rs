//! The short way: the next incarnation in the task of the one that ended.

use std::sync::Arc;

use seaworthy_core::{clock, panic};

use super::Node;
use super::seat::Asked;
use super::tell::log_crash;
use crate::exit::ExitReason;
use crate::machine::Key;
use crate::report::PastExit;

impl Node {
    /// Puts the next incarnation in the place of one that has just ended, without a detour through
    /// the inbox. The answer is the next incarnation; `None` leaves everything as it was.
    pub(crate) fn restart_in_place(
        self: &Arc<Self>,
        key: Key,
        incarnation: u64,
        reason: &mut Option<ExitReason>,
    ) -> Option<u64> {
        let (next, crash, forgotten) = self.serial.if_idle(|state| {
            let clean = reason.as_ref()?.is_clean();
            state
                .current(key, incarnation)
                .filter(|seat| seat.is_plain())?;
            let now = clock::coarse();
            let next = state
                .machine
                .restart_in_place(key, incarnation, clean, now)?;
            let reason = reason.take()?;
            let uptime = now.since(state.machine.payload_mut(key)?.started);
            let crash = self.tell_exit(state, key, incarnation, &reason, uptime, Asked::Nothing);
            let seat = state.machine.payload_mut(key)?;
            seat.started = now;
            let forgotten = seat.remember(PastExit {
                incarnation,
                reason,
                uptime,
            });
            seat.extra().trap = None;
            self.report_started(state, key, next);
            Some((next, crash, forgotten))
        })??;
        panic::drop_quietly(forgotten);
        log_crash(crash);
        self.tree.events.deliver();
        Some(next)
    }
}
