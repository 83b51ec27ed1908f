//! tower's `Buffer`, which shares a service among clones but does not bring it back, and an actor of ractor.

use ::ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort, SupervisionEvent, call};
use seaworthy_benches::service::{Page, Watch};
use seaworthy_benches::{Failure, clock};
use tokio::sync::watch;
use tower::buffer::Buffer;

use super::{CALLS_SLOW, Case, Figures, RESTARTS, Run, calls};
use crate::contender::Contender;
use crate::versions::named;
use crate::{alloc, stats};

pub(super) fn contenders(case: Case) -> [Contender<Run>; 2] {
    let (buffer, ractor) = (format!("{} Buffer", named("tower")), named("ractor"));
    match case {
        Case::Restart => {
            let why = "does not recover: once its service fails or its worker is gone, it fails for ever; a \
                       panic in a response is its caller's";
            let round: super::Round = |n| Box::pin(actor_crashing(n));
            let times = RESTARTS;
            [
                Contender::cannot(buffer, why),
                Contender::other(ractor, Run { round, times }),
            ]
        }
        Case::Steady => {
            let (round, actor): (super::Round, super::Round) =
                (|n| Box::pin(buffered(n)), |n| Box::pin(actor_calls(n)));
            let times = CALLS_SLOW;
            [
                Contender::other(buffer, Run { round, times }),
                Contender::other(
                    ractor,
                    Run {
                        round: actor,
                        times,
                    },
                ),
            ]
        }
    }
}

/// With room for as many requests as its documentation shows.
async fn buffered(times: usize) -> Result<Figures, Failure> {
    let mut service = Buffer::new(Page::new(&Watch::default()), 1024);
    calls(&mut service, times).await
}

enum Ask {
    Next(u64, RpcReplyPort<u64>),
    Crash(RpcReplyPort<u64>),
}

/// The same service as an actor.
struct Worker;

/// Where its callers find it, also after a restart.
#[derive(Clone)]
struct Seat {
    watch: Watch,
    actor: watch::Sender<Option<ActorRef<Ask>>>,
}

impl Actor for Worker {
    type Msg = Ask;
    type State = Seat;
    type Arguments = Seat;

    async fn pre_start(&self, me: ActorRef<Ask>, seat: Seat) -> Result<Seat, ActorProcessingErr> {
        seat.actor.send_replace(Some(me));
        Ok(seat)
    }

    async fn handle(
        &self,
        _: ActorRef<Ask>,
        ask: Ask,
        seat: &mut Seat,
    ) -> Result<(), ActorProcessingErr> {
        match ask {
            Ask::Next(number, reply) => Ok(reply.send(number + 1)?),
            Ask::Crash(_reply) => seat.watch.crash(),
        }
    }
}

struct Parent;

impl Actor for Parent {
    type Msg = ();
    type State = Seat;
    type Arguments = Seat;

    async fn pre_start(&self, me: ActorRef<()>, seat: Seat) -> Result<Seat, ActorProcessingErr> {
        Actor::spawn_linked(None, Worker, seat.clone(), me.get_cell()).await?;
        Ok(seat)
    }

    async fn handle_supervisor_evt(
        &self,
        me: ActorRef<()>,
        event: SupervisionEvent,
        seat: &mut Seat,
    ) -> Result<(), ActorProcessingErr> {
        if let SupervisionEvent::ActorFailed(..) = event {
            Actor::spawn_linked(None, Worker, seat.clone(), me.get_cell()).await?;
        }
        Ok(())
    }
}

async fn actor_calls(times: usize) -> Result<Figures, Failure> {
    let (parent, ended, seat) = start().await?;
    let actor = seat.actor.borrow().clone().ok_or("it does not run")?;
    let (mut before, mut start) = (alloc::allocations(), clock::now());
    for number in 0..100 + times {
        if number == 100 {
            (before, start) = (alloc::allocations(), clock::now());
        }
        let answer = call!(actor, Ask::Next, number as u64);
        std::hint::black_box(answer.map_err(|error| error.to_string())?);
    }
    let (took, allocations) = (start.elapsed(), alloc::allocations() - before);
    parent.stop(None);
    ended.await.map_err(|error| error.to_string())?;
    Ok(Figures {
        nanos: clock::nanos(took) as f64 / times as f64,
        allocations: allocations as f64 / times as f64,
    })
}

async fn actor_crashing(times: usize) -> Result<Figures, Failure> {
    let (parent, ended, seat) = start().await?;
    let (warm_up, mut nanos, mut before) = (times / 10, Vec::with_capacity(times), 0);
    let mut actors = seat.actor.subscribe();
    for crash in 0..times {
        if crash == warm_up {
            before = alloc::allocations();
        }
        let actor = actors
            .borrow_and_update()
            .clone()
            .ok_or("it does not run")?;
        if call!(actor, Ask::Crash).is_ok() {
            return Err("it does not crash".to_owned());
        }
        actors.changed().await.map_err(|error| error.to_string())?;
        let actor = actors.borrow().clone().ok_or("it does not run")?;
        call!(actor, Ask::Next, 0).map_err(|error| error.to_string())?;
        nanos.push(seat.watch.since() as f64);
    }
    let allocations = (alloc::allocations() - before) as f64;
    parent.stop(None);
    ended.await.map_err(|error| error.to_string())?;
    Ok(Figures {
        nanos: stats::median(nanos).unwrap_or_default(),
        allocations: allocations / (times - warm_up) as f64,
    })
}

async fn start() -> Result<(ActorRef<()>, tokio::task::JoinHandle<()>, Seat), Failure> {
    let seat = Seat {
        watch: Watch::default(),
        actor: watch::Sender::new(None),
    };
    let spawned = Actor::spawn(None, Parent, seat.clone()).await;
    let (parent, ended) = spawned.map_err(|error| error.to_string())?;
    Ok((parent, ended, seat))
}
