//! Seaworthy's bulkhead, as a tower layer.

use seaworthy_benches::Failure;
use seaworthy_benches::breaker::{Desk, Hammered, Tower};
use seaworthy_bulkhead::{Bulkhead, BulkheadBuilder, Partition};
use tower_layer::Layer;

use super::{Case, Round, Somebody};
use crate::calls::ours;

pub(super) fn contenders(case: Case) -> Vec<Somebody> {
    let mut all = vec![
        ours("seaworthy", |round| Box::pin(run(round, |it| it))),
        ours("seaworthy, partitions", |round| {
            Box::pin(run(round, partitioned))
        }),
    ];
    if case == Case::Free {
        all.push(ours("seaworthy, finding its limit", |round| {
            Box::pin(run(round, adaptive))
        }));
    }
    all
}

fn partitioned(builder: BulkheadBuilder) -> BulkheadBuilder {
    let own = Partition::new("own").guaranteed(0.5);
    builder.partition(own).partition(Partition::new("rest"))
}

fn adaptive(builder: BulkheadBuilder) -> BulkheadBuilder {
    builder.limit(seaworthy_bulkhead::Limit::adaptive())
}

async fn run(
    round: Round,
    build: fn(BulkheadBuilder) -> BulkheadBuilder,
) -> Result<Hammered, Failure> {
    let builder = build(Bulkhead::builder("bench").max_concurrent(round.case.limit()));
    let bulkhead = builder.build().map_err(|error| error.to_string())?;
    let _held = (round.case == Case::FullReject).then(|| bulkhead.try_acquire());
    round.run(Tower(bulkhead.layer().layer(Desk))).await
}
