//! The way of a call into a service behind a bulkhead.

use std::fmt;
use std::task::{Context, Poll, ready};

use seaworthy_core::Rejected;
use seaworthy_core::shard::{Share, Spread};

use crate::bulkhead::Bulkhead;
use crate::demand::Demand;
use crate::machine;
use crate::permit::Permit;
use crate::shared::{Line, Refusal, Shared};
use crate::wait::{Admission, admit};

/// What a layer puts in front of services: one bulkhead, or one for each key.
///
/// Nothing else implements it, nor can.
pub trait Target {
    /// What each service has of it.
    type Entrance: Clone;

    /// For one more service.
    fn entrance(&self, not_ready_while_full: bool) -> Self::Entrance;
}

/// How a request gets in.
pub trait Enter<Req> {
    /// Why it does not.
    type Refused;

    /// `poll_ready` of a service, given that of the service behind it, and whether all requests ask for the same.
    fn poll_ready<E>(
        &mut self,
        cx: &mut Context<'_>,
        waits: bool,
        constant: bool,
        inner: impl FnOnce(&mut Context<'_>) -> Poll<Result<(), E>>,
    ) -> Poll<Result<(), E>>;

    /// For `call` of a service: lets the request in, or has it wait, if this very instance was ready for it.
    fn enter(
        &mut self,
        request: &Req,
        demand: Demand,
        waits: bool,
    ) -> Result<Admission, Self::Refused>;

    /// What whoever was not let in is told.
    fn reject(&self, refused: Self::Refused) -> Rejected;
}

/// What each service behind a bulkhead has beside the service: whether it is ready, and how calls go in.
pub struct Entrance {
    share: Share<Shared>,
    /// Of the service that the layer made: keeps all shards alive, so that its clones are counted apart.
    _root: Option<Spread<Shared>>,
    class: usize,
    /// The service behind it is ready for a call of this very instance.
    ready: bool,
    /// If it is not ready while full.
    reserve: Option<Reserve>,
}

/// A place that is taken before there is a call.
#[derive(Debug, Default)]
struct Reserve(Option<Admission>);

impl Entrance {
    pub(crate) fn new(bulkhead: &Bulkhead, not_ready_while_full: bool) -> Self {
        Self {
            share: bulkhead.shared().share(),
            _root: Some(bulkhead.shared().clone()),
            class: bulkhead.class(),
            ready: false,
            reserve: not_ready_while_full.then(Reserve::default),
        }
    }
}

impl Target for Bulkhead {
    type Entrance = Entrance;

    fn entrance(&self, not_ready_while_full: bool) -> Entrance {
        Entrance::new(self, not_ready_while_full)
    }
}

impl<Req> Enter<Req> for Entrance {
    type Refused = Refusal;

    #[inline]
    fn poll_ready<E>(
        &mut self,
        cx: &mut Context<'_>,
        waits: bool,
        constant: bool,
        inner: impl FnOnce(&mut Context<'_>) -> Poll<Result<(), E>>,
    ) -> Poll<Result<(), E>> {
        self.ready = false;
        let class = constant.then_some(self.class);
        // Whoever will be turned away need not wait for the service.
        if self.reserve.is_none() && self.share.is_full(class, waits) {
            return Poll::Ready(Ok(()));
        }
        match inner(cx) {
            Poll::Ready(Ok(())) => {}
            not_ready => {
                // Others may have the place meanwhile.
                if let Some(reserve) = &mut self.reserve {
                    reserve.0 = None;
                } else if not_ready.is_pending() && self.share.refuses(class, waits) {
                    return Poll::Ready(Ok(()));
                }
                return not_ready;
            }
        }
        if let Some(reserve) = &mut self.reserve {
            ready!(reserve.poll(&self.share, self.class, cx));
        }
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    #[inline]
    fn enter(&mut self, _: &Req, demand: Demand, waits: bool) -> Result<Admission, Refusal> {
        let demand = self.share.demand(self.class, demand);
        if !std::mem::take(&mut self.ready) {
            return Err(self.share.refuse(demand));
        }
        if let Some(mut reserved) = self.reserve.as_mut().and_then(|it| it.0.take()) {
            if let Admission::Entered(permit) = &mut reserved {
                permit.begin_anew();
            }
            return Ok(reserved);
        }
        begin(&self.share, demand, waits)
    }

    #[inline(always)]
    fn reject(&self, refusal: Refusal) -> Rejected {
        self.share.reject(refusal)
    }
}

/// Lets a call in, or has it wait, or turns it away.
#[inline]
pub(crate) fn begin(
    share: &Share<Shared>,
    demand: machine::Demand,
    waits: bool,
) -> Result<Admission, Refusal> {
    if waits {
        return admit(share, demand, Line::Bounded);
    }
    let charge = share.enter(demand)?;
    let permit = Permit::new(share.clone(), demand.class, charge);
    Ok(Admission::Entered(permit))
}

impl Reserve {
    fn poll(&mut self, share: &Share<Shared>, class: usize, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let polled = match &mut self.0 {
                Some(Admission::Entered(_)) => return Poll::Ready(()),
                Some(Admission::Waits(wait)) => ready!(wait.poll(cx)),
                None => {
                    let demand = share.demand(class, Demand::default());
                    self.0 = admit(share, demand, Line::Unbounded).ok();
                    continue;
                }
            };
            self.0 = polled.ok().map(Admission::Entered);
        }
    }
}

/// A clone has to be ready, and waits, on its own.
impl Clone for Entrance {
    #[inline]
    fn clone(&self) -> Self {
        Self {
            share: self.share.clone(),
            _root: None,
            class: self.class,
            ready: false,
            reserve: self.reserve.as_ref().map(|_| Reserve::default()),
        }
    }
}

impl fmt::Debug for Entrance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Entrance")
            .field(self.share.name_of(self.class))
            .finish()
    }
}
