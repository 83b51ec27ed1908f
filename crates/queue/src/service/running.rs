//! The requests that a worker has under way.

use std::num::NonZeroUsize;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::stream::{FuturesUnordered, Stream};
use pin_project::{pin_project, pinned_drop};
use seaworthy_core::panic;

use super::job::Job;
use crate::metrics::Began;

/// One request at a time is kept in place; several are in a list.
#[pin_project(project = Project)]
pub(super) enum Running<F, Req, Res, E> {
    One(#[pin] Option<Call<F, Req, Res, E>>),
    Many {
        #[pin]
        calls: FuturesUnordered<Call<F, Req, Res, E>>,
        most: usize,
    },
}

/// A call of the service, and for whom.
#[pin_project(PinnedDrop)]
pub(super) struct Call<F, Req, Res, E> {
    /// Gone before the caller has the answer, with all that it holds.
    #[pin]
    future: Option<F>,
    /// Taken when it is done.
    job: Option<Job<Req, Res, E>>,
    began: Began,
    /// It is being polled: if it is dropped now, it has panicked.
    polled: bool,
}

impl<F, Req, Res, E> Call<F, Req, Res, E> {
    pub(super) fn new(future: F, job: Job<Req, Res, E>) -> Self {
        Self {
            future: Some(future),
            job: Some(job),
            began: Began::now(),
            polled: false,
        }
    }
}

impl<F, Req, Res, E> Future for Call<F, Req, Res, E>
where
    F: Future<Output = Result<Res, E>>,
{
    type Output = Began;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Began> {
        let mut this = self.project();
        if let Some(future) = this.future.as_mut().as_pin_mut() {
            *this.polled = true;
            let polled = future.poll(cx);
            *this.polled = false;
            let outcome = ready!(polled);
            this.future.set(None);
            if let Some(job) = this.job.take() {
                job.end(outcome);
            }
        }
        Poll::Ready(*this.began)
    }
}

/// The worker is gone: by a panic, of this call or another one, or because somebody ended it.
#[pinned_drop]
impl<F, Req, Res, E> PinnedDrop for Call<F, Req, Res, E> {
    fn drop(self: Pin<&mut Self>) {
        let mut this = self.project();
        if let Some(job) = this.job.take() {
            // A value of the user, and somebody may be unwinding already.
            let _ = panic::catch(|| this.future.set(None));
            let innocent = std::thread::panicking() && !*this.polled;
            job.abort(!innocent);
        }
    }
}

impl<F, Req, Res, E> Running<F, Req, Res, E> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::One(call) => usize::from(call.is_some()),
            Self::Many { calls, .. } => calls.len(),
        }
    }

    /// Drops all of them.
    pub(super) fn clear(self: Pin<&mut Self>) {
        match self.project() {
            Project::One(mut place) => place.set(None),
            Project::Many { mut calls, .. } => calls.clear(),
        }
    }
}

impl<F, Req, Res, E> Running<F, Req, Res, E>
where
    F: Future<Output = Result<Res, E>>,
{
    pub(super) fn new(most: NonZeroUsize) -> Self {
        match most.get() {
            1 => Self::One(None),
            most => Self::Many {
                calls: FuturesUnordered::new(),
                most,
            },
        }
    }

    pub(super) fn is_full(self: Pin<&mut Self>) -> bool {
        match self.project() {
            Project::One(call) => call.is_some(),
            Project::Many { calls, most } => calls.len() >= *most,
        }
    }

    pub(super) fn push(self: Pin<&mut Self>, call: Call<F, Req, Res, E>) {
        match self.project() {
            Project::One(mut place) => place.set(Some(call)),
            Project::Many { calls, .. } => calls.push(call),
        }
    }

    /// Goes on with all of them, and tells of each that has ended when it began.
    #[inline]
    pub(super) fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>, mut ended: impl FnMut(Began)) {
        match self.project() {
            Project::One(mut place) => {
                let polled = place.as_mut().as_pin_mut().map(|call| call.poll(cx));
                if let Some(Poll::Ready(began)) = polled {
                    place.set(None);
                    ended(began);
                }
            }
            Project::Many { mut calls, .. } => {
                while let Poll::Ready(Some(began)) = calls.as_mut().poll_next(cx) {
                    ended(began);
                }
            }
        }
    }
}
