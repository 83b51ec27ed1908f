//! Functions of what the service came to, and of the request.

use std::pin::Pin;
use std::task::{Context, Poll};

use seaworthy_core::{BoxError, panic};

use super::{Keep, Once, Running, Strategy};
use crate::answer::Source;
use crate::desk::Desk;
use crate::miss::Miss;

/// Answers with what a function makes of the outcome.
#[derive(Clone, Copy, Debug)]
pub struct Function<F>(pub(crate) F);

/// Answers with what a function makes of the request and the outcome.
#[derive(Clone, Copy, Debug)]
pub struct FunctionOf<K, F> {
    pub(crate) keep: K,
    pub(crate) make: F,
}

/// Answers with what an async function makes of the outcome.
#[derive(Clone, Copy, Debug)]
pub struct AsyncFunction<F>(pub(crate) F);

/// Answers with what an async function makes of the request and the outcome.
#[derive(Clone, Copy, Debug)]
pub struct AsyncFunctionOf<K, F> {
    pub(crate) keep: K,
    pub(crate) make: F,
}

fn made<Res>(make: impl FnOnce() -> Res) -> Poll<Result<(Res, Source), Miss>> {
    let made = panic::catch(make).map_err(Miss::Panicked);
    Poll::Ready(made.map(|response| (response, Source::Function)))
}

impl<F, Req, Res, Err> Strategy<Req, Res, Err> for Function<F>
where
    F: Fn(Result<&Res, &Err>) -> Res,
{
    type Kept = ();
    type Answering = ();

    #[inline]
    fn keep(&self, _: &Req) {}

    #[inline]
    fn begin(&self, (): (), _: Result<&Res, &Err>, _: &Desk) {}

    #[inline]
    fn poll(
        &self,
        _: Pin<&mut ()>,
        _: &mut Context<'_>,
        outcome: Result<&Res, &Err>,
        _: &Desk,
    ) -> Poll<Result<(Res, Source), Miss>> {
        made(|| (self.0)(outcome))
    }
}

impl<K, F, Req, Res, Err> Strategy<Req, Res, Err> for FunctionOf<K, F>
where
    K: Keep<Req>,
    F: Fn(K::Kept, Result<&Res, &Err>) -> Res,
{
    type Kept = K::Kept;
    type Answering = Once<K::Kept>;

    #[inline]
    fn keep(&self, request: &Req) -> K::Kept {
        self.keep.keep(request)
    }

    #[inline]
    fn begin(&self, kept: K::Kept, _: Result<&Res, &Err>, _: &Desk) -> Self::Answering {
        Once::new(kept)
    }

    #[inline]
    fn poll(
        &self,
        answering: Pin<&mut Self::Answering>,
        _: &mut Context<'_>,
        outcome: Result<&Res, &Err>,
        _: &Desk,
    ) -> Poll<Result<(Res, Source), Miss>> {
        match answering.take() {
            Some(kept) => made(|| (self.make)(kept, outcome)),
            None => Poll::Ready(Err(Miss::Nothing)),
        }
    }
}

impl<F, Fut, X, Req, Res, Err> Strategy<Req, Res, Err> for AsyncFunction<F>
where
    F: Fn(Result<&Res, &Err>) -> Fut,
    Fut: Future<Output = Result<Res, X>>,
    X: Into<BoxError>,
{
    type Kept = ();
    type Answering = Running<Fut>;

    #[inline]
    fn keep(&self, _: &Req) {}

    fn begin(&self, (): (), outcome: Result<&Res, &Err>, desk: &Desk) -> Running<Fut> {
        Running::begin(desk, || (self.0)(outcome))
    }

    fn poll(
        &self,
        answering: Pin<&mut Running<Fut>>,
        cx: &mut Context<'_>,
        _: Result<&Res, &Err>,
        _: &Desk,
    ) -> Poll<Result<(Res, Source), Miss>> {
        answering.poll(cx).map_ok(|made| (made, Source::Function))
    }
}

impl<K, F, Fut, X, Req, Res, Err> Strategy<Req, Res, Err> for AsyncFunctionOf<K, F>
where
    K: Keep<Req>,
    F: Fn(K::Kept, Result<&Res, &Err>) -> Fut,
    Fut: Future<Output = Result<Res, X>>,
    X: Into<BoxError>,
{
    type Kept = K::Kept;
    type Answering = Running<Fut>;

    #[inline]
    fn keep(&self, request: &Req) -> K::Kept {
        self.keep.keep(request)
    }

    fn begin(&self, kept: K::Kept, outcome: Result<&Res, &Err>, desk: &Desk) -> Running<Fut> {
        Running::begin(desk, || (self.make)(kept, outcome))
    }

    fn poll(
        &self,
        answering: Pin<&mut Running<Fut>>,
        cx: &mut Context<'_>,
        _: Result<&Res, &Err>,
        _: &Desk,
    ) -> Poll<Result<(Res, Source), Miss>> {
        answering.poll(cx).map_ok(|made| (made, Source::Function))
    }
}
