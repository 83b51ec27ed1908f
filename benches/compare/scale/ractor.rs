//! ractor: actors linked to one that supervises them.
//!
//! A child is up in `post_start`, which runs in its own task.

use std::sync::Arc;

use ::ractor::{Actor, ActorProcessingErr, ActorRef, SupervisionEvent};
use seaworthy_benches::Failure;
use seaworthy_benches::crowd::{Crowd, Seat};
use tokio::task::JoinHandle;

use super::{Population, Run, run};
use crate::contender::Contender;
use crate::versions::named;

pub(super) fn contender() -> Contender<Run> {
    Contender::other(named("ractor"), run::<Actors>())
}

struct Actors;

impl Population for Actors {
    type Tree = (ActorRef<()>, JoinHandle<()>);

    async fn start(crowd: Arc<Crowd>) -> Result<Self::Tree, Failure> {
        let (parent, ended) = Actor::spawn(None, Parent, ())
            .await
            .map_err(|error| error.to_string())?;
        for _ in 0..crowd.size() {
            Actor::spawn_linked(None, Worker, Arc::clone(&crowd), parent.get_cell())
                .await
                .map_err(|error| error.to_string())?;
        }
        Ok((parent, ended))
    }

    async fn stop((parent, ended): Self::Tree) -> Result<(), Failure> {
        parent.stop_children_and_wait(None, None).await;
        parent.stop(None);
        ended.await.map_err(|error| error.to_string())
    }
}

/// A child that waits for messages that never come.
pub(super) struct Worker;

impl Actor for Worker {
    type Msg = ();
    type State = (Arc<Crowd>, Option<Seat>);
    type Arguments = Arc<Crowd>;

    async fn pre_start(
        &self,
        _: ActorRef<()>,
        crowd: Arc<Crowd>,
    ) -> Result<Self::State, ActorProcessingErr> {
        Ok((crowd, None))
    }

    async fn post_start(
        &self,
        _: ActorRef<()>,
        (crowd, seat): &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        *seat = Some(crowd.enter());
        Ok(())
    }
}

struct Parent;

impl Actor for Parent {
    type Msg = ();
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<()>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    /// The default would end the parent with its first child.
    async fn handle_supervisor_evt(
        &self,
        _: ActorRef<()>,
        _: SupervisionEvent,
        (): &mut (),
    ) -> Result<(), ActorProcessingErr> {
        Ok(())
    }
}
