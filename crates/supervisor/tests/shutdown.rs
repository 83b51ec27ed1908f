//! How a tree is stopped: in reverse order, each child as its shutdown says, and what is told about it.

mod common;

use std::future::pending;

use seaworthy_supervisor::{
    Child, Context, DynamicSupervisor, Ended, Init, Restart, Shutdown, ShutdownReport, Supervisor,
};
use tokio::time::{Instant, sleep};

use common::{Log, children, millis, noted, secs, settle, slow_stopper};

/// The rows of a report, slowest first.
fn rows(report: &ShutdownReport) -> Vec<(&str, u128, &'static str)> {
    let rows = report.slowest.iter();
    rows.map(|row| (&*row.path, row.took.as_millis(), row.reason.kind()))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn in_reverse_order_at_all_levels() {
    let log = Log::default();
    let inner = Supervisor::builder("inner")
        .child(slow_stopper(&log, "b", millis(10)))
        .child(slow_stopper(&log, "c", millis(10)));
    let root = Supervisor::builder("app")
        .child(slow_stopper(&log, "a", millis(10)))
        .child(Child::supervisor(inner))
        .child(slow_stopper(&log, "d", millis(10)));
    let root = root.start().await.unwrap();
    settle().await;
    log.take();
    let report = root.stop().await;
    let expected = "d:told d:done -d c:told c:done -c b:told b:done -b a:told a:done -a";
    assert_eq!(log.take(), expected, "one at a time");
    assert!(report.is_clean());
    assert_eq!((report.stopped, report.took.as_millis() / 10), (4, 4));
    assert!(matches!(root.ended().await, Ended::Stopped));
}

/// Who took the signal has time; who did not dies at once; a brutal kill does not ask.
#[tokio::test(start_paused = true)]
async fn each_as_its_shutdown_says() {
    let ways: [(Shutdown, bool, u64, &str); 6] = [
        (Shutdown::Timeout(secs(5)), true, 2, "+w w:told w:done -w"),
        (Shutdown::Timeout(secs(1)), true, 1, "+w w:told -w"),
        (Shutdown::Timeout(secs(5)), false, 0, "+w -w"),
        (Shutdown::Infinity, true, 2, "+w w:told w:done -w"),
        (Shutdown::Infinity, false, 0, "+w -w"),
        (Shutdown::BrutalKill, true, 0, "+w -w"),
    ];
    for (shutdown, listens, took, expected) in ways {
        let log = Log::default();
        let child = if listens {
            slow_stopper(&log, "w", secs(2))
        } else {
            noted(&log, "w")
        };
        let root = Supervisor::builder("app").child(child.shutdown(shutdown));
        let root = root.start().await.unwrap();
        settle().await;
        let began = Instant::now();
        let down = root.child("w").unwrap().monitor();
        root.terminate_child("w").await.unwrap();
        assert_eq!(
            (log.take().as_str(), began.elapsed().as_secs()),
            (expected, took)
        );
        let reason = match expected {
            "+w w:told w:done -w" => "normal",
            "+w -w" if shutdown != Shutdown::BrutalKill => "shutdown",
            _ => "killed",
        };
        assert_eq!(down.await.reason.kind(), reason, "{shutdown:?}");
    }
}

/// Taking the signal and letting go of it again traps exits, as in OTP the flag stays set.
#[tokio::test(start_paused = true)]
async fn a_signal_taken_once_traps() {
    let log = Log::default();
    let noted = log.clone();
    let child = Child::task("w", move |cx: Context| {
        let here = noted.enter("w");
        async move {
            let _here = here;
            drop(cx.shutdown());
            pending().await
        }
    });
    let root = Supervisor::builder("app")
        .child(child)
        .start()
        .await
        .unwrap();
    settle().await;
    let report = root.stop().await;
    assert_eq!(
        (report.took.as_secs(), report.killed),
        (5, 1),
        "its time is the default"
    );
}

/// A child that was told sees it in each way there is.
#[tokio::test(start_paused = true)]
async fn what_a_child_sees() {
    let seen = Log::default();
    let told = seen.clone();
    let child = Child::task("w", move |cx: Context| {
        let seen = told.clone();
        async move {
            seen.add(format!("{}", cx.is_shutting_down()));
            let early = cx.shutdown();
            cx.shutdown().await;
            early.await;
            cx.shutdown().await;
            seen.add(format!("{}", cx.is_shutting_down()));
            Ok(())
        }
    });
    let root = Supervisor::builder("app")
        .child(child)
        .start()
        .await
        .unwrap();
    settle().await;
    assert!(root.stop().await.is_clean());
    assert_eq!(seen.take(), "false true");
}

/// A dynamic supervisor asks all at once, and one time-out runs for all.
#[tokio::test(start_paused = true)]
async fn a_dynamic_supervisor_asks_all_at_once() {
    let log = Log::default();
    let noted = log.clone();
    let template = Child::template(move |cx: Context, takes: u64| {
        let log = noted.clone();
        async move {
            cx.shutdown().await;
            sleep(secs(takes)).await;
            log.add(format!("{takes}"));
            Ok(())
        }
    });
    let template = template.shutdown(Shutdown::Timeout(secs(4)));
    let pool = DynamicSupervisor::builder("pool")
        .template(template)
        .start()
        .await
        .unwrap();
    for takes in [3, 60, 1, 2, 60] {
        pool.start_child(takes).await.unwrap();
    }
    settle().await;
    let report = pool.stop().await;
    assert_eq!(
        (report.stopped, report.killed, report.took.as_secs()),
        (3, 2, 4)
    );
    assert_eq!(log.take(), "1 2 3");
    let first: Vec<_> = rows(&report)
        .into_iter()
        .take(3)
        .map(|row| (row.0, row.2))
        .collect();
    assert_eq!(
        first[2],
        ("pool/#1", "normal"),
        "the slowest of those that stopped"
    );
}

/// An order to stop does not wait for a start that hangs, at any level.
#[tokio::test(start_paused = true)]
async fn a_stop_interrupts_a_start() {
    let log = Log::default();
    let hangs = |log: &Log| {
        let log = log.clone();
        Child::init("hangs", move |_cx| {
            let here = log.enter("hangs");
            async move {
                pending::<()>().await;
                drop(here);
                Ok(Init::Run(pending()))
            }
        })
        .start_timeout(None)
    };
    // While the tree starts.
    for nested in [false, true] {
        let inner = Supervisor::builder("inner")
            .child(noted(&log, "b"))
            .child(hangs(&log));
        let child = if nested {
            Child::supervisor(inner)
        } else {
            hangs(&log)
        };
        let builder = Supervisor::builder("app")
            .child(noted(&log, "a"))
            .child(child);
        let handle = builder.handle();
        let start = tokio::spawn(builder.start());
        settle().await;
        let began = Instant::now();
        assert!(handle.stop().await.is_clean());
        assert_eq!(began.elapsed().as_secs(), 0);
        let expected = if nested {
            "+a +b +hangs -hangs -b -a"
        } else {
            "+a +hangs -hangs -a"
        };
        assert_eq!(log.take(), expected);
        assert!(start.await.unwrap().is_err());
    }
    // While a call starts a child.
    let root = Supervisor::builder("app")
        .child(noted(&log, "a"))
        .start()
        .await
        .unwrap();
    let (caller, child) = (root.clone(), hangs(&log));
    let call = tokio::spawn(async move { caller.start_child(child).await });
    settle().await;
    assert!(root.stop().await.is_clean());
    assert_eq!(log.take(), "+a +hangs -hangs -a");
    assert!(call.await.unwrap().is_err());
}

/// A nested supervisor that is told to stop by a caller is restarted by its parent if it is permanent.
#[tokio::test(start_paused = true)]
async fn of_a_nested_supervisor() {
    for restart in [Restart::Permanent, Restart::Transient, Restart::Temporary] {
        let log = Log::default();
        let inner = Supervisor::builder("inner").child(noted(&log, "w"));
        let inner = Child::supervisor(inner).restart(restart);
        let root = Supervisor::builder("app")
            .child(inner)
            .start()
            .await
            .unwrap();
        let nested = root.supervisor("inner").unwrap();
        assert!(nested.stop().await.is_clean());
        settle().await;
        let (expected, now) = match restart {
            Restart::Permanent => ("+w -w +w", "inner"),
            Restart::Transient => ("+w -w", "inner?"),
            Restart::Temporary => ("+w -w", ""),
        };
        assert_eq!(log.take(), expected, "{restart:?}");
        assert_eq!(children(&root).await, now);
        assert_eq!(
            nested.is_alive(),
            restart == Restart::Permanent,
            "the handle stays valid"
        );
    }
}
