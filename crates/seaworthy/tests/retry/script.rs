//! A service that does what is written.

use std::collections::VecDeque;
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use seaworthy::core::BoxError;
use seaworthy::core::request::Info;
use tokio::time::Instant;
use tower::Service;

type Outcome = Result<u32, BoxError>;

/// Ends each attempt with the next outcome that is written, and notes when it came. Clones go on in the same script.
#[derive(Clone)]
pub struct Script {
    begun: Instant,
    outcomes: Arc<Mutex<VecDeque<Outcome>>>,
    came: Arc<Mutex<Vec<Duration>>>,
}

/// What is known about a request is the request.
pub fn describe(request: &Info) -> Info {
    *request
}

pub fn idempotent() -> Info {
    Info::new().with_idempotent(true)
}

impl Script {
    pub fn new<E: Into<BoxError>>(outcomes: impl IntoIterator<Item = Result<u32, E>>) -> Self {
        let outcomes = outcomes.into_iter().map(|it| it.map_err(Into::into));
        Self {
            begun: Instant::now(),
            outcomes: Arc::new(Mutex::new(outcomes.collect())),
            came: Arc::default(),
        }
    }

    /// When each attempt came, in milliseconds.
    pub fn came(&self) -> Vec<u128> {
        let came = self.came.lock().expect("not poisoned");
        came.iter().map(Duration::as_millis).collect()
    }

    pub fn next(&self) -> Outcome {
        let now = self.begun.elapsed();
        self.came.lock().expect("not poisoned").push(now);
        let next = self.outcomes.lock().expect("not poisoned").pop_front();
        next.expect("an attempt too many")
    }
}

impl<Req> Service<Req> for Script {
    type Response = u32;
    type Error = BoxError;
    type Future = Ready<Outcome>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Req) -> Ready<Outcome> {
        ready(self.next())
    }
}
