//! Asking processes to stop, and not waiting for ever.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use seaworthy_core::clock;
use tokio_util::sync::CancellationToken;

use super::Node;
use super::seat::{Asked, Live, Seat, State};
use super::timer::Deadline;
use crate::config::Shutdown;
use crate::machine::{Exit, Key, Message};

/// How to reach a process, outside the lock.
pub(super) enum Reach {
    Nothing,
    Kill(Live, Exit),
    Cancel(CancellationToken),
    Stop(Arc<Node>),
}

impl Reach {
    pub(super) fn perform(self) {
        match self {
            Self::Nothing => {}
            Self::Kill(live, exit) => live.kill(exit),
            Self::Cancel(trap) => trap.cancel(),
            Self::Stop(node) => {
                node.post(Message::Stop);
            }
        }
    }
}

impl Seat {
    /// The process is to stop, as its options say.
    fn ask(&mut self) -> Reach {
        if self.asked == Asked::KilledFromOutside {
            return Reach::Nothing;
        }
        self.asked = Asked::Shutdown;
        match (&self.live, self.options.shutdown) {
            (_, Shutdown::BrutalKill) => self.kill(),
            (Some(Live::Supervisor(node)), _) => Reach::Stop(Arc::clone(node)),
            _ => self.order(),
        }
    }

    /// A worker is to stop, and has the time it takes if it listens.
    fn order(&mut self) -> Reach {
        self.asked = Asked::Shutdown;
        match self.extra.as_ref().and_then(|extra| extra.trap.clone()) {
            Some(trap) => Reach::Cancel(trap),
            // It does not listen, so it dies of the order, as in OTP.
            None => self.end(Exit::Killed),
        }
    }

    pub(super) fn kill(&mut self) -> Reach {
        self.asked = Asked::Kill;
        self.end(Exit::Killed)
    }

    fn end(&mut self, exit: Exit) -> Reach {
        match &self.live {
            // Kept, so that those below can still be found.
            Some(Live::Supervisor(node)) => Reach::Kill(Live::Supervisor(Arc::clone(node)), exit),
            _ => match self.live.take() {
                Some(live) => Reach::Kill(live, exit),
                None => Reach::Nothing,
            },
        }
    }
}

impl Node {
    pub(super) fn stop(self: &Arc<Self>, key: Key) {
        let reporting = self.tree.reporting.load(Ordering::Relaxed);
        let (reach, limit, unwatched) = self.with(|state| {
            state.asked_at = reporting.then(clock::coarse);
            let (reach, limit) = match state.machine.payload_mut(key) {
                Some(seat) => (seat.ask(), seat.options.shutdown),
                None => (Reach::Nothing, Shutdown::Infinity),
            };
            state.condemn_if_killed(key, &reach);
            (reach, limit, state.needs_reaper())
        });
        let listens = matches!(reach, Reach::Cancel(_) | Reach::Stop(_));
        reach.perform();
        if unwatched {
            self.watch_the_condemned();
        }
        if let Shutdown::Timeout(limit) = limit
            && listens
        {
            self.arm(limit, Deadline::Stop(key));
        }
    }

    /// All at once; one common deadline, since all have the options of their template.
    pub(super) fn stop_all(self: &Arc<Self>) {
        let (keys, limit) = self.with(|state| {
            state.asked_at = Some(clock::coarse());
            let first = state.machine.children().first();
            let seat = first.and_then(|key| state.machine.payload_mut(key));
            let limit = seat.map_or(Shutdown::Infinity, |seat| seat.options.shutdown);
            (living(state), limit)
        });
        let (mut listens, mut killed) = (false, false);
        for key in keys {
            let reach = self.with(|state| {
                let alive = state
                    .machine
                    .children()
                    .get(key)
                    .is_some_and(|entry| entry.is_alive());
                let seat = state.machine.payload_mut(key).filter(|_| alive);
                seat.map_or(Reach::Nothing, Seat::ask)
            });
            listens |= matches!(reach, Reach::Cancel(_) | Reach::Stop(_));
            killed |= matches!(reach, Reach::Kill(..));
            reach.perform();
        }
        if killed {
            self.with(State::condemn_all);
            self.watch_the_condemned();
        }
        if let Shutdown::Timeout(limit) = limit
            && listens
        {
            self.arm(limit, Deadline::StopAll);
        }
    }

