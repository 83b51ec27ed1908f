//! A start that fails, hangs or is made in the wrong place: a typed error that names the child, and
//! whatever had started is stopped in reverse order.

mod common;

use std::future::pending;
use std::pin::pin;
use std::task::{Context as Waking, Poll, Waker};
use std::time::Duration;

use seaworthy_supervisor::{
    Builder, Child, ChildResult, Ended, ExitReason, Init, RestartChildError, Shutdown,
    StartChildError, StartFailure, Supervisor,
};
use tokio::time::{Instant, sleep};

use common::{
    Log, children, idle, listener, millis, noted, secs, settle, slow_stopper, two_workers,
};

fn app() -> Builder {
    Supervisor::builder("app")
}

/// The third child fails in each way there is: its path and the reason are told, and the first two
/// are stopped, the second before the first.
#[tokio::test(start_paused = true)]
async fn a_child_that_does_not_start() {
    let never = || {
        Child::init("w", |_cx| {
            pending::<Result<Init<std::future::Pending<_>>, _>>()
        })
    };
    let ready =
        |body: fn() -> ChildResult| Child::task("w", move |_cx| async move { body() }).wait_ready();
    let inner = |child| Child::supervisor(Supervisor::builder("inner").child(child));
    let cases: [(Child, &str, &str); 9] = [
        (ready(|| Err("no disk".into())), "app/w", "error: no disk"),
        (ready(|| panic!("broken")), "app/w", "panic: broken at"),
        (ready(|| Ok(())), "app/w", "normal"),
        (
            ready(|| Err(ExitReason::shutdown("later").into())),
            "app/w",
            "shutdown: later",
        ),
        (
            Child::task("w", |_cx| -> std::future::Ready<_> { panic!("no") }).wait_ready(),
            "app/w",
            "panic: no at",
        ),
        (never(), "app/w", "not ready within 30s"),
        (
            never().start_timeout(millis(1500)),
            "app/w",
            "not ready within 1.5s",
        ),
        (
            inner(never().start_timeout(secs(2))),
            "app/inner/w",
            "not ready within 2s",
        ),
        (inner(idle("a/b")), "app/inner", "field `child.id` is a/b"),
    ];
    for (child, path, reason) in cases {
        let log = Log::default();
        let builder = app()
            .child(noted(&log, "a"))
            .child(noted(&log, "b"))
            .child(child);
        let handle = builder.handle();
        let error = builder.start().await.unwrap_err();
        assert_eq!(log.take(), "+a +b -b -a", "{error}");
        assert_eq!((&*error.path, &*error.root_cause().path), ("app", path));
        let text = error.to_string();
        assert!(
            text.starts_with(&format!("cannot start `{path}`: ")),
            "{text}"
        );
        assert!(text.contains(reason), "{text}");
        assert!(matches!(handle.ended().await, Ended::StartFailed(_)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_start_takes_no_longer_than_its_limit() {
    let began = Instant::now();
    let never = Child::init("w", |_cx| {
        pending::<Result<Init<std::future::Pending<_>>, _>>()
    });
    let error = app()
        .child(never.start_timeout(secs(7)))
        .start()
        .await
        .unwrap_err();
    let StartFailure::Exited(ExitReason::StartTimeout(limit)) = &error.root_cause().cause else {
        panic!("{error}");
    };
    assert_eq!((*limit, began.elapsed().as_secs()), (secs(7), 7));

    // Without a limit, or with one beyond all time, it takes what it takes.
    for limit in [None, Some(Duration::MAX)] {
        let slow = Child::init("w", |_cx| async {
            sleep(secs(100_000)).await;
            Ok(Init::Run(pending()))
        });
        let began = Instant::now();
        app()
            .child(slow.start_timeout(limit))
            .start()
            .await
            .unwrap();
        assert_eq!(began.elapsed().as_secs(), 100_000);
    }
    // No time at all is enough for who needs none, and too little for who waits.
    let quick = |wait: bool| {
        let child = Child::init("w", move |_cx| async move {
            if wait {
                sleep(secs(1)).await;
            }
            Ok(Init::Run(pending()))
        });
        app().child(child.start_timeout(Duration::ZERO))
    };
    quick(false).start().await.unwrap();
    quick(true).start().await.unwrap_err();
}

/// The calls, too, tell why a child did not start, and keep what they should.
#[tokio::test(start_paused = true)]
async fn a_call_whose_child_does_not_start() {
    let root = app().start().await.unwrap();
    let calls = common::counter();
    let child = || {
        let calls = calls.clone();
        Child::init("w", move |_cx| {
            let fails = calls() != 2;
            async move {
                if fails {
                    Err("no disk".into())
                } else {
                    Ok(Init::Run(pending()))
                }
            }
        })
    };
    let error = root.start_child(child()).await.unwrap_err();
    assert!(matches!(&error, StartChildError::Failed(failed) if &*failed.path == "app/w"));
    assert_eq!(error.to_string(), "cannot start `app/w`: error: no disk");
    assert_eq!(children(&root).await, "");
    root.start_child(child()).await.unwrap().unwrap();
    root.terminate_child("w").await.unwrap();
    let error = root.restart_child("w").await.unwrap_err();
    assert!(matches!(&error, RestartChildError::Failed(failed) if &*failed.path == "app/w"));
    assert_eq!(children(&root).await, "w?");
}

#[tokio::test(start_paused = true)]
async fn shutdown_times() {
    // Told, and gone within the time it takes to poll it once.
    let log = Log::default();
    let none = slow_stopper(&log, "w", secs(1)).shutdown(Shutdown::Timeout(Duration::ZERO));
    let root = app().child(none).start().await.unwrap();
    settle().await;
    let began = Instant::now();
    assert_eq!(root.stop().await.killed, 1);
    assert!(began.elapsed() < millis(10));
    assert_eq!(log.take(), "+w w:told -w");

    // As long as it likes.
    let endless = slow_stopper(&log, "w", secs(100_000)).shutdown(Shutdown::Timeout(Duration::MAX));
    let root = app().child(endless).start().await.unwrap();
    settle().await;
    let report = root.shutdown(Duration::MAX).await;
    assert_eq!((report.killed, report.took.as_secs()), (0, 100_000));

    // No time for the whole tree.
    let root = app()
        .child(slow_stopper(&log, "w", secs(1)))
        .start()
        .await
        .unwrap();
    settle().await;
    let report = root.shutdown(Duration::ZERO).await;
    assert_eq!((report.killed, report.still_running.len()), (1, 0));
    assert!(!root.is_alive());
}

#[test]
fn no_runtime() {
    let log = Log::default();
    let mut start = pin!(app().child(noted(&log, "a")).start());
    let Poll::Ready(Err(error)) = start.as_mut().poll(&mut Waking::from_waker(Waker::noop()))
    else {
        panic!("it has to fail at once");
    };
    assert!(matches!(error.cause, StartFailure::NoRuntime));
    assert_eq!(
        error.to_string(),
        "cannot start `app`: start it inside a tokio runtime"
    );
    assert_eq!(log.take(), "");
}

/// The handle may be used by any executor: its calls find the runtime of the tree.
#[test]
fn calls_from_outside_the_runtime() {
    let runtime = two_workers();
    let root = runtime
        .block_on(app().child(listener("a")).start())
        .unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            block_on(root.start_child(listener("b"))).unwrap();
            block_on(root.terminate_child("a")).unwrap();
            block_on(root.restart_child("a")).unwrap();
            assert!(block_on(root.shutdown(secs(60))).is_clean());
        });
    });
}

/// An executor that knows nothing of tokio.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(std::thread::Thread);
    impl std::task::Wake for Unpark {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(std::sync::Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Waking::from_waker(&waker)) {
            return output;
        }
        std::thread::park();
    }
}
