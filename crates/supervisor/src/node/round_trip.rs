//! Whether a supervisor is alive, as whoever supervises the process wants to know.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::seat::{Asked, Live, Seat, State};
use super::{Caller, Node, Wants};
use crate::config::Shutdown;
use crate::machine::{Call, Message};

impl Node {
    /// Resolves when every supervisor from here downwards has answered a call, or has a good reason not to. One
    /// that never answers is looked at again each time `recheck` has passed.
    pub(crate) async fn round_trip(self: Arc<Self>, recheck: Duration) {
        let mut unasked = vec![self];
        while let Some(node) = unasked.pop() {
            node.answers(recheck).await;
            unasked.extend(node.nested());
        }
    }

    /// How many workers and how many supervisors run, this one included.
    pub(crate) fn census(self: Arc<Self>) -> (usize, usize) {
        let (mut processes, mut supervisors) = (1, 0);
        let mut uncounted = vec![self];
        while let Some(node) = uncounted.pop() {
            supervisors += 1;
            processes += node.with(|state| state.machine.alive());
            uncounted.extend(node.nested());
        }
        // The locks are taken one after the other, and children come and go meanwhile.
        (processes.saturating_sub(supervisors), supervisors)
    }

    async fn answers(self: &Arc<Self>, recheck: Duration) {
        if self.is_excused() {
            return;
        }
        let (answer, answered) = oneshot::channel();
        let wants = Wants::Reply;
        self.post(Message::Call(Call::Query, Caller { wants, answer }));
        let mut answered = pin!(answered);
        // A question that is dropped unanswered says that the supervisor is over: its parent is asked as well.
        while tokio::time::timeout(recheck, &mut answered).await.is_err() && !self.is_excused() {}
    }

    /// Whether it may keep callers waiting: somebody suspended it, or it waits for a child that is to
    /// start or to stop and has not used up the time that its options give it.
    fn is_excused(&self) -> bool {
        self.with(|state| {
            if state.machine.is_suspended() || state.timer.is_some() {
                return true;
            }
            if state.machine.is_stopping_all() {
                let mut living = state.machine.children().iter();
                return living
                    .any(|(_, entry)| entry.is_alive() && entry.payload.may_take_its_time());
            }
            let awaited = state.machine.waits_for();
            let entry = awaited.and_then(|key| state.machine.children().get(key));
            entry.is_some_and(|entry| entry.payload.may_take_its_time())
        })
    }

    /// The supervisors among its children that run.
    fn nested(&self) -> Vec<Arc<Self>> {
        self.with(|state| {
            let uniform = self.spec.flags.is_dynamic() && !has_supervisors(state);
            let seats = state.machine.children().iter().take_while(|_| !uniform);
            let nested = seats.filter_map(|(_, entry)| match &entry.payload.live {
                Some(Live::Supervisor(node)) => Some(Arc::clone(node)),
                _ => None,
            });
            nested.collect()
        })
    }
}

/// Whether the instances of a dynamic supervisor, which are all alike, are supervisors.
fn has_supervisors(state: &State) -> bool {
    let children = state.machine.children();
    let first = children.first().and_then(|key| children.get(key));
    first.is_some_and(|entry| entry.supervisor)
}

impl Seat {
    /// Whether it is starting or stopping without a limit, as its options say.
    fn may_take_its_time(&self) -> bool {
        let supervisor = self.options.supervisor;
        match self.asked {
            Asked::Nothing => !self.ready && (supervisor || self.options.start_timeout.is_none()),
            Asked::Shutdown => {
                let told = self
                    .extra
                    .as_ref()
                    .is_some_and(|extra| extra.trap.is_some());
                self.options.shutdown == Shutdown::Infinity && (supervisor || told)
            }
            // Nobody who is killed may take any time.
            _ => false,
        }
    }
}
