//! One after the other, until one answers.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project::pin_project;

use super::Strategy;
use crate::answer::Source;
use crate::desk::Desk;
use crate::miss::Miss;

/// Nobody: how a chain begins.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nothing;

impl<Req, Res, Err> Strategy<Req, Res, Err> for Nothing {
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
        Poll::Ready(Err(Miss::Nothing))
    }
}

/// The second, if the first has no answer.
#[derive(Debug)]
pub struct Then<A, B> {
    pub(crate) first: A,
    pub(crate) second: B,
    /// Which place in the chain the second has.
    pub(crate) number: usize,
}

/// An answer of one of two that is being made.
#[pin_project(project = Project)]
#[derive(Debug)]
pub enum Link<A, B, K> {
    /// The first is at it.
    First {
        #[pin]
        answering: A,
        /// For the second.
        kept: Option<K>,
    },
    /// The second is.
    Second(#[pin] B),
}

impl<A, B, Req, Res, Err> Strategy<Req, Res, Err> for Then<A, B>
where
    A: Strategy<Req, Res, Err>,
    B: Strategy<Req, Res, Err>,
{
    type Kept = (A::Kept, B::Kept);
    type Answering = Link<A::Answering, B::Answering, B::Kept>;

    #[inline]
    fn keep(&self, request: &Req) -> Self::Kept {
        (self.first.keep(request), self.second.keep(request))
    }

    #[inline]
    fn instead(&self, kept: &Self::Kept, desk: &Desk) -> Option<(Res, Source)> {
        if let Some(first) = self.first.instead(&kept.0, desk) {
            return Some(first);
        }
        let second = self.second.instead(&kept.1, desk)?;
        desk.tell(self.number, None);
        Some(second)
    }

    #[inline]
    fn learn(&self, kept: Self::Kept, response: &Res) {
        self.first.learn(kept.0, response);
        self.second.learn(kept.1, response);
    }

    #[inline]
    fn begin(&self, kept: Self::Kept, outcome: Result<&Res, &Err>, desk: &Desk) -> Self::Answering {
        Link::First {
            answering: self.first.begin(kept.0, outcome, desk),
            kept: Some(kept.1),
        }
    }

    #[inline]
    fn poll(
        &self,
        mut answering: Pin<&mut Self::Answering>,
        cx: &mut Context<'_>,
        outcome: Result<&Res, &Err>,
        desk: &Desk,
    ) -> Poll<Result<(Res, Source), Miss>> {
        loop {
            let kept = match answering.as_mut().project() {
                Project::First { answering, kept } => {
                    let first = ready!(self.first.poll(answering, cx, outcome, desk));
                    if first.is_ok() {
                        return Poll::Ready(first);
                    }
                    kept.take()
                }
                Project::Second(answering) => {
                    let second = ready!(self.second.poll(answering, cx, outcome, desk));
                    desk.tell(self.number, second.as_ref().err());
                    return Poll::Ready(second);
                }
            };
            let kept = kept.expect("the second begins once");
            let second = self.second.begin(kept, outcome, desk);
            answering.set(Link::Second(second));
        }
    }
}
