//! A service that is a state and a function.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::Mutex;
use tower_service::Service;

/// A service made of a state and an async function that has the state for itself while it serves a request: what Erlang
/// calls the callbacks of a generic server.
///
/// Requests are served one after the other, in the order in which they came, however many the worker has under way. For
/// [`worker`](crate::worker) and [`Workers`](crate::Workers):
///
/// ```
/// use seaworthy::supervisor::Supervisor;
/// use seaworthy::{Workers, stateful};
/// use tower::BoxError;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let (lists, child) = Workers::builder("lists").build(|user: String, _cx| async {
///     let list = vec![user];
///     Ok(stateful(list, async |list: &mut Vec<String>, item: String| {
///         list.push(item);
///         Ok::<_, BoxError>(list.join(", "))
///     }))
/// })?;
/// # let _tree = Supervisor::builder("app").child(child).start().await?;
/// lists.call("Alice".to_owned(), "milk".to_owned()).await?;
/// assert_eq!(lists.call("Alice".to_owned(), "tea".to_owned()).await?, "Alice, milk, tea");
/// # Ok(())
/// # }
/// ```
///
/// A method does as well:
///
/// ```
/// # use tower::BoxError;
/// struct Counter { calls: u64 }
///
/// impl Counter {
///     async fn count(&mut self, times: u64) -> Result<u64, BoxError> {
///         self.calls += times;
///         Ok(self.calls)
///     }
/// }
///
/// let service = seaworthy::stateful(Counter { calls: 0 }, Counter::count);
/// # fn is_service(_: impl tower::Service<u64, Response = u64, Error = BoxError>) {}
/// # is_service(service);
/// ```
///
/// The function must not capture anything: what it needs is in the state. (An async closure that captures something lends
/// it to its futures, and no bound can say of those that they are `Send`.) Each call takes one allocation.
///
/// When a request is dropped half way, the state is as it was left. That does not happen to requests of workers, whose
/// futures are dropped only with the service itself.
pub fn stateful<State, Req, Res, E, F>(state: State, function: F) -> Stateful<State, Req, Res, E, F>
where
    F: for<'a> StateFn<'a, State, Req, Output = Result<Res, E>>,
{
    Stateful {
        parts: Arc::new((Mutex::new(state), function)),
        types: PhantomData,
    }
}

/// An async function of a state, which it may change, and a request. All such functions are, if they capture nothing and
/// their futures are `Send`.
pub trait StateFn<'a, State: 'a, Req> {
    /// What comes of it.
    type Output;
    /// The future, which borrows the state.
    type Future: Future<Output = Self::Output> + Send + 'a;

    /// Begins with a request.
    fn serve(&self, state: &'a mut State, request: Req) -> Self::Future;
}

impl<'a, State: 'a, Req, F, Fut> StateFn<'a, State, Req> for F
where
    F: Fn(&'a mut State, Req) -> Fut,
    Fut: Future + Send + 'a,
{
    type Output = Fut::Output;
    type Future = Fut;

    fn serve(&self, state: &'a mut State, request: Req) -> Fut {
        self(state, request)
    }
}

/// The service that [`stateful`] makes.
pub struct Stateful<State, Req, Res, E, F> {
    parts: Arc<(Mutex<State>, F)>,
    types: PhantomData<fn(Req) -> Result<Res, E>>,
}

impl<State, Req, Res, E, F> Service<Req> for Stateful<State, Req, Res, E, F>
where
    F: for<'a> StateFn<'a, State, Req, Output = Result<Res, E>> + Send + Sync + 'static,
    State: Send + 'static,
    Req: Send + 'static,
    Res: 'static,
    E: 'static,
{
    type Response = Res;
    type Error = E;
    type Future = Pin<Box<dyn Future<Output = Result<Res, E>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), E>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Req) -> Self::Future {
        let parts = Arc::clone(&self.parts);
        Box::pin(async move {
            let (state, function) = &*parts;
            let mut state = state.lock().await;
            function.serve(&mut state, request).await
        })
    }
}

impl<State, Req, Res, E, F> fmt::Debug for Stateful<State, Req, Res, E, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stateful").finish_non_exhaustive()
    }
}
