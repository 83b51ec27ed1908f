//! task-supervisor: by default it waits a second and then ever longer before a restart, so a
//! variant without that delay stands beside it, which does what the others do.

use std::sync::Arc;
use std::time::Duration;

use ::task_supervisor::{CancellationToken, SupervisedTask, SupervisorBuilder, TaskResult};
use seaworthy_benches::Failure;
use seaworthy_benches::child::Plan;

use super::{Case, Pace, Run};
use crate::contender::Contender;
use crate::versions::named;

pub(super) fn contenders(case: Case, quick: bool) -> Vec<Contender<Run>> {
    let default = named("task-supervisor");
    let no_delay = format!("{default}, no delay");
    if let Case::OneForAll(_) = case {
        return vec![Contender::cannot(default, "it has no strategies")];
    }
    let slow = if quick || case == Case::ErrSlowPath {
        let why = "waits a second before a restart: only in `err` and `panic` of a full run";
        Contender::cannot(default, why)
    } else {
        let round = |plan| Box::pin(run(plan, SupervisorBuilder::new())) as _;
        Contender::other(
            default,
            Run {
                pace: Pace::Seconds,
                round,
            },
        )
    };
    let fast = Run {
        pace: Pace::Millis,
        round: |plan| Box::pin(run(plan, without_delay())),
    };
    vec![slow, Contender::other(no_delay, fast)]
}

fn without_delay() -> SupervisorBuilder {
    SupervisorBuilder::new()
        .with_unlimited_restarts()
        .with_base_restart_delay(Duration::ZERO)
        .with_restart_jitter(0.0)
}

async fn run(plan: Arc<Plan>, builder: SupervisorBuilder) -> Result<(), Failure> {
    let supervisor = builder.with_task("child", Worker(plan.clone())).spawn();
    plan.probe.finished().await;
    supervisor
        .shutdown()
        .await
        .map_err(|error| error.to_string())
}

#[derive(Clone)]
struct Worker(Arc<Plan>);

impl SupervisedTask for Worker {
    async fn run(self, cancel: CancellationToken) -> TaskResult {
        cancel
            .run_until_cancelled(self.0.live(0))
            .await
            .unwrap_or(Ok(()))
    }
}
