//! task-supervisor: all tasks named before it starts, which is its quickest way.

use std::sync::Arc;

use ::task_supervisor::{
    CancellationToken, SupervisedTask, SupervisorBuilder, SupervisorHandle, TaskResult,
};
use seaworthy_benches::Failure;
use seaworthy_benches::crowd::Crowd;

use super::{Population, Run, run};
use crate::contender::Contender;
use crate::versions::named;

pub(super) fn contender() -> Contender<Run> {
    Contender::other(named("task-supervisor"), run::<Tasks>())
}

struct Tasks;

impl Population for Tasks {
    type Tree = SupervisorHandle;

    async fn start(crowd: Arc<Crowd>) -> Result<Self::Tree, Failure> {
        let builder = (0..crowd.size()).fold(SupervisorBuilder::new(), |builder, child| {
            builder.with_task(&format!("child-{child}"), Worker(Arc::clone(&crowd)))
        });
        Ok(builder.spawn())
    }

    async fn stop(supervisor: Self::Tree) -> Result<(), Failure> {
        supervisor
            .shutdown()
            .await
            .map_err(|error| error.to_string())
    }
}

#[derive(Clone)]
struct Worker(Arc<Crowd>);

impl SupervisedTask for Worker {
    async fn run(self, cancel: CancellationToken) -> TaskResult {
        cancel.run_until_cancelled(self.0.join()).await;
        Ok(())
    }
}
