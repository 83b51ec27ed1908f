//! The span of whoever brings a job, in which it is done.

#[cfg(feature = "tracing")]
mod imp {
    use seaworthy_core::panic;

    pub(crate) struct Span(Option<tracing::Span>);

    impl Span {
        pub(crate) fn current() -> Self {
            Self(Some(tracing::Span::current()))
        }

        pub(crate) fn enter<R>(&self, run: impl FnOnce() -> R) -> R {
            match &self.0 {
                Some(span) => span.in_scope(run),
                None => run(),
            }
        }
    }

    /// A subscriber is code of the user.
    impl Drop for Span {
        fn drop(&mut self) {
            panic::drop_quietly(self.0.take());
        }
    }
}

#[cfg(not(feature = "tracing"))]
mod imp {
    pub(crate) struct Span;

    impl Span {
        pub(crate) fn current() -> Self {
            Self
        }

        pub(crate) fn enter<R>(&self, run: impl FnOnce() -> R) -> R {
            run()
        }
    }
}

pub(crate) use imp::Span;
