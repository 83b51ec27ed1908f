//! A service in a task of its own, asked over a channel, with a channel for each answer.

use tokio::sync::{mpsc, oneshot};
use tower_service::Service;

use crate::breaker::{Ask, Caller, Came, Desk, Fault, came};
use crate::queue::CAPACITY;

type Answer = Result<u64, Fault>;

/// The end that is called.
#[derive(Clone, Debug)]
pub struct Line {
    requests: mpsc::Sender<(Ask, oneshot::Sender<Answer>)>,
}

impl Line {
    /// One to a service in a task of its own, which ends when the last of its clones is gone.
    #[must_use]
    pub fn spawn() -> Self {
        let (requests, mut coming) = mpsc::channel(CAPACITY);
        tokio::spawn(async move {
            let mut desk = Desk;
            while let Some((ask, reply)) = coming.recv().await {
                let reply: oneshot::Sender<Answer> = reply;
                // Whoever asked may have gone.
                let _ = reply.send(desk.call(ask).await);
            }
        });
        Self { requests }
    }
}

impl Caller for Line {
    #[inline]
    async fn call(&mut self, ask: Ask) -> Came {
        let (reply, answer) = oneshot::channel();
        if self.requests.send((ask, reply)).await.is_err() {
            return Came::Failure;
        }
        match answer.await {
            Ok(answer) => came(answer),
            Err(_) => Came::Failure,
        }
    }
}
