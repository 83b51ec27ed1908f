//! A task that is about to be started.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as Waking, Poll, ready};

use seaworthy_core::panic;
use tokio::sync::oneshot;

use super::error::SpawnError;
use super::handle::Task;
use super::once::{Once, Reply, Ties};
use super::outcome::Outcome;
use crate::body::{Body, Worker};
use crate::child::new_child;
use crate::config::Options;
use crate::context::Context;
use crate::id::ChildId;
use crate::machine::{self, Call, Message};
use crate::node::{Answer, Caller, Place, Wants};
use crate::supervisor::Supervisor;

/// A task for which the supervisor was asked, or will be asked again.
pub(super) struct Starting<T> {
    body: Option<Arc<dyn Body>>,
    link: Option<Place>,
    outcome: Option<Outcome<T>>,
    answer: Option<oneshot::Receiver<Answer>>,
}

impl<T: Send + 'static> Starting<T> {
    pub(super) fn new<F, Fut>(work: F, link: Option<&Place>, tied: bool) -> Self
    where
        F: FnOnce(Context) -> Fut + Send + 'static,
        Fut: Future<Output = T> + Send + 'static,
    {
        let (sender, value) = oneshot::channel();
        let (told, down) = oneshot::channel();
        let ties = Ties {
            down: Some(told),
            link: link.cloned(),
        };
        let make = Once::new(work, Reply { sender, tied }, ties);
        Self {
            body: Some(Arc::new(Worker { make })),
            link: link.cloned(),
            outcome: Some(Outcome::new(down, value)),
            answer: None,
        }
    }
}

impl<T> Starting<T> {
    /// Asks the supervisor. After a refusal it may be asked again.
    pub(super) fn ask(&mut self, supervisor: &Supervisor, options: &Arc<Options>) {
        self.answer = None;
        let (Some(node), Some(body)) = (supervisor.node(), &self.body) else {
            return;
        };
        let child = new_child(Arc::clone(options), Arc::clone(body));
        let (answer, answered) = oneshot::channel();
        let caller = Caller {
            wants: Wants::Reply,
            answer,
        };
        self.answer = Some(answered);
        // The supervisor numbers the task itself.
        node.post(Message::Call(
            Call::Start(ChildId::Number(0), child),
            caller,
        ));
    }

    /// What the supervisor said.
    pub(super) fn poll_started(
        &mut self,
        waker: &mut Waking<'_>,
    ) -> Poll<Result<Task<T>, SpawnError>> {
        let Some(answer) = &mut self.answer else {
            return Poll::Ready(Err(SpawnError::NotAlive));
        };
        let answer = ready!(Pin::new(answer).poll(waker));
        self.answer = None;
        Poll::Ready(match answer {
            Ok(Answer::Started(child)) => match self.outcome.take() {
                Some(outcome) => Ok(Task::new(child, self.link.take(), outcome)),
                None => Err(SpawnError::NotAlive),
            },
            Ok(Answer::Reply(machine::Reply::MaxChildren)) => Err(SpawnError::MaxChildren),
            _ => Err(SpawnError::NotAlive),
        })
    }
}

impl<T> Drop for Starting<T> {
    fn drop(&mut self) {
        // If nobody else has it, the closure of the user goes with it.
        panic::drop_quietly(self.body.take());
    }
}
