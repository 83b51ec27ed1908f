//! Circuit breakers, watched for regressions. For figures beside those of others see the bin `compare`.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use seaworthy_benches::breaker::floor::Floor;
use seaworthy_benches::breaker::{
    Ask, Caller, Desk, Tower, fill, minding_slow_calls, one_in_a_hundred_fails, open,
    open_for_long, ours,
};
use seaworthy_benches::clock;
use seaworthy_circuit_breaker::{CircuitBreaker, Config, Window};
use tokio::runtime::{Builder, Runtime};

criterion_main!(breaker);
criterion_group!(breaker, closed, window, rejecting, guard);

fn runtime() -> Runtime {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

fn of(config: Config) -> impl Caller {
    ours(config).expect("it is allowed").1
}

/// The time that so many calls take.
async fn calls(caller: &mut impl Caller, calls: u64, ask: impl Fn(u64) -> Ask) -> Duration {
    let start = clock::now();
    for number in 0..calls {
        black_box(caller.call(ask(black_box(number))).await);
    }
    start.elapsed()
}

/// What a call costs as long as all is well, or nearly so.
fn closed(criterion: &mut Criterion) {
    let runtime = runtime();
    let mut group = criterion.benchmark_group("breaker, closed");
    macro_rules! calls {
        ($name:literal, $caller:expr, $ask:expr) => {
            let mut caller = $caller;
            group.bench_function($name, |bencher| {
                bencher.iter_custom(|times| runtime.block_on(calls(&mut caller, times, $ask)));
            });
        };
    }
    calls!("bare", Tower(Desk), Ask::Next);
    calls!("floor", Tower(Floor::new(false)), Ask::Next);
    calls!("default", of(Config::default()), Ask::Next);
    calls!(
        "one in a hundred fails",
        of(Config::default()),
        one_in_a_hundred_fails
    );
    calls!("slow calls count", of(minding_slow_calls()), Ask::Next);
    group.finish();
}

/// The same with at least so many calls in the window: it must not cost more the more there are.
fn window(criterion: &mut Criterion) {
    let runtime = runtime();
    let mut group = criterion.benchmark_group("breaker, calls in the window");
    let mut of_calls = Config::default();
    of_calls.window = Window::Calls(1_000_000);
    let mut of_time = Config::default();
    let span = Duration::from_secs(3600);
    of_time.window = Window::Time { span, buckets: 10 };
    for (kind, config) in [("time", of_time), ("calls", of_calls)] {
        for before in [100, 10_000, 1_000_000] {
            // Those that are timed join them.
            let mut caller = of(config.clone());
            runtime.block_on(fill(&mut caller, before));
            group.bench_function(BenchmarkId::new(kind, before), |bencher| {
                bencher.iter_custom(|times| {
                    runtime.block_on(calls(&mut caller, times, one_in_a_hundred_fails))
                });
            });
        }
    }
    group.finish();
}

/// What it costs to be turned away.
fn rejecting(criterion: &mut Criterion) {
    let runtime = runtime();
    let mut group = criterion.benchmark_group("breaker, open");
    let mut opened = of(open_for_long());
    runtime.block_on(open(&mut opened)).expect("it opens");
    group.bench_function("by failures", |bencher| {
        bencher.iter_custom(|times| runtime.block_on(calls(&mut opened, times, Ask::Next)));
    });
    let (breaker, mut forced) = ours(Config::default()).expect("it is allowed");
    breaker.force_open();
    group.bench_function("forced", |bencher| {
        bencher.iter_custom(|times| runtime.block_on(calls(&mut forced, times, Ask::Next)));
    });
    let mut floor = Tower(Floor::new(true));
    group.bench_function("floor", |bencher| {
        bencher.iter_custom(|times| runtime.block_on(calls(&mut floor, times, Ask::Next)));
    });
    group.finish();
}

/// Without a service.
fn guard(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("breaker, by hand");
    let breaker = CircuitBreaker::new("bench");
    group.bench_function("acquire and succeed", |bencher| {
        bencher.iter(|| black_box(breaker.try_acquire()).map(|permit| permit.success()));
    });
    group.bench_function("acquire and release", |bencher| {
        bencher.iter(|| black_box(breaker.try_acquire()).map(|permit| permit.release()));
    });
    breaker.force_open();
    group.bench_function("turned away", |bencher| {
        bencher.iter(|| black_box(breaker.try_acquire()).map(|permit| permit.success()));
    });
    group.finish();
}
