//! What a supervisor counts, under which names.
#![cfg(feature = "metrics")]

mod common;

use std::future::pending;

use seaworthy_supervisor::{Builder, Child, Context, DynamicSupervisor, Init, Restart, Supervisor};
use seaworthy_testkit::measured;
use tokio::time::sleep;

use common::{counter, crasher, idle, listener, secs, settle};

const PREFIX: &str = "seaworthy_supervisor_";

/// A child that ends in a different way each time, and stays at last.
fn fickle() -> Child {
    let calls = counter();
    Child::task("w", move |cx: Context| {
        let call = calls();
        async move {
            sleep(secs(1)).await;
            match call {
                1 | 2 => Err("crashed".into()),
                3 => panic!("crashed"),
                4 => Ok(()),
                5 => pending().await,
                _ => {
                    cx.shutdown().await;
                    Ok(())
                }
            }
        }
    })
}

fn app() -> Builder {
    Supervisor::builder("app").intensity(100, secs(60))
}

#[test]
fn starts_and_exits() {
    let counters = measured(PREFIX, async {
        let inner = Supervisor::builder("inner").child(idle("a"));
        let root = app()
            .child(fickle())
            .child(Child::supervisor(inner))
            .start()
            .await
            .unwrap();
        sleep(secs(10)).await;
        root.child("w").unwrap().kill();
        sleep(secs(10)).await;
        root.stop().await;
    });
    let expected = [
        "exits_total{name=app,reason=error} 2",
        "exits_total{name=app,reason=killed} 1",
        "exits_total{name=app,reason=normal} 2",
        "exits_total{name=app,reason=panic} 1",
        "exits_total{name=app/inner,reason=shutdown} 1",
        "starts_total{name=app/inner} 1",
        // Six of the worker, and the nested supervisor.
        "starts_total{name=app} 7",
    ];
    assert_eq!(counters, expected);
}

#[test]
fn failures() {
    let counters = measured(PREFIX, async {
        let calls = counter();
        let fails = Child::init("f", move |_cx| {
            let call = calls();
            async move {
                match call {
                    1 => Ok(Init::Run(async { Err("crashed".into()) })),
                    call => Err(format!("attempt {call}").into()),
                }
            }
        });
        let root = Supervisor::builder("app")
            .intensity(2, secs(60))
            .child(fails);
        root.start().await.unwrap().ended().await;
    });
    let expected = [
        "exits_total{name=app,reason=error} 1",
        "gave_up_total{name=app} 1",
        "start_failures_total{name=app} 2",
        "starts_total{name=app} 1",
    ];
    assert_eq!(counters, expected);
}

/// The series of a supervisor go on when it is restarted, and children are no labels.
#[test]
fn series_are_bounded() {
    let counters = measured(PREFIX, async {
        let template = Child::template(|_cx, ()| pending());
        let pool =
            DynamicSupervisor::builder("pool").template(template.restart(Restart::Temporary));
        let handle = pool.handle();
        let flaky = Supervisor::builder("flaky")
            .intensity(0, secs(1))
            .child(crasher("w", secs(1)));
        let root = app()
            .child(Child::supervisor(flaky))
            .child(Child::supervisor(pool));
        let root = root.child(listener("l")).start().await.unwrap();
        for _ in 0..100 {
            handle.start_child(()).await.unwrap();
        }
        sleep(secs(5)).await;
        settle().await;
        root.shutdown(secs(1)).await;
    });
    let expected = [
        "exits_total{name=app,reason=normal} 1",
        "exits_total{name=app/flaky,reason=error} 5",
        "exits_total{name=app/flaky,reason=shutdown} 1",
        "exits_total{name=app/pool,reason=shutdown} 100",
        "gave_up_total{name=app/flaky} 5",
        "starts_total{name=app/flaky} 6",
        "starts_total{name=app/pool} 100",
        "starts_total{name=app} 8",
    ];
    assert_eq!(counters, expected);
}
