//! A body whose end is the end of its call.

use std::pin::Pin;
use std::task::{Context, Poll};

use http_body::{Body, Frame, SizeHint};
use pin_project::{pin_project, pinned_drop};
use seaworthy_core::Verdict;

use super::trailers::JudgeTrailers;
use crate::permit::Permit;

/// The body of a response through a [`HttpLayer`](super::HttpLayer): its end says how the call ended.
///
/// Read to the end it is a success, or what its trailers say; an error is a failure, and so is a panic. Dropped before
/// that it is a success: the head was good, and so was what has been read.
#[pin_project(PinnedDrop)]
#[derive(Debug)]
pub struct JudgedBody<B, P> {
    #[pin]
    inner: B,
    /// Until the call is over.
    call: Option<Call<P>>,
}

#[derive(Debug)]
struct Call<P> {
    permit: Permit,
    protocol: P,
    /// What it comes to unless the trailers say something else.
    without_trailers: Verdict,
}

impl<B, P> JudgedBody<B, P> {
    /// A body that says nothing any more.
    pub(super) fn said(inner: B) -> Self {
        Self { inner, call: None }
    }
}

impl<B: Body, P> JudgedBody<B, P> {
    /// A body after a head that was a success.
    pub(super) fn new(inner: B, permit: Permit, protocol: P, without_trailers: Verdict) -> Self {
        if inner.is_end_stream() {
            permit.record(without_trailers);
            return Self::said(inner);
        }
        let call = Some(Call {
            permit,
            protocol,
            without_trailers,
        });
        Self { inner, call }
    }
}

impl<B: Body, P: JudgeTrailers> Body for JudgedBody<B, P> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        // If the code of the user panics this is dropped, and the permit counts it as a panic.
        let Some(call) = this.call.take() else {
            return this.inner.poll_frame(cx);
        };
        let polled = this.inner.as_mut().poll_frame(cx);
        let verdict = match &polled {
            Poll::Pending => None,
            Poll::Ready(None) => Some(call.without_trailers),
            Poll::Ready(Some(Err(_))) => Some(Verdict::Failure),
            Poll::Ready(Some(Ok(frame))) => match frame.trailers_ref() {
                // Nothing comes after them, and nobody has to ask for it.
                Some(trailers) => {
                    let said = call.protocol.trailers(trailers);
                    Some(said.unwrap_or(call.without_trailers))
                }
                None => this.inner.is_end_stream().then_some(call.without_trailers),
            },
        };
        match verdict {
            Some(verdict) => call.permit.record(verdict),
            None => *this.call = Some(call),
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Whatever its thread panics about: many clients look at the status alone, and a server stops where it has said that the
/// body ends.
#[pinned_drop]
impl<B, P> PinnedDrop for JudgedBody<B, P> {
    fn drop(self: Pin<&mut Self>) {
        if let Some(call) = self.project().call.take() {
            call.permit.success();
        }
    }
}
