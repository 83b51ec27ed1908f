//! A body that comes part by part.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};

/// What comes next.
#[derive(Clone, Debug)]
pub enum Part {
    Data(&'static str),
    /// A header of this value.
    Trailers(&'static str),
    /// Nothing for now.
    Pause,
    /// Nothing any more.
    BreaksOff,
}

/// Comes part by part, and tells how much of it was asked for.
#[derive(Clone, Default)]
pub struct Source {
    parts: Arc<Mutex<VecDeque<Part>>>,
    asked: Arc<Mutex<(usize, Option<Waker>)>>,
    length: Option<u64>,
}

impl Source {
    pub fn new(parts: impl IntoIterator<Item = Part>) -> Self {
        Self {
            parts: Arc::new(Mutex::new(parts.into_iter().collect())),
            ..Self::default()
        }
    }

    /// Says beforehand how long it is.
    pub fn of_length(mut self, length: u64) -> Self {
        self.length = Some(length);
        self
    }

    /// What all that is left of it shares.
    pub fn handle(&self) -> &Arc<impl Sized> {
        &self.parts
    }

    /// How many parts were taken.
    pub fn asked(&self) -> usize {
        self.asked.lock().expect("not poisoned").0
    }

    /// Goes on after a pause that nobody was to end.
    pub fn resume(&self) {
        let waker = self.asked.lock().expect("not poisoned").1.take();
        waker.expect("somebody waits").wake();
    }
}

pub fn trailers(value: &'static str) -> HeaderMap {
    let value = http::HeaderValue::from_static(value);
    HeaderMap::from_iter([(http::HeaderName::from_static("checksum"), value)])
}

impl Body for Source {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        let mut asked = self.asked.lock().expect("not poisoned");
        asked.0 += 1;
        let part = self.parts.lock().expect("not poisoned").pop_front();
        Poll::Ready(Some(match part {
            None => return Poll::Ready(None),
            Some(Part::Data(text)) => Ok(Frame::data(Bytes::from_static(text.as_bytes()))),
            Some(Part::Trailers(value)) => Ok(Frame::trailers(trailers(value))),
            Some(Part::BreaksOff) => Err("it broke off"),
            Some(Part::Pause) => {
                asked.1 = Some(cx.waker().clone());
                return Poll::Pending;
            }
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.parts.lock().expect("not poisoned").is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        if let Some(length) = self.length {
            return SizeHint::with_exact(length);
        }
        let parts = self.parts.lock().expect("not poisoned");
        let bytes = parts.iter().map(|part| match part {
            Part::Data(text) => text.len() as u64,
            _ => 0,
        });
        // It knows what there is, and not whether that will come.
        let mut hint = SizeHint::default();
        hint.set_upper(bytes.sum());
        hint
    }
}
