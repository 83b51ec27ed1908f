//! kameo: children are supervised by an actor that states its strategy.

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ::kameo::actor::{Actor, ActorRef, Spawn};
use ::kameo::message::{Context, Message};
use ::kameo::supervision::SupervisionStrategy;
use seaworthy_benches::Failure;
use seaworthy_benches::child::{Crash, Plan};
use seaworthy_benches::probe::Next;

use super::{Case, Pace, Run};
use crate::contender::Contender;
use crate::versions::named;

pub(super) fn contender(case: Case) -> Contender<Run> {
    let round = match case {
        Case::OneForAll(_) => |plan| Box::pin(run::<OneForAll>(plan)) as _,
        _ => |plan| Box::pin(run::<OneForOne>(plan)) as _,
    };
    Contender::other(
        named("kameo"),
        Run {
            pace: Pace::Fast,
            round,
        },
    )
}

async fn run<P>(plan: Arc<Plan>) -> Result<(), Failure>
where
    P: Actor<Args = P> + Default,
{
    let parent = P::spawn(P::default());
    let crasher = Arc::new(OnceLock::new());
    for child in 0..plan.probe.group() {
        let seat = Seat {
            plan: plan.clone(),
            child,
            crasher: Arc::clone(&crasher),
        };
        Worker::supervise(&parent, seat)
            .restart_limit(u32::MAX, Duration::from_secs(1))
            .spawn()
            .await;
    }
    plan.probe.finished().await;
    parent
        .stop_gracefully()
        .await
        .map_err(|error| error.to_string())?;
    parent.wait_for_shutdown().await;
    Ok(())
}

#[derive(Clone)]
struct Seat {
    plan: Arc<Plan>,
    child: usize,
    /// Where the one that crashes can be reached, in all its incarnations.
    crasher: Arc<OnceLock<ActorRef<Worker>>>,
}

struct Worker(Seat);

/// The order to crash.
struct Boom;

impl Actor for Worker {
    type Args = Seat;
    type Error = String;

    async fn on_start(seat: Seat, me: ActorRef<Self>) -> Result<Self, String> {
        let next = seat.plan.probe.up(seat.child);
        if seat.child == seat.plan.probe.crasher() {
            seat.crasher.get_or_init(|| me);
        }
        if let (Next::Crash, Some(crasher)) = (next, seat.crasher.get()) {
            crasher
                .tell(Boom)
                .try_send()
                .map_err(|error| error.to_string())?;
        }
        Ok(Self(seat))
    }
}

impl Message<Boom> for Worker {
    type Reply = Result<(), Crash>;

    async fn handle(&mut self, Boom: Boom, _: &mut Context<Self, Self::Reply>) -> Self::Reply {
        self.0.plan.crash()
    }
}

#[derive(Default)]
struct OneForOne;

impl Actor for OneForOne {
    type Args = Self;
    type Error = Infallible;

    async fn on_start(me: Self, _: ActorRef<Self>) -> Result<Self, Infallible> {
        Ok(me)
    }
}

#[derive(Default)]
struct OneForAll;

impl Actor for OneForAll {
    type Args = Self;
    type Error = Infallible;

    fn supervision_strategy() -> SupervisionStrategy {
        SupervisionStrategy::OneForAll
    }

    async fn on_start(me: Self, _: ActorRef<Self>) -> Result<Self, Infallible> {
        Ok(me)
    }
}
