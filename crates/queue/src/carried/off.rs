//! Nothing is carried.

/// Without the feature `tracing`, of no size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Carried(());

/// A future that runs as it is.
pub(crate) type InSpan<F> = F;

impl Carried {
    #[inline]
    pub(crate) fn current() -> Self {
        Self(())
    }

    #[inline]
    pub(crate) fn run<R>(&self, f: impl FnOnce() -> R) -> R {
        f()
    }

    #[inline]
    pub(crate) fn wrap<F>(self, future: F) -> InSpan<F> {
        future
    }

    /// It need not be dropped with care.
    #[inline]
    pub(crate) fn is_none(&self) -> bool {
        true
    }
}
