//! ractor: a supervisor is an actor that is told of its children's ends, and starts them again as
//! it sees fit.
//!
//! What counts as the new incarnation's first own code is `pre_start`, which ractor runs before
//! the actor has a task of its own: nothing of an incarnation runs earlier.

use std::sync::{Arc, Mutex};

use ::ractor::{Actor, ActorProcessingErr, ActorRef, SupervisionEvent};
use seaworthy_benches::Failure;
use seaworthy_benches::child::Plan;
use seaworthy_benches::probe::Next;

use super::{Case, Pace, Run};
use crate::contender::Contender;
use crate::versions::named;

pub(super) fn contender(case: Case) -> Contender<Run> {
    // Strategies are left to the author: here all others are stopped and waited for, then all
    // are started.
    let who = match case {
        Case::OneForAll(_) => format!("{}, by hand", named("ractor")),
        _ => named("ractor"),
    };
    Contender::other(
        who,
        Run {
            pace: Pace::Fast,
            round: |plan| Box::pin(run(plan)),
        },
    )
}

async fn run(plan: Arc<Plan>) -> Result<(), Failure> {
    let (parent, ended) = Actor::spawn(None, Parent, Seats::new(plan.clone()))
        .await
        .map_err(|e| e.to_string())?;
    plan.probe.finished().await;
    parent.stop(None);
    ended.await.map_err(|error| error.to_string())
}

/// The plan, and where the one that crashes can be reached.
#[derive(Clone)]
pub(super) struct Seats {
    plan: Arc<Plan>,
    crasher: Arc<Mutex<Option<ActorRef<Boom>>>>,
}

impl Seats {
    pub(super) fn new(plan: Arc<Plan>) -> Self {
        Self {
            plan,
            crasher: Arc::default(),
        }
    }

    /// An incarnation is up; when it is the last one of its group, the next crash is ordered.
    fn up(&self, child: usize, me: ActorRef<Boom>) -> Result<(), ActorProcessingErr> {
        let next = self.plan.probe.up(child);
        let mut crasher = self.crasher.lock().map_err(|_| "a child panicked here")?;
        if child == self.plan.probe.crasher() {
            *crasher = Some(me);
        }
        if let (Next::Crash, Some(crasher)) = (next, &*crasher) {
            crasher.cast(Boom)?;
        }
        Ok(())
    }
}

/// The order to crash.
pub(super) struct Boom;

/// A child.
pub(super) struct Worker;

impl Actor for Worker {
    type Msg = Boom;
    type State = (Seats, usize);
    type Arguments = (Seats, usize);

    async fn pre_start(
        &self,
        me: ActorRef<Boom>,
        (seats, child): Self::Arguments,
    ) -> Result<Self::State, ActorProcessingErr> {
        seats.up(child, me)?;
        Ok((seats, child))
    }

    async fn handle(
        &self,
        _: ActorRef<Boom>,
        Boom: Boom,
        (seats, _): &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        Ok(seats.plan.crash()?)
    }
}

struct Parent;

impl Parent {
    async fn start(me: &ActorRef<()>, seats: &Seats) -> Result<(), ActorProcessingErr> {
        for child in 0..seats.plan.probe.group() {
            Actor::spawn_linked(None, Worker, (seats.clone(), child), me.get_cell()).await?;
        }
        Ok(())
    }
}

impl Actor for Parent {
    type Msg = ();
    type State = Seats;
    type Arguments = Seats;

    async fn pre_start(&self, me: ActorRef<()>, seats: Seats) -> Result<Seats, ActorProcessingErr> {
        Self::start(&me, &seats).await?;
        Ok(seats)
    }

    async fn handle_supervisor_evt(
        &self,
        me: ActorRef<()>,
        event: SupervisionEvent,
        seats: &mut Seats,
    ) -> Result<(), ActorProcessingErr> {
        if let SupervisionEvent::ActorFailed(..) = event {
            if seats.plan.probe.group() > 1 {
                me.stop_children_and_wait(None, None).await;
            }
            Self::start(&me, seats).await?;
        }
        Ok(())
    }
}
