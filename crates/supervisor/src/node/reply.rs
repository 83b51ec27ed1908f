//! Answers to callers.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::{Node, Place, Seat};
use crate::error::StartError;
use crate::info::{ChildInfo, ChildKind, ChildState, Counts};
use crate::machine::{Entry, Reply, Slot};
use crate::monitor::ChildRef;

/// Somebody who waits for an answer.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) wants: Wants,
    pub(crate) answer: oneshot::Sender<Answer>,
}

/// What a caller wants to know beyond the reply.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wants {
    Reply,
    Children,
    Counts,
}

/// What a caller gets.
#[derive(Debug)]
pub(crate) enum Answer {
    Reply(Reply),
    Started(ChildRef),
    Failed(StartError),
    Children(Vec<ChildInfo>),
    Counts(Counts),
}

impl Node {
    pub(super) fn reply(self: &Arc<Self>, caller: Caller, reply: Reply) {
        let answer = self.with(|state| match (caller.wants, reply) {
            (Wants::Children, Reply::Look) => {
                let children = state.machine.children().iter_back();
                Answer::Children(children.map(|(_, entry)| info(entry)).collect())
            }
            (Wants::Counts, Reply::Look) => {
                let entries = state.machine.children().iter().map(|(_, entry)| entry);
                Answer::Counts(count(entries, self.spec.flags.is_dynamic()))
            }
            (_, Reply::Failed) => state
                .failure
                .take()
                .map_or(Answer::Reply(reply), Answer::Failed),
            (_, Reply::Started(key, incarnation)) => {
                let Some(entry) = state.machine.children().get(key) else {
                    return Answer::Reply(reply);
                };
                let (id, node) = (entry.id.clone(), Arc::clone(self));
                Answer::Started(ChildRef {
                    place: Place {
                        node,
                        key,
                        incarnation,
                    },
                    id,
                })
            }
            _ => Answer::Reply(reply),
        });
        // A caller that has gone does not take the outcome back.
        let _ = caller.answer.send(answer);
    }
}

fn info(entry: &Entry<Seat>) -> ChildInfo {
    ChildInfo {
        id: entry.id.clone(),
        state: match entry.slot() {
            Slot::Vacant => ChildState::Undefined,
            Slot::Running => ChildState::Running,
            Slot::Restarting => ChildState::Restarting,
        },
        kind: if entry.supervisor {
            ChildKind::Supervisor
        } else {
            ChildKind::Worker
        },
        incarnation: (entry.slot() == Slot::Running).then_some(entry.incarnation),
    }
}

fn count<'a>(entries: impl Iterator<Item = &'a Entry<Seat>>, dynamic: bool) -> Counts {
    let mut counts = Counts::default();
    for entry in entries {
        counts.specs += 1;
        // As in OTP: only static supervisors look whether the process of a running child still lives.
        counts.active +=
            usize::from(entry.slot() == Slot::Running && (dynamic || entry.is_alive()));
        counts.supervisors += usize::from(entry.supervisor);
        counts.workers += usize::from(!entry.supervisor);
    }
    if dynamic {
        counts.specs = 1;
    }
    counts
}
