//! Seaworthy's supervisor.

use seaworthy_benches::ours;
use seaworthy_supervisor::Strategy;

use super::{Case, Pace, Run};
use crate::contender::Contender;

pub(super) fn contender(case: Case) -> Contender<Run> {
    let round = match case {
        Case::Err | Case::Panic => |plan| Box::pin(ours::restart(plan, Strategy::OneForOne)) as _,
        // One child has no siblings after it, but the strategy is none that the child's own task
        // can carry out: its exit goes through the supervisor's inbox.
        Case::ErrSlowPath => |plan| Box::pin(ours::restart(plan, Strategy::RestForOne)) as _,
        Case::OneForAll(_) => |plan| Box::pin(ours::restart(plan, Strategy::OneForAll)) as _,
    };
    Contender::ours(
        "seaworthy",
        Run {
            pace: Pace::Fast,
            round,
        },
    )
}
