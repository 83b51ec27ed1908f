//! A body whose end is the end of its call.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http_body::{Body, Frame, SizeHint};
use pin_project::{pin_project, pinned_drop};
use seaworthy_core::Verdict;

use super::classify::JudgeTrailers;
use crate::machine::Ending;
use crate::permit::Permit;

/// The body of a response through a [`HttpLayer`](super::HttpLayer): its end says how the call ended.
///
/// Read to the end it is a success, or what its trailers say; an error is a failure. Dropped before that it is a call
/// that was cancelled.
#[pin_project(PinnedDrop)]
#[derive(Debug)]
pub struct JudgedBody<B, P> {
    #[pin]
    inner: B,
    judge: Option<(Permit, P)>,
}

impl<B, P> JudgedBody<B, P> {
    /// A body that says nothing any more.
    pub(super) fn said(inner: B) -> Self {
        Self { inner, judge: None }
    }
}

impl<B: Body, P> JudgedBody<B, P> {
    pub(super) fn new(inner: B, mut permit: Permit, protocol: P) -> Self {
        if inner.is_end_stream() {
            permit.end(Ending::SUCCESS);
            return Self::said(inner);
        }
        let judge = Some((permit, protocol));
        Self { inner, judge }
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
        let frame = ready!(this.inner.as_mut().poll_frame(cx));
        let verdict = match &frame {
            None => Some(Verdict::Success),
            Some(Err(_)) => Some(Verdict::Failure),
            Some(Ok(frame)) => {
                let said = this.judge.as_ref().zip(frame.trailers_ref());
                let said = said.and_then(|((_, protocol), trailers)| protocol.trailers(trailers));
                let ended = this.inner.is_end_stream();
                said.or_else(|| ended.then_some(Verdict::Success))
            }
        };
        if let Some((mut permit, _)) = verdict.and_then(|_| this.judge.take()) {
            permit.end(Ending::Verdict(verdict.unwrap_or(Verdict::Success)));
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// As that of a response: it was cancelled, whatever its thread panics about.
#[pinned_drop]
impl<B, P> PinnedDrop for JudgedBody<B, P> {
    fn drop(self: Pin<&mut Self>) {
        if let Some((permit, _)) = self.project().judge {
            permit.end(Ending::Cancelled);
        }
    }
}
