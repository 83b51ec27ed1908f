//! The response of a call.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project::{pin_project, pinned_drop};
use seaworthy_core::panic;
use seaworthy_core::{Reason, Reject};

use super::fatal::Fatal;
use super::shared::Shared;

/// A call of one incarnation, or the refusal of a call. What goes wrong in a call ends its incarnation, and no
/// later one.
///
/// One flat struct, and the rejection itself is made when it is asked for: moving what is larger costs more than
/// all the rest.
#[pin_project(PinnedDrop)]
pub(super) struct Watched<F, S, R, T> {
    shared: Arc<Shared<S, R, T>>,
    generation: u64,
    /// Gone when it has resolved or panicked.
    #[pin]
    call: Option<F>,
    refused: Option<Reason>,
}

impl<F, S, R, T> Watched<F, S, R, T> {
    #[inline]
    pub(super) fn call(shared: Arc<Shared<S, R, T>>, generation: u64, call: Option<F>) -> Self {
        Self {
            shared,
            generation,
            call,
            refused: None,
        }
    }

    pub(super) fn refusal(shared: Arc<Shared<S, R, T>>, reason: Reason) -> Self {
        Self {
            shared,
            generation: 0,
            call: None,
            refused: Some(reason),
        }
    }

    pub(super) fn refused(&self) -> Option<Reason> {
        self.refused
    }
}

impl<F, S, R, T, Res, Err> Watched<F, S, R, T>
where
    F: Future<Output = Result<Res, Err>>,
    Err: fmt::Display,
    T: Fatal<Err>,
{
    /// What the call has to say. If it was refused or has crashed, that is noted, and nothing more will come.
    ///
    /// Results are passed on as they are: taking one out of one enum to put it into another stalls the processor
    /// for longer than all the rest takes.
    #[inline]
    fn watch(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Res, Err>> {
        let mut this = self.project();
        let mut polled = Poll::Pending;
        assert!(
            this.call.is_some() || this.refused.is_some(),
            "a response is not polled after it has resolved"
        );
        let caught = panic::catch(|| {
            if let Some(call) = this.call.as_mut().as_pin_mut() {
                polled = call.poll(cx);
                if polled.is_ready() {
                    this.call.set(None);
                }
            }
        });
        if let Err(panicked) = caught {
            // Never polled again; what its drop says is no news any more.
            let _ = panic::catch(|| this.call.set(None));
            this.shared.core.panicked(*this.generation, panicked);
            *this.refused = Some(Reason::Crashed);
            panic::drop_quietly(polled);
            return Poll::Pending;
        }
        match polled {
            // By value: what nobody points to can stay in registers.
            Poll::Ready(Err(error)) => Poll::Ready(Err(this.shared.weigh(*this.generation, error))),
            polled => polled,
        }
    }
}

impl<F, S, R, T, Res, Err> Future for Watched<F, S, R, T>
where
    F: Future<Output = Result<Res, Err>>,
    Err: fmt::Display,
    T: Fatal<Err>,
{
    type Output = Result<Result<Res, Err>, Reason>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = self.as_mut().watch(cx);
        match self.project().refused.take() {
            None => polled.map(Ok),
            Some(reason) => Poll::Ready(Err(reason)),
        }
    }
}

#[pinned_drop]
impl<F, S, R, T> PinnedDrop for Watched<F, S, R, T> {
    #[inline]
    fn drop(self: Pin<&mut Self>) {
        if self.call.is_some() {
            self.abandon();
        }
    }
}

impl<F, S, R, T> Watched<F, S, R, T> {
    /// Its caller does not want it any more. A drop that panics breaks the instance as any panic does.
    #[cold]
    fn abandon(self: Pin<&mut Self>) {
        let mut this = self.project();
        if let Err(panicked) = panic::catch(|| this.call.set(None)) {
            this.shared.core.panicked(*this.generation, panicked);
        }
    }
}

/// The response of a [`Supervised`](super::Supervised) service.
///
/// Dropping it drops the call.
#[pin_project]
#[must_use = "futures do nothing unless awaited"]
pub struct ResponseFuture<F, S, R, T> {
    #[pin]
    watched: Watched<F, S, R, T>,
}

impl<F, S, R, T> ResponseFuture<F, S, R, T> {
    #[inline]
    pub(super) fn new(watched: Watched<F, S, R, T>) -> Self {
        Self { watched }
    }
}

impl<F, S, R, T, Res, Err> Future for ResponseFuture<F, S, R, T>
where
    F: Future<Output = Result<Res, Err>>,
    Err: fmt::Display,
    R: Reject<Res, Err>,
    T: Fatal<Err>,
{
    type Output = Result<Res, Err>;

    /// # Panics
    ///
    /// If polled again after it has resolved.
    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut watched = self.project().watched;
        let polled = watched.as_mut().watch(cx);
        let this = watched.project();
        match this.refused.take() {
            None => polled,
            Some(reason) => Poll::Ready(this.shared.reject(reason)),
        }
    }
}

impl<F, S, R, T> fmt::Debug for ResponseFuture<F, S, R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