    pub(super) fn kill_all(self: &Arc<Self>, exit: Exit) {
        let keys = self.with(|state| {
            state.asked_at.get_or_insert_with(clock::coarse);
            state.condemn_all();
            living(state)
        });
        let asked = match exit {
            Exit::RuntimeGone => Asked::GoneWithRuntime,
            _ => Asked::Kill,
        };
        for key in keys {
            self.with(|state| match state.machine.payload_mut(key) {
                Some(seat) => {
                    seat.asked = asked;
                    seat.end(exit)
                }
                None => Reach::Nothing,
            })
            .perform();
        }
        self.watch_the_condemned();
    }

    /// Kills whatever process is in the seat.
    pub(super) fn kill_seat(self: &Arc<Self>, key: Key) {
        self.end_seat(key, Asked::Kill);
    }

    pub(super) fn end_seat(self: &Arc<Self>, key: Key, asked: Asked) {
        self.with(|state| state.end_seat(key, asked)).perform();
        self.watch_the_condemned();
    }

    /// Kills `incarnation`, from outside: to the supervisor that is a crash.
    pub(crate) fn kill_child(self: &Arc<Self>, key: Key, incarnation: u64) -> bool {
        let reach = self.with(|state| {
            let seat = state.current(key, incarnation)?;
            let crash = seat.asked.is_crash();
            let reach = seat.kill();
            if crash {
                seat.asked = Asked::KilledFromOutside;
            }
            state.condemn_if_killed(key, &reach);
            Some(reach)
        });
        let alive = reach.is_some();
        if let Some(reach) = reach {
            reach.perform();
            self.watch_the_condemned();
        }
        alive
    }

    /// Ends `incarnation` for whoever it works for, so that its end is no crash: at once, or with the time it
    /// takes. False if it has ended, or is ending for another reason.
    pub(crate) fn end_child(self: &Arc<Self>, key: Key, incarnation: u64, at_once: bool) -> bool {
        let reach = self.with(|state| {
            let seat = state.current(key, incarnation)?;
            if seat.is_doomed() || seat.asked == Asked::KilledFromOutside {
                return None;
            }
            let reach = if at_once {
                seat.kill()
            } else if seat.is_asked() {
                Reach::Nothing
            } else {
                seat.order()
            };
            state.condemn_if_killed(key, &reach);
            Some(reach)
        });
        let ends = reach.is_some();
        if let Some(reach) = reach {
            reach.perform();
            self.watch_the_condemned();
        }
        ends
    }

    pub(super) fn abort_start(self: &Arc<Self>, key: Key) {
        let below = self.with(|state| match state.machine.payload_mut(key)?.live {
            Some(Live::Supervisor(ref node)) => Some(Arc::clone(node)),
            _ => None,
        });
        match below {
            Some(node) => Reach::Stop(node).perform(),
            None => self.kill_seat(key),
        }
    }
}

impl State {
    pub(super) fn end_seat(&mut self, key: Key, asked: Asked) -> Reach {
        let reach = self.machine.payload_mut(key).map(|seat| {
            let reach = seat.kill();
            seat.asked = asked;
            reach
        });
        let reach = reach.unwrap_or(Reach::Nothing);
        self.condemn_if_killed(key, &reach);
        reach
    }

    fn condemn_if_killed(&mut self, key: Key, reach: &Reach) {
        if let (Reach::Kill(..), Some(entry)) = (reach, self.machine.children().get(key)) {
            self.condemn(key, entry.incarnation);
        }
    }
}

fn living(state: &State) -> Vec<Key> {
    let children = state.machine.children().iter();
    children
        .filter(|(_, entry)| entry.is_alive())
        .map(|(key, _)| key)
        .collect()
}
