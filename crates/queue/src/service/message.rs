//! A request in the queue.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use seaworthy_core::{Name, Reason, Rejected};

use super::slot::{Answering, Failed, Outcome};
use crate::why::Why;

/// Makes another request that asks for the same.
pub(super) type Copier<Req> = Arc<dyn Fn(&Req) -> Req + Send + Sync>;

/// A request, and where its answer goes.
pub(super) struct Message<Req, Res, E> {
    /// Taken by whoever begins with it.
    pub(super) request: Option<Req>,
    pub(super) reply: Reply<Res, E>,
    pub(super) useful_for: Option<Duration>,
    copier: Option<Copier<Req>>,
}

/// Where an answer goes.
pub(super) struct Reply<Res, E> {
    answering: Answering<Outcome<Res, E>>,
}

impl<Req, Res, E> Message<Req, Res, E> {
    pub(super) fn new(
        request: Req,
        answering: Answering<Outcome<Res, E>>,
        useful_for: Option<Duration>,
        copier: Option<Copier<Req>>,
    ) -> Self {
        Self {
            request: Some(request),
            reply: Reply { answering },
            useful_for,
            copier,
        }
    }

    /// It leaves the queue, and nobody will serve it.
    pub(super) fn turn_away(self, why: Why, component: Name) {
        let reason = match why {
            Why::Evicted => Reason::Evicted,
            Why::NoRoom => Reason::QueueFull,
            Why::Expired | Why::WaitedTooLong => Reason::Expired,
            Why::NoRoomForDeadLetters => Reason::Crashed,
            Why::Drained => Reason::ShuttingDown,
            Why::Abandoned => Reason::Stopped,
        };
        let rejected = Rejected::new(reason, component);
        let begun = self.reply.answering.has_begun();
        self.reply.reject(if begun {
            rejected.maybe_executed()
        } else {
            rejected
        });
    }
}

impl<Res, E> Reply<Res, E> {
    /// False if nobody waits for an answer.
    pub(super) fn begin(&self) -> bool {
        self.answering.begin()
    }

    pub(super) fn answer(&self, outcome: Result<Res, E>) {
        self.answering.answer(outcome.map_err(Failed::Service));
    }

    pub(super) fn reject(&self, rejected: Rejected) {
        self.answering.answer(Err(Failed::Rejected(rejected)));
    }
}

/// For what is delivered again: of a queue that was not told how to copy requests, nothing ever is.
impl<Req, Res, E> Clone for Message<Req, Res, E> {
    fn clone(&self) -> Self {
        let Some(copier) = &self.copier else {
            unreachable!("only those are delivered that can be copied")
        };
        Self {
            request: self.request.as_ref().map(&**copier),
            reply: Reply {
                answering: self.reply.answering.clone(),
            },
            useful_for: self.useful_for,
            copier: Some(Arc::clone(copier)),
        }
    }
}

impl<Req, Res, E> fmt::Debug for Message<Req, Res, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message").finish_non_exhaustive()
    }
}
