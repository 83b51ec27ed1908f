//! A request in the queue.

use std::fmt;

use seaworthy_core::{Name, Rejected};

use super::slot::{Answering, Failed, Outcome};
use crate::why::Why;

/// A request, and where its answer goes.
pub(super) struct Message<Req, Res, E> {
    /// Taken by whoever begins with it.
    pub(super) request: Option<Req>,
    pub(super) reply: Reply<Res, E>,
}

/// Where an answer goes.
pub(super) struct Reply<Res, E> {
    answering: Answering<Outcome<Res, E>>,
}

impl<Req, Res, E> Message<Req, Res, E> {
    #[inline]
    pub(super) fn new(request: Req, answering: Answering<Outcome<Res, E>>) -> Self {
        Self {
            request: Some(request),
            reply: Reply { answering },
        }
    }

    /// The same once more, for what may be served again.
    pub(super) fn copy(&self, copy: impl FnOnce(&Req) -> Req) -> Self {
        Self {
            request: self.request.as_ref().map(copy),
            reply: Reply {
                answering: self.reply.answering.clone(),
            },
        }
    }

    /// It leaves the queue, and nobody will serve it.
    pub(super) fn turn_away(self, why: Why, component: Name) {
        let rejected = Rejected::new(why.reason(), component);
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

    /// Whether somebody waits for an answer.
    pub(super) fn is_awaited(&self) -> bool {
        self.answering.is_awaited()
    }

    /// The same, with nothing left here.
    pub(super) fn take(&mut self) -> Self {
        Self {
            answering: self.answering.take(),
        }
    }

    pub(super) fn answer(self, outcome: Result<Res, E>) {
        self.answering.answer(outcome.map_err(Failed::Service));
    }

    pub(super) fn reject(self, rejected: Rejected) {
        self.answering.answer(Err(Failed::Rejected(rejected)));
    }
}

impl<Req, Res, E> fmt::Debug for Message<Req, Res, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message").finish_non_exhaustive()
    }
}
