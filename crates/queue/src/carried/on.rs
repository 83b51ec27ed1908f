//! A span that is carried.

use seaworthy_core::panic;
use tracing::Span;
use tracing::instrument::{Instrument, Instrumented};

/// The span that was current where the item was sent.
///
/// To clone and to drop a span is to call its subscriber, which is code of the user: never under a lock. One that panics
/// loses the span, and not the item.
#[derive(Debug)]
pub(crate) struct Carried {
    span: Span,
}

/// A future that is polled and dropped in the span.
pub(crate) type InSpan<F> = Instrumented<F>;

impl Carried {
    #[inline]
    pub(crate) fn current() -> Self {
        let span = panic::catch(Span::current).unwrap_or_else(|_| Span::none());
        Self { span }
    }

    pub(crate) fn span(&self) -> &Span {
        &self.span
    }

    pub(crate) fn into_span(mut self) -> Span {
        std::mem::replace(&mut self.span, Span::none())
    }

    #[inline]
    pub(crate) fn run<R>(&self, f: impl FnOnce() -> R) -> R {
        self.span.in_scope(f)
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

impl Default for Carried {
    fn default() -> Self {
        Self { span: Span::none() }
    }
}

impl Clone for Carried {
    fn clone(&self) -> Self {
        if self.is_none() {
            return Self::default();
        }
        let span = panic::catch(|| self.span.clone()).unwrap_or_else(|_| Span::none());
        Self { span }
    }
}

impl Drop for Carried {
    #[inline]
    fn drop(&mut self) {
        if !self.is_none() {
            panic::drop_quietly(std::mem::replace(&mut self.span, Span::none()));
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
