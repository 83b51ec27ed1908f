//! The requests that a worker has under way.

use std::num::NonZeroUsize;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::stream::{FuturesUnordered, Stream};
use pin_project::pin_project;

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
#[pin_project]
pub(super) struct Call<F, Req, Res, E> {
    #[pin]
    future: F,
    /// Taken when it is done.
    job: Option<Job<Req, Res, E>>,
    began: Began,
}

impl<F, Req, Res, E> Call<F, Req, Res, E> {
    pub(super) fn new(future: F, job: Job<Req, Res, E>) -> Self {
        Self {
            future,
            job: Some(job),
            began: Began::now(),
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
        let this = self.project();
        let outcome = ready!(this.future.poll(cx));
        if let Some(job) = this.job.take() {
            job.end(outcome);
        }
        Poll::Ready(*this.began)
    }
}

impl<F, Req, Res, E> Running<F, Req, Res, E> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::One(call) => usize::from(call.is_some()),
            Self::Many { calls, .. } => calls.len(),
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
