//! Ways to answer when the service has not.

mod backup;
mod chain;
mod function;
mod last_good;
mod once;
mod running;
mod value;

use std::pin::Pin;
use std::task::{Context, Poll};

use crate::answer::Source;
use crate::desk::Desk;
use crate::miss::Miss;

pub use backup::Backup;
pub use chain::{Nothing, Then};
pub use function::{AsyncFunction, AsyncFunctionOf, Function, FunctionOf};
pub use last_good::{LastGood, LastGoodBuilder};
use once::Once;
use running::Running;
pub use value::Value;

/// A way to answer when the service has not.
///
/// Made by [`FallbackBuilder`](crate::FallbackBuilder); nothing else implements it, nor can.
pub trait Strategy<Req, Res, Err> {
    /// What it has to know of a request until there is an outcome.
    type Kept;
    /// An answer that is being made.
    type Answering;

    /// Takes from a request what it has to know, before the service gets it.
    fn keep(&self, request: &Req) -> Self::Kept;

    /// An answer without asking the service.
    fn instead(&self, kept: &Self::Kept, desk: &Desk) -> Option<(Res, Source)> {
        let _ = (kept, desk);
        None
    }

    /// The service has answered this, and it will do.
    #[inline]
    fn learn(&self, kept: Self::Kept, response: &Res) {
        let _ = (kept, response);
    }

    /// The service came to this, and it will not do.
    fn begin(&self, kept: Self::Kept, outcome: Result<&Res, &Err>, desk: &Desk) -> Self::Answering;

    /// An answer, or why there is none. Not polled again after that.
    fn poll(
        &self,
        answering: Pin<&mut Self::Answering>,
        cx: &mut Context<'_>,
        outcome: Result<&Res, &Err>,
        desk: &Desk,
    ) -> Poll<Result<(Res, Source), Miss>>;
}

/// What a strategy keeps of a request. A closure `Fn(&Request) -> T` does.
pub trait Keep<Req> {
    /// What is kept.
    type Kept;

    /// Takes it from a request.
    fn keep(&self, request: &Req) -> Self::Kept;
}

impl<F, Req, T> Keep<Req> for F
where
    F: Fn(&Req) -> T,
{
    type Kept = T;

    #[inline]
    fn keep(&self, request: &Req) -> T {
        self(request)
    }
}

/// All of it: a clone.
#[derive(Clone, Copy, Debug, Default)]
pub struct Whole;

impl<Req: Clone> Keep<Req> for Whole {
    type Kept = Req;

    #[inline]
    fn keep(&self, request: &Req) -> Req {
        request.clone()
    }
}
