//! What was read of a body, and what is still to be read.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::Buf;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use seaworthy_core::BoxError;
use seaworthy_core::sync::Lock;

/// What a part of a body takes beside its bytes, whatever those are.
const PART: usize = 64;

/// A body, and a copy of all that was read of it.
pub(super) struct Log<B: Body> {
    inner: Lock<Inner<B>>,
}

struct Inner<B: Body> {
    source: Pin<Box<B>>,
    kept: Vec<Kept<B::Data>>,
    /// How much more may be kept.
    room: usize,
    /// Something that was read is not there any more, or the rest will never come.
    is_lost: bool,
    is_ended: bool,
    /// How many have begun to read; the last of them does, the others may not.
    readers: u64,
    /// Who reads, if that one waits.
    waiting: Option<Waker>,
}

/// As a frame is, which cannot be cloned.
#[derive(Clone)]
enum Kept<D> {
    Data(D),
    Trailers(HeaderMap),
}

/// Where a reader is.
#[derive(Default)]
pub(super) struct Place {
    /// Which of the readers it is, counted from 1; 0 if it has not begun.
    reader: u64,
    /// How many of the parts that are kept it has had.
    parts: usize,
}

impl<B: Body> Log<B> {
    pub(super) fn new(source: B, max: usize) -> Self {
        let is_too_long = usize::try_from(source.size_hint().lower()).map_or(true, |it| it > max);
        Self {
            inner: Lock::new(Inner {
                source: Box::pin(source),
                kept: Vec::new(),
                room: max,
                is_lost: is_too_long,
                is_ended: false,
                readers: 0,
                waiting: None,
            }),
        }
    }

    pub(super) fn is_complete(&self) -> bool {
        !self.inner.lock().is_lost
    }

    /// Whether there is nothing after this place.
    pub(super) fn is_at_end(&self, place: &Place) -> bool {
        let inner = self.inner.lock();
        let is_ended = inner.is_ended || inner.source.is_end_stream();
        is_ended && inner.reads(place) && place.parts >= inner.kept.len()
    }

    /// How many bytes there are after this place.
    pub(super) fn size_hint(&self, place: &Place) -> SizeHint {
        let inner = self.inner.lock();
        let mut hint = if inner.is_ended {
            SizeHint::with_exact(0)
        } else {
            inner.source.size_hint()
        };
        let kept = inner.kept.iter().skip(place.parts);
        let kept = kept.map(|kept| bytes::<B>(kept) as u64).sum::<u64>();
        // The upper bound first: it is never to be below the lower.
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper.saturating_add(kept));
        }
        hint.set_lower(hint.lower().saturating_add(kept));
        hint
    }
}

impl<B> Log<B>
where
    B: Body,
    B::Data: Clone,
    B::Error: Into<BoxError>,
{
    /// The next part after this place. If this reader `is_last`, nobody needs what it has read.
    pub(super) fn poll(
        &self,
        place: &mut Place,
        is_last: bool,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, BoxError>>> {
        let mut inner = self.inner.lock();
        let superseded = if inner.may_begin(place) {
            inner.readers += 1;
            place.reader = inner.readers;
            inner.waiting.take()
        } else {
            None
        };
        let polled = if inner.reads(place) {
            inner.poll(place, is_last, cx)
        } else {
            Poll::Ready(Some(Err(GONE.into())))
        };
        drop(inner);
        if let Some(waiting) = superseded {
            // It is told that it is over.
            waiting.wake();
        }
        polled
    }
}

const GONE: &str = "what was read of the body is not there any more";

impl<B: Body> Inner<B> {
    fn may_begin(&self, place: &Place) -> bool {
        place.reader == 0 && (!self.is_lost || self.readers == 0)
    }

    /// Whether it is the one that reads, or would be.
    fn reads(&self, place: &Place) -> bool {
        self.may_begin(place) || (place.reader == self.readers && place.reader > 0)
    }
}

impl<B> Inner<B>
where
    B: Body,
    B::Data: Clone,
    B::Error: Into<BoxError>,
{
    fn poll(
        &mut self,
        place: &mut Place,
        is_last: bool,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, BoxError>>> {
        if let Some(kept) = self.kept.get(place.parts) {
            place.parts += 1;
            return Poll::Ready(Some(Ok(kept.clone().into_frame())));
        }
        if self.is_ended {
            return Poll::Ready(None);
        }
        let polled = self.source.as_mut().poll_frame(cx);
        match &polled {
            Poll::Pending => self.waiting = Some(cx.waker().clone()),
            Poll::Ready(None) => self.is_ended = true,
            Poll::Ready(Some(Err(_))) => {
                self.is_ended = true;
                self.lose();
            }
            Poll::Ready(Some(Ok(_))) if is_last => self.lose(),
            Poll::Ready(Some(Ok(frame))) => self.keep(frame),
        }
        place.parts = self.kept.len();
        polled.map_err(Into::into)
    }

    fn keep(&mut self, frame: &Frame<B::Data>) {
        let Some(kept) = Kept::of(frame).filter(|_| !self.is_lost) else {
            return;
        };
        let size = bytes::<B>(&kept).saturating_add(PART);
        match self.room.checked_sub(size) {
            Some(room) => {
                self.room = room;
                self.kept.push(kept);
            }
            None => self.lose(),
        }
    }

    fn lose(&mut self) {
        self.is_lost = true;
        self.kept = Vec::new();
    }
}

impl<D> Kept<D> {
    fn into_frame(self) -> Frame<D> {
        match self {
            Self::Data(data) => Frame::data(data),
            Self::Trailers(trailers) => Frame::trailers(trailers),
        }
    }
}

impl<D: Clone> Kept<D> {
    fn of(frame: &Frame<D>) -> Option<Self> {
        let data = frame.data_ref().cloned().map(Self::Data);
        data.or_else(|| frame.trailers_ref().cloned().map(Self::Trailers))
    }
}

/// How many bytes of the body a part is.
fn bytes<B: Body>(kept: &Kept<B::Data>) -> usize {
    match kept {
        Kept::Data(data) => data.remaining(),
        Kept::Trailers(_) => 0,
    }
}
