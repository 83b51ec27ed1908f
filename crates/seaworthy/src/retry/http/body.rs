//! A body that can be read again.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http_body::{Body, Frame, SizeHint};
use seaworthy_core::BoxError;

use super::log::{Log, Place};

/// The body of a request that goes through a [`ReplayLayer`](super::ReplayLayer).
///
/// One attempt at a time reads: when the next begins, one that is left over from before gets an error.
pub struct ReplayBody<B: Body> {
    /// None if there was nothing to read from the beginning.
    log: Option<Arc<Log<B>>>,
    place: Place,
}

impl<B: Body> ReplayBody<B> {
    pub(super) fn new(body: B, max: usize) -> Self {
        let log = (!body.is_end_stream()).then(|| Arc::new(Log::new(body, max)));
        let place = Place::default();
        Self { log, place }
    }

    /// The same from the beginning, if all that was read of it is there.
    pub(super) fn copy(&self) -> Option<Self> {
        self.is_complete().then(|| Self {
            log: self.log.clone(),
            place: Place::default(),
        })
    }

    /// Whether all that was read of it is there.
    pub(super) fn is_complete(&self) -> bool {
        self.log.as_ref().is_none_or(|log| log.is_complete())
    }
}

impl<B> Body for ReplayBody<B>
where
    B: Body,
    B::Data: Clone,
    B::Error: Into<BoxError>,
{
    type Data = B::Data;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, BoxError>>> {
        let this = self.get_mut();
        let Some(log) = &this.log else {
            return Poll::Ready(None);
        };
        // Others that read are to begin later: they have this one too.
        let is_last = Arc::strong_count(log) == 1;
        log.poll(&mut this.place, is_last, cx)
    }

    fn is_end_stream(&self) -> bool {
        let log = self.log.as_ref();
        log.is_none_or(|log| log.is_at_end(&self.place))
    }

    fn size_hint(&self) -> SizeHint {
        let log = self.log.as_ref();
        log.map_or(SizeHint::with_exact(0), |log| log.size_hint(&self.place))
    }
}

/// Wherever the body itself is, it is behind a pointer.
impl<B: Body> Unpin for ReplayBody<B> {}

impl<B: Body> fmt::Debug for ReplayBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplayBody")
            .field("is_complete", &self.is_complete())
            .finish_non_exhaustive()
    }
}
