//! Supervision, watched for regressions. For figures beside those of others see the bin `compare`.

use std::sync::Arc;
use std::time::Duration;

use criterion::{
    BenchmarkGroup, Criterion, criterion_group, criterion_main, measurement::WallTime,
};
use seaworthy_benches::child::{How, Plan};
use seaworthy_benches::crowd::Crowd;
use seaworthy_benches::ours;
use seaworthy_benches::probe::Probe;
use seaworthy_supervisor::Strategy;
use tokio::runtime::{Builder, Runtime};

criterion_main!(supervision);
criterion_group!(supervision, restart, start_and_stop, calls);

fn runtime() -> Runtime {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

/// From the crash to the first poll of the next incarnation, and of all its siblings.
fn restart(criterion: &mut Criterion) {
    // A crash is the matter at hand, and no news.
    std::panic::set_hook(Box::new(|_| {}));
    let mut group = criterion.benchmark_group("restart");
    crashes(&mut group, "err", 1, How::Err, Strategy::OneForOne);
    crashes(
        &mut group,
        "err by the inbox",
        1,
        How::Err,
        Strategy::RestForOne,
    );
    crashes(&mut group, "panic", 1, How::Panic, Strategy::OneForOne);
    crashes(
        &mut group,
        "one-for-all of 10",
        10,
        How::Err,
        Strategy::OneForAll,
    );
    crashes(
        &mut group,
        "one-for-all of 100",
        100,
        How::Err,
        Strategy::OneForAll,
    );
    group.finish();
    drop(std::panic::take_hook());
}

fn crashes(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    children: usize,
    how: How,
    strategy: Strategy,
) {
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|crashes| {
            let crashes = usize::try_from(crashes).expect("fewer crashes than memory");
            let plan = Plan::new(Probe::new(children, crashes, || 0), how);
            runtime()
                .block_on(ours::restart(Arc::clone(&plan), strategy))
                .expect("it starts");
            let restarts = plan
                .probe
                .restarts()
                .expect("each child came back each time");
            Duration::from_nanos(restarts.nanos.iter().sum())
        });
    });
}

fn start_and_stop(criterion: &mut Criterion) {
    let runtime = runtime();
    criterion.bench_function("start and stop 1,000 children", |bencher| {
        bencher.iter(|| {
            runtime.block_on(async {
                let crowd = Crowd::new(1_000);
                let root = ours::start_static(Arc::clone(&crowd))
                    .await
                    .expect("it starts");
                crowd.all_polled().await;
                root.stop().await;
                crowd.all_gone().await;
            });
        });
    });
}

fn calls(criterion: &mut Criterion) {
    let runtime = runtime();
    let mut group = criterion.benchmark_group("calls");
    let root = runtime
        .block_on(ours::start_dynamic(Crowd::new(100)))
        .expect("it starts");
    group.bench_function("which_children of 100", |bencher| {
        bencher.iter(|| runtime.block_on(root.which_children()));
    });
    let nobody = Crowd::new(usize::MAX);
    let root = runtime.block_on(ours::dynamic(1)).expect("it starts");
    group.bench_function("start_child and terminate_child", |bencher| {
        bencher.iter(|| {
            runtime.block_on(async {
                let child = root
                    .start_child(Arc::clone(&nobody))
                    .await
                    .expect("it starts");
                root.terminate_child(&child.expect("not ignored"))
                    .await
                    .expect("it is there");
            });
        });
    });
    group.finish();
}
