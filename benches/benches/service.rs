//! Supervised services, watched for regressions. For figures beside those of others see the bin `compare`.

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use seaworthy_benches::ours;
use seaworthy_benches::service::{Floor, Order, Page, Watch, ask, first_answer};
use tokio::runtime::{Builder, Runtime};

criterion_main!(service);
criterion_group!(service, steady, restart);

fn runtime() -> Runtime {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

/// What a call costs.
fn steady(criterion: &mut Criterion) {
    let runtime = runtime();
    let mut group = criterion.benchmark_group("service");
    let watch = Watch::default();
    macro_rules! calls {
        ($name:literal, $service:expr) => {
            let mut service = $service;
            group.bench_function($name, |bencher| {
                bencher.iter_custom(|calls| {
                    runtime.block_on(async {
                        let start = seaworthy_benches::clock::now();
                        for number in 0..calls {
                            let answer =
                                ask(&mut service, Order::Next(std::hint::black_box(number)));
                            std::hint::black_box(answer.await.expect("an answer"));
                        }
                        start.elapsed()
                    })
                });
            });
        };
    }
    calls!("bare", Page::new(&watch));
    calls!("floor", Floor::new(&watch));
    let inline = runtime.block_on(ours::service(&watch, |builder| builder));
    let (service, _root) = inline.expect("it starts");
    calls!("supervised", service);
    let owned = runtime.block_on(ours::service(&watch, |builder| builder.owned()));
    let (service, _root) = owned.expect("it starts");
    calls!("supervised, owned", service);
    group.finish();
}

/// From a panic to the first answer.
fn restart(criterion: &mut Criterion) {
    // A crash is the matter at hand, and no news.
    std::panic::set_hook(Box::new(|_| {}));
    let runtime = runtime();
    let watch = Watch::default();
    let made = runtime.block_on(ours::service(&watch, |builder| builder));
    let (mut service, _root) = made.expect("it starts");
    criterion.bench_function("service, from a panic to the first answer", |bencher| {
        bencher.iter_custom(|crashes| {
            let mut nanos = 0;
            for _ in 0..crashes {
                let took = runtime.block_on(first_answer(&mut service, &watch));
                nanos += took.expect("it comes back");
            }
            Duration::from_nanos(nanos)
        });
    });
    drop(std::panic::take_hook());
}
