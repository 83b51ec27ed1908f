//! Whether a response says where it comes from.

use crate::answer::{Degraded, Source};

/// What becomes of an answer on its way to the caller.
pub trait Provenance<Res, Err> {
    /// What the caller gets.
    type Response;

    /// Of an answer, who has given it, and what the service came to instead.
    fn respond(
        &self,
        value: Res,
        source: Source,
        cause: Option<Result<Res, Err>>,
    ) -> Self::Response;
}

/// The default: the answer, as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Plain;

impl<Res, Err> Provenance<Res, Err> for Plain {
    type Response = Res;

    #[inline]
    fn respond(&self, value: Res, _: Source, _: Option<Result<Res, Err>>) -> Res {
        value
    }
}

/// The answer with its source: of [`FallbackLayer::with_source`](crate::FallbackLayer::with_source).
#[derive(Clone, Copy, Debug, Default)]
pub struct WithSource;

impl<Res, Err> Provenance<Res, Err> for WithSource {
    type Response = Degraded<Res, Err>;

    #[inline]
    fn respond(
        &self,
        value: Res,
        source: Source,
        cause: Option<Result<Res, Err>>,
    ) -> Degraded<Res, Err> {
        Degraded::new(value, source, cause)
    }
}
