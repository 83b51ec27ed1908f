//! The barest tokio code that brings children back.

use std::sync::Arc;

use seaworthy_benches::child::Plan;
use seaworthy_benches::floor;

use super::{Case, Pace, Run};
use crate::contender::{Contender, Task};

/// A name and a round.
type Floor = (&'static str, fn(Arc<Plan>) -> Task<()>);

pub(super) fn contenders(case: Case) -> Vec<Contender<Run>> {
    let floors: &[Floor] = match case {
        Case::Err => &[
            ("floor", |plan| Box::pin(floor::in_place(plan))),
            ("floor yielding", |plan| {
                Box::pin(floor::in_place_yielding(plan))
            }),
            ("floor respawn", |plan| Box::pin(floor::respawn(plan))),
        ],
        Case::ErrSlowPath => &[("floor", |plan| Box::pin(floor::respawn(plan)))],
        Case::Panic => &[
            ("floor", |plan| Box::pin(floor::in_place_caught(plan))),
            ("floor respawn", |plan| Box::pin(floor::respawn(plan))),
        ],
        Case::OneForAll(_) => &[
            ("floor", |plan| Box::pin(floor::all_in_order(plan))),
            ("floor unordered", |plan| Box::pin(floor::all_at_once(plan))),
        ],
    };
    let contender = |(who, round): &Floor| {
        Contender::other(
            *who,
            Run {
                pace: Pace::Fast,
                round: *round,
            },
        )
    };
    floors.iter().map(contender).collect()
}
