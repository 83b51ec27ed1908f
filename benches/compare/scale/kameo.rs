//! kameo: actors supervised by another.

use std::convert::Infallible;
use std::sync::Arc;

use ::kameo::actor::{Actor, ActorRef, Spawn};
use seaworthy_benches::Failure;
use seaworthy_benches::crowd::{Crowd, Seat};

use super::{Population, Run, run};
use crate::contender::Contender;
use crate::versions::named;

pub(super) fn contender() -> Contender<Run> {
    Contender::other(named("kameo"), run::<Actors>())
}

struct Actors;

impl Population for Actors {
    type Tree = ActorRef<Parent>;

    async fn start(crowd: Arc<Crowd>) -> Result<Self::Tree, Failure> {
        let parent = Parent::spawn(());
        for _ in 0..crowd.size() {
            Worker::supervise(&parent, Arc::clone(&crowd)).spawn().await;
        }
        Ok(parent)
    }

    async fn stop(parent: Self::Tree) -> Result<(), Failure> {
        parent
            .stop_gracefully()
            .await
            .map_err(|error| error.to_string())?;
        parent.wait_for_shutdown().await;
        Ok(())
    }
}

/// A child that waits for messages that never come.
struct Worker {
    _seat: Seat,
}

impl Actor for Worker {
    type Args = Arc<Crowd>;
    type Error = Infallible;

    async fn on_start(crowd: Arc<Crowd>, _: ActorRef<Self>) -> Result<Self, Infallible> {
        Ok(Self {
            _seat: crowd.enter(),
        })
    }
}

struct Parent;

impl Actor for Parent {
    type Args = ();
    type Error = Infallible;

    async fn on_start((): (), _: ActorRef<Self>) -> Result<Self, Infallible> {
        Ok(Self)
    }
}
