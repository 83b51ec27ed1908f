//! A span that is carried.

use seaworthy_core::panic;
use tracing::Span;
use tracing::instrument::{Instrument, Instrumented};
use tracing::level_filters::LevelFilter;

/// The span that was current where the item was sent, if there was one.
///
/// To clone and to drop a span is to call its subscriber, which is code of the user: never under a lock. One that panics
/// loses the span, and not the item.
///
/// Where there is no span, items are as small as they would be otherwise.
#[derive(Debug, Default)]
pub(crate) struct Carried {
    span: Option<Box<Span>>,
}

/// A future that is polled and dropped in the span.
pub(crate) type InSpan<F> = Instrumented<F>;

impl Carried {
    #[inline]
    pub(crate) fn current() -> Self {
        if LevelFilter::current() == LevelFilter::OFF {
            // Nobody listens.
            return Self::default();
        }
        Self::of(Span::current)
    }

    #[inline(never)]
    fn of(span: impl FnOnce() -> Span) -> Self {
        let span = panic::catch(span).ok().filter(|span| !span.is_none());
        Self {
            span: span.map(Box::new),
        }
    }

    pub(crate) fn span(&self) -> &Span {
        static NONE: Span = Span::none();
        self.span.as_deref().unwrap_or(&NONE)
    }

    pub(crate) fn into_span(mut self) -> Span {
        self.span.take().map_or_else(Span::none, |span| *span)
    }

    #[inline]
    pub(crate) fn run<R>(&self, f: impl FnOnce() -> R) -> R {
        match &self.span {
            Some(span) => span.in_scope(f),
            None => f(),
        }
    }

    #[inline]
    pub(crate) fn wrap<F>(self, future: F) -> InSpan<F> {
        future.instrument(self.into_span())
    }

    /// It need not be dropped with care.
    #[inline]
    pub(crate) fn is_none(&self) -> bool {
        self.span.is_none()
    }
}

impl Clone for Carried {
    fn clone(&self) -> Self {
        match &self.span {
            Some(span) => Self::of(|| (**span).clone()),
            None => Self::default(),
        }
    }
}

impl Drop for Carried {
    #[inline]
    fn drop(&mut self) {
        if let Some(span) = self.span.take() {
            panic::drop_quietly(span);
        }
    }
}

/// It says nothing about the item.
impl PartialEq for Carried {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Carried {}
