//! ractor-supervisor's dynamic supervisor; each child must have a name.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ::ractor::ActorRef;
use ::ractor_supervisor::{
    ChildSpec, DynamicSupervisor, DynamicSupervisorMsg, DynamicSupervisorOptions, Restart, SpawnFn,
};
use seaworthy_benches::Failure;
use seaworthy_benches::crowd::Crowd;
use tokio::task::JoinHandle;

use super::ractor::Worker;
use super::{Population, Run, run};
use crate::contender::Contender;
use crate::versions::named;

pub(super) fn contender() -> Contender<Run> {
    Contender::other(named("ractor-supervisor"), run::<Children>())
}

/// Actor names are global, also to rounds that follow one another.
static ROUND: AtomicUsize = AtomicUsize::new(0);

struct Children;

impl Population for Children {
    type Tree = (ActorRef<DynamicSupervisorMsg>, JoinHandle<()>);

    async fn start(crowd: Arc<Crowd>) -> Result<Self::Tree, Failure> {
        let round = ROUND.fetch_add(1, Ordering::Relaxed);
        let options = DynamicSupervisorOptions {
            max_children: None,
            max_restarts: 3,
            max_window: Duration::from_secs(5),
            reset_after: None,
        };
        let (parent, ended) = DynamicSupervisor::spawn(format!("scale-{round}"), options)
            .await
            .map_err(|error| error.to_string())?;
        for child in 0..crowd.size() {
            let crowd = Arc::clone(&crowd);
            let spec = ChildSpec {
                id: format!("scale-{round}-{child}"),
                restart: Restart::Temporary,
                spawn_fn: SpawnFn::new(move |parent, id| {
                    let crowd = Arc::clone(&crowd);
                    async move {
                        DynamicSupervisor::spawn_linked(id, Worker, crowd, parent)
                            .await
                            .map(|(me, _)| me.get_cell())
                    }
                }),
                backoff_fn: None,
                reset_after: None,
            };
            DynamicSupervisor::spawn_child(parent.clone(), spec)
                .await
                .map_err(|error| error.to_string())?;
        }
        Ok((parent, ended))
    }

    async fn stop((parent, ended): Self::Tree) -> Result<(), Failure> {
        parent.stop(None);
        ended.await.map_err(|error| error.to_string())
    }
}
