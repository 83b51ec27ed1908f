//! What a caller gets if nobody has an answer.

use crate::miss::{BothFailed, Miss};

/// Says what becomes of a call that has failed, and for which no strategy had an answer.
pub trait LastWord<Res, Err> {
    /// `outcome` is what the service came to, `miss` why the last strategy has no answer.
    ///
    /// # Errors
    ///
    /// What the caller is to see.
    fn say(&self, outcome: Result<Res, Err>, miss: Miss) -> Result<Res, Err>;
}

/// The default: what the service came to. Why the fallback failed is in the [events](crate::FallbackEvent).
#[derive(Clone, Copy, Debug, Default)]
pub struct Primary;

impl<Res, Err> LastWord<Res, Err> for Primary {
    fn say(&self, outcome: Result<Res, Err>, _: Miss) -> Result<Res, Err> {
        outcome
    }
}

/// Both errors, as one: of [`FallbackBuilder::both_errors`](crate::FallbackBuilder::both_errors).
#[derive(Clone, Copy, Debug, Default)]
pub struct Both;

impl<Res, Err: From<BothFailed<Err>>> LastWord<Res, Err> for Both {
    fn say(&self, outcome: Result<Res, Err>, fallback: Miss) -> Result<Res, Err> {
        outcome.map_err(|primary| BothFailed { primary, fallback }.into())
    }
}

/// What a function makes of both: of [`FallbackBuilder::on_both_failed`](crate::FallbackBuilder::on_both_failed).
#[derive(Clone, Copy, Debug)]
pub struct OnBothFailed<F>(pub(crate) F);

impl<F, Res, Err> LastWord<Res, Err> for OnBothFailed<F>
where
    F: Fn(BothFailed<Err>) -> Result<Res, Err>,
{
    fn say(&self, outcome: Result<Res, Err>, fallback: Miss) -> Result<Res, Err> {
        outcome.or_else(|primary| (self.0)(BothFailed { primary, fallback }))
    }
}

/// Another error: of [`FallbackBuilder::map_error`](crate::FallbackBuilder::map_error).
#[derive(Clone, Copy, Debug)]
pub struct MapError<F>(pub(crate) F);

impl<F, Res, Err> LastWord<Res, Err> for MapError<F>
where
    F: Fn(Err) -> Err,
{
    fn say(&self, outcome: Result<Res, Err>, _: Miss) -> Result<Res, Err> {
        outcome.map_err(&self.0)
    }
}
