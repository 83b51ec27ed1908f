//! A service that does not outlive some of its answers.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project::pin_project;
use seaworthy_core::sync::Lock;
use tower_service::Service;

/// A service that answers, and then dies, if `fatal` says of the error that it gave what it dies of.
///
/// Its caller gets the answer. Before the service begins with another request it is not ready any more, for good, with the
/// error that `fatal` made, once: a [`worker`](crate::worker) ends with that, is restarted, and whoever waits is served by the
/// next incarnation. A panic also ends a worker, but its caller is told no more than that.
///
/// ```
/// use seaworthy::queue::service;
/// use seaworthy::supervisor::Supervisor;
/// use tower::{BoxError, Service, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let (parser, mut client) = seaworthy::worker(service::builder("parser"), |cx| async move {
///     let life = cx.incarnation();
///     let parse = service_fn(move |text: &str| {
///         let number = text.parse::<u8>();
///         async move { Ok::<_, BoxError>((life, number?)) }
///     });
///     Ok(seaworthy::dies_of(parse, |error: &BoxError| Some(error.to_string().into())))
/// })?;
/// let _tree = Supervisor::builder("app").child(parser).start().await?;
///
/// let error = client.ready().await?.call("x").await.unwrap_err();
/// assert_eq!(error.to_string(), "invalid digit found in string");
/// assert_eq!(client.ready().await?.call("7").await?, (2, 7));
/// # Ok(())
/// # }
/// ```
///
/// With several requests under way at the same time, those that go on when it has given such an answer end with it: their
/// callers are told that the worker [crashed](seaworthy_core::Reason::Crashed).
pub fn dies_of<S, E, F>(service: S, fatal: F) -> Mortal<S, E, F>
where
    F: Fn(&E) -> Option<E>,
{
    Mortal {
        service,
        shared: Arc::new(Shared {
            life: Lock::new(Life::Alive),
            fatal,
        }),
    }
}

/// The service that [`dies_of`] makes.
pub struct Mortal<S, E, F> {
    service: S,
    shared: Arc<Shared<E, F>>,
}

struct Shared<E, F> {
    life: Lock<Life<E>>,
    fatal: F,
}

enum Life<E> {
    Alive,
    /// Of this.
    Dies(E),
    Dead,
}

impl<S, Req, E, F> Service<Req> for Mortal<S, E, F>
where
    S: Service<Req, Error = E>,
    F: Fn(&E) -> Option<E>,
{
    type Response = S::Response;
    type Error = E;
    type Future = MortalFuture<S::Future, E, F>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), E>> {
        let mut life = self.shared.life.lock();
        if let Life::Alive = *life {
            drop(life);
            return self.service.poll_ready(cx);
        }
        match std::mem::replace(&mut *life, Life::Dead) {
            Life::Dies(cause) => Poll::Ready(Err(cause)),
            // It was said why, and whoever was told has no use for it.
            Life::Alive | Life::Dead => Poll::Pending,
        }
    }

    fn call(&mut self, request: Req) -> Self::Future {
        MortalFuture {
            call: self.service.call(request),
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<S: fmt::Debug, E, F> fmt::Debug for Mortal<S, E, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mortal")
            .field("service", &self.service)
            .finish_non_exhaustive()
    }
}

/// The answer of a [`Mortal`].
#[pin_project]
#[must_use = "futures do nothing unless they are polled"]
pub struct MortalFuture<C, E, F> {
    #[pin]
    call: C,
    shared: Arc<Shared<E, F>>,
}

impl<C, T, E, F> Future for MortalFuture<C, E, F>
where
    C: Future<Output = Result<T, E>>,
    F: Fn(&E) -> Option<E>,
{
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let polled = this.call.poll(cx);
        if let Poll::Ready(Err(error)) = &polled
            && let Some(cause) = (this.shared.fatal)(error)
        {
            let mut life = this.shared.life.lock();
            let unused = match &*life {
                Life::Alive => {
                    *life = Life::Dies(cause);
                    None
                }
                Life::Dies(_) | Life::Dead => Some(cause),
            };
            drop(life);
            drop(unused);
        }
        polled
    }
}

impl<C, E, F> fmt::Debug for MortalFuture<C, E, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MortalFuture").finish_non_exhaustive()
    }
}
