//! A call that waits for its place.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use seaworthy_core::Rejected;
use seaworthy_core::clock::{self, Instant};
use seaworthy_core::shard::Share;
use tokio::time::{Sleep, sleep_until};

use crate::machine::{Demand, Place};
use crate::permit::Permit;
use crate::shared::{Line, Refusal, Shared, Step};

/// A place in line, which is given up when this is dropped.
#[derive(Debug)]
pub struct Wait {
    /// None once it has come to its end.
    share: Option<Share<Shared>>,
    class: usize,
    place: Place,
    since: Instant,
    until: Option<Instant>,
    /// Made when it has to be waited for.
    sleep: Option<Pin<Box<Sleep>>>,
}

/// What a call is told at first.
#[derive(Debug)]
pub enum Admission {
    /// It was let in.
    Entered(Permit),
    /// It has to wait.
    Waits(Box<Wait>),
}

/// Asks for a place, and takes one in line if there is none.
#[inline]
pub(crate) fn admit(
    share: &Share<Shared>,
    demand: Demand,
    line: Line,
) -> Result<Admission, Refusal> {
    match share.enter_or_wait(demand, line)? {
        Step::Entered(charge) => {
            let permit = Permit::new(share.clone(), demand.class, charge);
            Ok(Admission::Entered(permit))
        }
        Step::Waits(place) => {
            let wait = Wait::boxed(share.clone(), demand, line, place);
            share.waits(demand.class);
            Ok(Admission::Waits(wait))
        }
    }
}

impl Wait {
    #[cold]
    fn boxed(share: Share<Shared>, demand: Demand, line: Line, place: Place) -> Box<Self> {
        let until = match line {
            Line::Bounded => Some(clock::after(share.max_wait())),
            Line::Unbounded => None,
        };
        Box::new(Self {
            share: Some(share),
            class: demand.class,
            place,
            since: clock::exact(),
            until,
            sleep: None,
        })
    }

    /// The place, or the end of patience.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Permit, Rejected>> {
        let admitted = loop {
            let Some(share) = &self.share else {
                return Poll::Pending;
            };
            if let Poll::Ready(charge) = share.poll_place(self.class, self.place, cx.waker()) {
                break Some(charge);
            }
            if ready!(self.poll_time(cx)) {
                let Some(share) = &self.share else {
                    return Poll::Pending;
                };
                // It may be let in at the last moment.
                share.look();
                break share.withdraw(self.class, self.place);
            }
        };
        let Some(share) = self.share.take() else {
            return Poll::Pending;
        };
        Poll::Ready(match admitted {
            Some(charge) => {
                let permit = Permit::new(share, self.class, charge);
                permit.has_waited(self.since);
                Ok(permit)
            }
            None => {
                share.has_waited(self.class, self.since);
                Err(share.reject_who_waited(self.class))
            }
        })
    }

    /// True at the end of patience, false after a look at what has changed meanwhile.
    fn poll_time(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        let Some(share) = &self.share else {
            return Poll::Pending;
        };
        let sleep = match &mut self.sleep {
            Some(sleep) => sleep,
            None => {
                let look = share.next_look();
                let Some(next) = self.until.into_iter().chain(look).min() else {
                    return Poll::Pending;
                };
                self.sleep.insert(Box::pin(sleep_until(next)))
            }
        };
        ready!(sleep.as_mut().poll(cx));
        let patience_ends = self.until.is_some_and(|until| until <= sleep.deadline());
        self.sleep = None;
        if !patience_ends {
            share.look();
        }
        Poll::Ready(patience_ends)
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        if let Some(share) = &self.share {
            share.give_up(self.class, self.place);
            share.has_waited(self.class, self.since);
        }
    }
}
