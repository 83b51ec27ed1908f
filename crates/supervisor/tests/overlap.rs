//! On two workers, too, an incarnation with its sub-tasks never overlaps the next one.

mod common;

use std::sync::Arc;

use seaworthy_supervisor::{Child, Context, Supervisor};
use seaworthy_testkit::Live;

use common::{counter, secs, two_workers};

/// Takes its time when it is dropped, so that the others have every chance to begin too early.
struct SlowToGo {
    _guard: seaworthy_testkit::LiveGuard,
}

impl Drop for SlowToGo {
    fn drop(&mut self) {
        for _ in 0..2000 {
            std::thread::yield_now();
        }
    }
}

/// On two workers, with sub-tasks that are slow to go: never two incarnations at once.
#[test]
fn never_overlap_the_next_incarnation() {
    let runtime = two_workers();
    let incarnations = Live::new();
    let (counted, calls) = (incarnations.clone(), counter());
    let child = Child::task("w", move |cx: Context| {
        // One guard for an incarnation and everything that it spawned.
        let guard = Arc::new(SlowToGo {
            _guard: counted.guard(),
        });
        let call = calls();
        async move {
            let begun = Arc::new(tokio::sync::Barrier::new(3));
            for _ in 0..2 {
                let (guard, begun) = (Arc::clone(&guard), Arc::clone(&begun));
                cx.spawn(async move {
                    let _guard = guard;
                    begun.wait().await;
                    loop {
                        tokio::task::yield_now().await;
                    }
                });
            }
            begun.wait().await;
            match call {
                500.. => {
                    cx.shutdown().await;
                    Ok(())
                }
                call if call % 3 == 0 => Ok(()),
                call if call % 3 == 1 => Err("crashed".into()),
                _ => std::panic::resume_unwind(Box::new("quietly")),
            }
        }
    });
    let app = Supervisor::builder("app")
        .intensity(1000, secs(1000))
        .child(child);
    runtime.block_on(async {
        let root = app.start().await.unwrap();
        while incarnations.created() < 500 {
            tokio::task::yield_now().await;
        }
        assert!(root.stop().await.still_running.is_empty());
    });
    assert_eq!(
        (
            incarnations.created(),
            incarnations.alive(),
            incarnations.peak()
        ),
        (500, 0, 1)
    );
}
