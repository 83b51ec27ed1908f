//! Whether a child fails the same way again and again.

use std::hash::{DefaultHasher, Hash, Hasher};

use seaworthy_core::clock::{self, Coarse};
use seaworthy_core::event::Severity;

use super::seat::{Seat, State};
use super::{End, Node};
use crate::config::Quarantine;
use crate::event::SupervisorEvent;
use crate::exit::ExitReason;
use crate::machine::{Intensity, Key};

/// How a child failed lately, and how often in a row.
#[derive(Debug)]
pub(super) struct Similar {
    print: u64,
    often: Intensity,
}

/// What failures have in common if they are alike. Shows errors, which is code of users: never call it under a lock.
pub(super) fn fingerprint(end: &End) -> u64 {
    match end {
        End::Reason(reason) => of_reason(reason, || reason.to_string()),
        End::Supervisor(ended) => of_text(&ended.to_string()),
        End::Dropped | End::Ignored => 0,
    }
}

/// As `fingerprint`, of a process that was dropped.
fn of_dropped(reason: &ExitReason) -> u64 {
    of_reason(reason, || reason.kind().to_owned())
}

fn of_reason(reason: &ExitReason, text: impl FnOnce() -> String) -> u64 {
    match reason {
        ExitReason::Panic(panic) => match panic.location() {
            Some(location) => {
                let mut hasher = DefaultHasher::new();
                location.hash(&mut hasher);
                hasher.finish()
            }
            None => of_text(panic.message()),
        },
        _ => of_text(&text()),
    }
}

/// Numbers are left out: a port or a count makes no difference.
fn of_text(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    for byte in text.bytes().filter(|byte| !byte.is_ascii_digit()) {
        hasher.write_u8(byte);
    }
    hasher.finish()
}

impl Node {
    /// Gives up a child that fails the same way again and again.
    pub(super) fn compare(
        &self,
        state: &mut State,
        key: Key,
        print: Option<u64>,
        reason: &ExitReason,
    ) {
        let Some(seat) = state.machine.payload_mut(key) else {
            return;
        };
        let quarantine = seat.options.quarantine;
        if !seat.fails(print, reason, clock::coarse()) {
            return;
        }
        state.machine.give_up_on(key);
        let path = self.path_of(state, key);
        if let Some(Quarantine { times, within }) = quarantine {
            self.publish(Severity::Error, || SupervisorEvent::ChildQuarantined {
                path,
                reason: reason.clone(),
                times,
                within,
            });
        }
    }
}

impl Seat {
    /// Notes a failure; whether it is one of the same kind too many.
    fn fails(&mut self, print: Option<u64>, reason: &ExitReason, now: Coarse) -> bool {
        let Some(quarantine) = self.options.quarantine else {
            return false;
        };
        let print = print
            .filter(|print| *print != 0)
            .unwrap_or_else(|| of_dropped(reason));
        let extra = self.extra();
        let similar = extra
            .similar
            .take()
            .filter(|similar| similar.print == print);
        let similar = similar.unwrap_or_else(|| Similar {
            print,
            often: Intensity::new(quarantine.times - 1, quarantine.within),
        });
        let permitted = extra.similar.insert(similar).often.permit(now);
        if !permitted {
            // It begins anew if somebody starts it again.
            extra.similar = None;
            extra.quarantined = true;
        }
        !permitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_make_no_difference_and_words_do() {
        let print = |text: &'static str| fingerprint(&End::Reason(text.into()));
        assert_eq!(print("port 8080 is taken"), print("port 9 is taken"));
        assert_ne!(print("port 8080 is taken"), print("port 8080 is closed"));
    }
}
