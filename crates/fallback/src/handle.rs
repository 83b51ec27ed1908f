//! Which outcomes will not do.

/// Says of an outcome whether somebody else is to answer. A closure does.
pub trait Handle<Res, Err> {
    /// Whether this outcome will not do.
    fn handles(&self, outcome: Result<&Res, &Err>) -> bool;
}

/// The default: every error.
#[derive(Clone, Copy, Debug, Default)]
pub struct Errors;

impl<Res, Err> Handle<Res, Err> for Errors {
    #[inline]
    fn handles(&self, outcome: Result<&Res, &Err>) -> bool {
        outcome.is_err()
    }
}

impl<F, Res, Err> Handle<Res, Err> for F
where
    F: Fn(Result<&Res, &Err>) -> bool,
{
    #[inline]
    fn handles(&self, outcome: Result<&Res, &Err>) -> bool {
        self(outcome)
    }
}
