//! What becomes of a panic of the service.

use std::task::Poll;

use seaworthy_core::{Name, Reason, Rejected, panic};

/// What becomes of a panic of the service behind a fallback.
pub trait Panics<Err> {
    /// Does something that is code of the service.
    fn guard<Res>(
        &self,
        name: Name,
        call: impl FnOnce() -> Poll<Result<Res, Err>>,
    ) -> Poll<Result<Res, Err>>;
}

/// The default: it goes on to the caller.
#[derive(Clone, Copy, Debug, Default)]
pub struct Propagate;

impl<Err> Panics<Err> for Propagate {
    #[inline]
    fn guard<Res>(
        &self,
        _: Name,
        call: impl FnOnce() -> Poll<Result<Res, Err>>,
    ) -> Poll<Result<Res, Err>> {
        call()
    }
}

/// It is an error like any other: of [`FallbackLayer::catch_panics`](crate::FallbackLayer::catch_panics).
#[derive(Clone, Copy, Debug, Default)]
pub struct Catch;

impl<Err: From<Rejected>> Panics<Err> for Catch {
    fn guard<Res>(
        &self,
        name: Name,
        call: impl FnOnce() -> Poll<Result<Res, Err>>,
    ) -> Poll<Result<Res, Err>> {
        panic::catch(call).unwrap_or_else(|_| {
            let crashed = Rejected::new(Reason::Crashed, name);
            Poll::Ready(Err(crashed.into()))
        })
    }
}
