//! A value that is there from the beginning.

use std::pin::Pin;
use std::task::{Context, Poll};

use seaworthy_core::panic;

use super::Strategy;
use crate::answer::Source;
use crate::desk::Desk;
use crate::miss::Miss;

/// Answers with a clone of this.
#[derive(Clone, Debug)]
pub struct Value<V>(pub(crate) V);

impl<Req, Res: Clone, Err> Strategy<Req, Res, Err> for Value<Res> {
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
        _: Result<&Res, &Err>,
        _: &Desk,
    ) -> Poll<Result<(Res, Source), Miss>> {
        let value = panic::catch(|| self.0.clone()).map_err(Miss::Panicked);
        Poll::Ready(value.map(|value| (value, Source::Default)))
    }
}
