//! Queues and services behind them, watched for regressions. For figures beside those of others see the bin `compare`.

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use seaworthy_benches::breaker::Caller;
use seaworthy_benches::queue::floor::{Deque, Line, deque};
use seaworthy_benches::queue::{
    CAPACITY, Calls, Get, Give, Items, Offer, Offers, fill, hand_off, offer_in_vain, ours,
    round_trip,
};
use tokio::runtime::{Builder, Runtime};

criterion_main!(queue);
criterion_group!(queue, calls, items, full);

fn runtime() -> Runtime {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

/// Nobody counts them here.
fn allocations() -> usize {
    0
}

/// What so many of something take, if one takes this many nanoseconds.
fn all(nanos: f64, times: u64) -> Duration {
    Duration::from_secs_f64(nanos * times as f64 / 1e9)
}

/// A service behind a queue.
fn calls(criterion: &mut Criterion) {
    let runtime = runtime();
    let mut group = criterion.benchmark_group("queue, round trip");
    for callers in [1, 64] {
        let mut bench = |who: &str, made: &dyn Fn(Calls) -> f64| {
            group.bench_function(format!("{who}, {callers} callers"), |bencher| {
                bencher.iter_custom(|times| {
                    // A call or more for each of them.
                    let calls = times.max(callers as u64);
                    let calls = Calls {
                        callers,
                        calls,
                        allocations,
                    };
                    all(made(calls), times)
                });
            });
        };
        bench("floor", &|calls| {
            runtime.block_on(async { call(Line::spawn(), calls).await })
        });
        bench("seaworthy", &|calls| {
            runtime.block_on(async { call(ours::client().expect("it is allowed"), calls).await })
        });
    }
    group.finish();
}

async fn call(caller: impl Caller, calls: Calls) -> f64 {
    let figure = round_trip(caller, calls).await;
    figure.expect("all are answered").nanos
}

/// Items from some to others.
fn items(criterion: &mut Criterion) {
    let runtime = runtime();
    let mut group = criterion.benchmark_group("queue, hand-off");
    for each in [1, 4] {
        let mut bench = |who: &str, made: &dyn Fn(Items) -> f64| {
            group.bench_function(format!("{who}, {each} to {each}"), |bencher| {
                bencher.iter_custom(|times| {
                    let items = Items {
                        producers: each,
                        items: times.max(each as u64),
                        allocations,
                    };
                    all(made(items), times)
                });
            });
        };
        bench("floor", &|items| {
            let queue: Deque = deque(CAPACITY);
            runtime.block_on(hand(queue.clone(), vec![queue; each], items))
        });
        bench("seaworthy", &|items| {
            let (sender, receiver) = ours::queue().expect("it is allowed");
            runtime.block_on(hand(sender, vec![receiver; each], items))
        });
    }
    group.finish();
}

async fn hand<G: Get>(give: impl Give, gets: Vec<G>, items: Items) -> f64 {
    let figure = hand_off(give, gets, items).await;
    figure.expect("all arrive").nanos
}

/// An item for which there is no room.
fn full(criterion: &mut Criterion) {
    let runtime = runtime();
    let mut group = criterion.benchmark_group("queue, full");
    group.bench_function("floor", |bencher| {
        let queue = deque(CAPACITY);
        fill(&queue, CAPACITY).expect("it has room");
        bencher.iter_custom(|times| runtime.block_on(offer(queue.clone(), times)));
    });
    group.bench_function("seaworthy", |bencher| {
        let (sender, _receiver) = ours::queue().expect("it is allowed");
        fill(&sender, CAPACITY).expect("it has room");
        bencher.iter_custom(|times| runtime.block_on(offer(sender.clone(), times)));
    });
    group.finish();
}

async fn offer(queue: impl Offer, times: u64) -> Duration {
    let offers = Offers {
        workers: 1,
        items: times,
        allocations,
    };
    let figure = offer_in_vain(queue, offers).await;
    all(figure.expect("there is no room").nanos, times)
}
