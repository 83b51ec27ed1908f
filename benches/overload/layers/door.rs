//! A layer in front of the server, on a runtime of its own.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use seaworthy_benches::Failure;
use seaworthy_bulkhead::limit::Sample;
use seaworthy_core::{BoxError, Verdict};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, yield_now};
use tower_service::Service;

use crate::gate::Door;

/// A runtime whose clock only goes where it is put.
pub(crate) fn paused() -> Result<Runtime, Failure> {
    let mut builder = Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build();
    runtime.map_err(|error| error.to_string())
}

/// The requests that are in the server, by number.
#[derive(Debug, Default)]
pub(crate) struct Inside(Mutex<Vec<Option<oneshot::Sender<Verdict>>>>);

impl Inside {
    /// What is behind the layer.
    pub(crate) fn service(inside: &Arc<Self>) -> Behind {
        Behind(Arc::clone(inside))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Option<oneshot::Sender<Verdict>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, request: u32) -> Option<oneshot::Sender<Verdict>> {
        self.lock().get_mut(request as usize)?.take()
    }

    fn has(&self, request: u32) -> bool {
        self.lock()
            .get(request as usize)
            .is_some_and(Option::is_some)
    }
}

/// The service behind the layer. What it answers is what the answer says of the server.
#[derive(Clone, Debug)]
pub(crate) struct Behind(Arc<Inside>);

type Answer = Result<Verdict, BoxError>;

impl Service<u32> for Behind {
    type Response = Verdict;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: u32) -> Self::Future {
        let (answer, answered) = oneshot::channel();
        let mut inside = self.0.lock();
        let place = request as usize;
        if inside.len() <= place {
            inside.resize_with(place + 1, || None);
        }
        inside[place] = Some(answer);
        Box::pin(async move { answered.await.map_err(Into::into) })
    }
}

/// Requests go through a layer, each in a task and with a clone of the service, as connections have it.
pub(crate) struct LayerDoor<S, L> {
    runtime: Runtime,
    service: S,
    inside: Arc<Inside>,
    limit: L,
    /// What the clock says, since the beginning.
    now: Duration,
    tasks: Vec<Option<JoinHandle<Answer>>>,
}

impl<S, L> LayerDoor<S, L> {
    pub(crate) fn new(runtime: Runtime, service: S, inside: Arc<Inside>, limit: L) -> Self {
        Self {
            runtime,
            service,
            inside,
            limit,
            now: Duration::ZERO,
            tasks: Vec::new(),
        }
    }

    fn put_clock(&mut self, now: Duration) {
        let ahead = now.saturating_sub(self.now);
        if !ahead.is_zero() {
            self.runtime.block_on(tokio::time::advance(ahead));
            self.now = now;
        }
    }
}

impl<S, L> Door for LayerDoor<S, L>
where
    S: Service<u32, Response = Verdict, Error = BoxError> + Clone + Send + 'static,
    S::Future: Send,
    L: Fn() -> u32,
{
    fn limit(&self) -> u32 {
        (self.limit)()
    }

    fn admits(&mut self, request: u32, now: Duration) -> bool {
        self.put_clock(now);
        let mut service = self.service.clone();
        let task = self.runtime.spawn(async move {
            poll_fn(|cx| service.poll_ready(cx)).await?;
            service.call(request).await
        });
        // It goes as far as it can.
        self.runtime.block_on(yield_now());
        let comes_in = self.inside.has(request);
        assert_ne!(
            comes_in,
            task.is_finished(),
            "in the server, or turned away"
        );
        if comes_in {
            let place = request as usize;
            if self.tasks.len() <= place {
                self.tasks.resize_with(place + 1, || None);
            }
            self.tasks[place] = Some(task);
        }
        comes_in
    }

    fn ended(&mut self, request: u32, sample: &Sample) {
        self.put_clock(sample.now);
        let answer = self.inside.take(request).expect("it is in the server");
        let task = self.tasks[request as usize].take().expect("it has a task");
        let verdict = sample.verdict;
        answer.send(verdict).expect("its task waits for the answer");
        let answered = self
            .runtime
            .block_on(task)
            .expect("a task that does not panic");
        assert_eq!(answered.ok(), Some(verdict), "the answer gets through");
    }
}

impl<S, L> fmt::Debug for LayerDoor<S, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LayerDoor")
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}
