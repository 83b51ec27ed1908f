//! ractor-supervisor: strategies and restart limits on top of ractor.
//!
//! Its window holds every restart with a name and is walked at each of them, so it gets a window
//! that stays short; a one-for-all restart sleeps 10 ms by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ::ractor_supervisor::{
    ChildSpec, Restart, SpawnFn, Supervisor, SupervisorArguments, SupervisorOptions,
    SupervisorStrategy,
};
use seaworthy_benches::Failure;
use seaworthy_benches::child::Plan;

use super::ractor::{Seats, Worker};
use super::{Case, Pace, Run};
use crate::contender::Contender;
use crate::versions::named;

pub(super) fn contender(case: Case) -> Contender<Run> {
    let run = match case {
        Case::OneForAll(_) => Run {
            pace: Pace::Millis,
            round: |plan| Box::pin(run(plan, SupervisorStrategy::OneForAll)),
        },
        _ => Run {
            pace: Pace::Fast,
            round: |plan| Box::pin(run(plan, SupervisorStrategy::OneForOne)),
        },
    };
    Contender::other(named("ractor-supervisor"), run)
}

/// Actor names are global, also to rounds that follow one another.
static ROUND: AtomicUsize = AtomicUsize::new(0);

async fn run(plan: Arc<Plan>, strategy: SupervisorStrategy) -> Result<(), Failure> {
    let round = ROUND.fetch_add(1, Ordering::Relaxed);
    let seats = Seats::new(plan.clone());
    let child_specs = (0..plan.probe.group())
        .map(|child| {
            let seats = seats.clone();
            ChildSpec {
                id: format!("restart-{round}-{child}"),
                restart: Restart::Permanent,
                spawn_fn: SpawnFn::new(move |parent, id| {
                    let seats = seats.clone();
                    async move {
                        Supervisor::spawn_linked(id, Worker, (seats, child), parent)
                            .await
                            .map(|(me, _)| me.get_cell())
                    }
                }),
                backoff_fn: None,
                reset_after: None,
            }
        })
        .collect();
    let options = SupervisorOptions {
        strategy,
        max_restarts: usize::MAX,
        max_window: Duration::from_millis(1),
        reset_after: None,
    };
    let (parent, ended) = Supervisor::spawn(
        format!("restart-{round}"),
        SupervisorArguments {
            child_specs,
            options,
        },
    )
    .await
    .map_err(|error| error.to_string())?;
    plan.probe.finished().await;
    parent.stop(None);
    ended.await.map_err(|error| error.to_string())
}
