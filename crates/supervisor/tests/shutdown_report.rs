//! The deadline of a whole tree, and what is told about a shutdown.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use seaworthy_supervisor::{Child, Ended, Shutdown, ShutdownReport, Supervisor};

use common::{Log, idle, listener, millis, secs, settle, slow_stopper, two_workers};

/// The rows of a report, slowest first.
fn rows(report: &ShutdownReport) -> Vec<(&str, u128, &'static str)> {
    let rows = report.slowest.iter();
    rows.map(|row| (&*row.path, row.took.as_millis(), row.reason.kind()))
        .collect()
}

/// One after the other, the times add up; the report says who needed how long.
#[tokio::test(start_paused = true)]
async fn times_add_up() {
    let log = Log::default();
    let deaf = slow_stopper(&log, "deaf", secs(60)).shutdown(Shutdown::Timeout(secs(3)));
    let root = Supervisor::builder("app")
        .child(slow_stopper(&log, "quick", secs(1)))
        .child(deaf)
        .child(slow_stopper(&log, "slow", secs(2)));
    let root = root.start().await.unwrap();
    settle().await;
    let report = root.stop().await;
    assert_eq!(
        (report.stopped, report.killed, report.took.as_secs()),
        (2, 1, 6)
    );
    let [deaf, slow, quick] = &rows(&report)[..] else {
        panic!("{report:?}")
    };
    assert_eq!((deaf.0, deaf.1 / 1000, deaf.2), ("app/deaf", 3, "killed"));
    assert_eq!((slow.0, slow.1, slow.2), ("app/slow", 2000, "normal"));
    assert_eq!((quick.0, quick.1, quick.2), ("app/quick", 1000, "normal"));
    assert!(!report.is_clean());
    let text = report.to_string();
    assert!(
        text.starts_with("stopped in 6.0 s: 2 workers by themselves, 1 killed\n"),
        "{text}"
    );
    assert!(
        text.contains("\n  app/slow needed 2.0 s (normal)"),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_deadline_of_a_tree_kills_what_is_left() {
    let log = Log::default();
    let inner = Supervisor::builder("inner")
        .child(slow_stopper(&log, "a", secs(1)))
        .child(slow_stopper(&log, "b", secs(60)).shutdown(Shutdown::Infinity));
    let root = Supervisor::builder("app")
        .child(slow_stopper(&log, "c", secs(1)))
        .child(Child::supervisor(inner))
        .child(slow_stopper(&log, "d", secs(1)));
    let root = root.start().await.unwrap();
    settle().await;
    log.take();
    let report = root.shutdown(secs(4)).await;
    assert_eq!((report.stopped, report.killed), (1, 3), "{report}");
    assert_eq!(report.took.as_secs(), 4);
    assert!(report.still_running.is_empty());
    let words = log.take();
    assert!(words.starts_with("d:told d:done -d b:told "), "{words}");
    for id in ["a", "b", "c"] {
        assert!(words.contains(&format!("-{id}")) && !words.contains(&format!("{id}:done")));
    }
    assert!(matches!(root.ended().await, Ended::Killed));

    // In time, a deadline changes nothing.
    let root = Supervisor::builder("app").child(slow_stopper(&log, "c", secs(1)));
    let root = root.start().await.unwrap();
    settle().await;
    assert!(root.shutdown(secs(4)).await.is_clean());
    assert!(matches!(root.ended().await, Ended::Stopped));
}

/// Lets the zombie go, also if the test fails.
struct Release(Arc<AtomicBool>);

impl Drop for Release {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

/// One that neither yields nor ends is named, and waited for no longer than a second.
#[test]
fn who_never_yields_is_named() {
    let runtime = two_workers();
    let (begun, released) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicBool::new(false)),
    );
    let release = Release(Arc::clone(&released));
    let begin = Arc::clone(&begun);
    let zombie = Child::task("zombie", move |_cx| {
        let (begin, released) = (Arc::clone(&begin), Arc::clone(&released));
        async move {
            begin.store(true, SeqCst);
            while !released.load(SeqCst) {
                std::thread::yield_now();
            }
            Ok(())
        }
    });
    let inner = Child::supervisor(Supervisor::builder("inner").child(zombie));
    let app = Supervisor::builder("app").child(idle("a")).child(inner);
    runtime.block_on(async {
        let root = app.start().await.unwrap();
        while !begun.load(SeqCst) {
            tokio::task::yield_now().await;
        }
        let report = root.shutdown(millis(10)).await;
        assert_eq!(report.still_running.len(), 1);
        assert_eq!(&*report.still_running[0], "app/inner/zombie");
        assert!(!report.is_clean());
        let text = report.to_string();
        assert!(
            text.ends_with("\n  app/inner/zombie still runs: it neither yields nor ends"),
            "{text}"
        );
        assert!(root.is_alive(), "the tree is not gone before it is");
        drop(release);
        assert!(matches!(root.ended().await, Ended::Killed));
    });
}

/// Both wait for the same end, and both are told how it went.
#[tokio::test(start_paused = true)]
async fn twice_at_once() {
    let log = Log::default();
    let root = Supervisor::builder("app").child(slow_stopper(&log, "w", secs(1)));
    let root = root.child(listener("v")).start().await.unwrap();
    settle().await;
    let (first, second) = tokio::join!(root.stop(), root.shutdown(secs(30)));
    assert!(first.is_clean() && second.is_clean());
    assert_eq!(
        (first.stopped, second.stopped),
        (2, 2),
        "one report must not eat the other"
    );
    assert_eq!(log.take(), "+w w:told w:done -w", "told once");
}
