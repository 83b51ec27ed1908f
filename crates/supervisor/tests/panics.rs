//! A panic in any code of the user ends where it belongs: the child crashes and is restarted, its
//! siblings and its supervisor are untouched.

mod common;

use std::future::pending;
use std::pin::Pin;
use std::task::{Context as Waking, Poll};

use seaworthy_supervisor::{
    Child, ChildResult, Context, CrashReport, Ended, ExitReason, Init, StartFailure, Supervisor,
    SupervisorEvent,
};

use common::{Seen, children, counter, idle, millis, secs, settle};

/// Panics when it is dropped.
#[derive(Clone, Debug)]
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("the bomb went off");
        }
    }
}

/// Runs `child` beside a sibling for a second: it has to run at the end, and the sibling must not
/// have noticed. The answer is how it crashed.
async fn survive(child: Child) -> Vec<CrashReport> {
    let seen = Seen::new();
    let root = Supervisor::builder("app")
        .intensity(20, secs(60))
        .events(&seen.events);
    let root = root
        .child(idle("sibling"))
        .child(child)
        .start()
        .await
        .expect("it starts");
    let sibling = root.child("sibling").expect("it runs").incarnation();
    tokio::time::sleep(secs(1)).await;
    assert_eq!(
        root.child("sibling").expect("it runs").incarnation(),
        sibling
    );
    assert_eq!(children(&root).await, "sibling w");
    assert!(root.child("w").expect("it runs").is_alive());
    root.stop().await;
    seen.crashes()
}

/// It crashed once, with a panic that said this, in this file.
#[track_caller]
fn one_panic(crashes: &[CrashReport], message: &str) {
    let [crash] = crashes else {
        panic!("not one crash: {crashes:?}")
    };
    let ExitReason::Panic(panic) = &crash.reason else {
        panic!("not a panic: {}", crash.reason)
    };
    assert_eq!((&*crash.path, panic.message()), ("app/w", message));
    let location = panic.location().expect("the hook is there");
    assert!(location.contains("panics.rs:"), "{location}");
}

#[tokio::test(start_paused = true)]
async fn in_the_factory() {
    let calls = counter();
    let crashes = survive(Child::task("w", move |_cx| {
        assert!(calls() > 1, "no future today");
        pending()
    }));
    one_panic(&crashes.await, "no future today");
}

#[tokio::test(start_paused = true)]
async fn in_the_body() {
    let calls = counter();
    let crashes = survive(Child::task("w", move |_cx| {
        let first = calls() == 1;
        async move {
            settle().await;
            assert!(!first, "disk {} gone", 7);
            pending().await
        }
    }));
    one_panic(&crashes.await, "disk 7 gone");
}

#[tokio::test(start_paused = true)]
async fn in_the_first_phase() {
    let child = |fails: usize| {
        let calls = counter();
        Child::init("w", move |_cx| {
            let call = calls();
            async move {
                assert!(call != fails, "not ready for this");
                Ok(Init::Run(async move {
                    if call == 1 {
                        Err("end".into())
                    } else {
                        pending().await
                    }
                }))
            }
        })
    };
    // At the start of the tree nothing is retried.
    let error = Supervisor::builder("app")
        .child(child(1))
        .start()
        .await
        .unwrap_err();
    assert_eq!(&*error.root_cause().path, "app/w");
    let StartFailure::Exited(ExitReason::Panic(panic)) = &error.root_cause().cause else {
        panic!("{error}");
    };
    assert_eq!(panic.message(), "not ready for this");
    // At a restart it is.
    let seen = Seen::new();
    let root = Supervisor::builder("app")
        .child(child(2))
        .events(&seen.events);
    let root = root.start().await.unwrap();
    settle().await;
    assert_eq!(children(&root).await, "w");
    let failed = seen.take().into_iter().find_map(|event| match event {
        SupervisorEvent::ChildStartFailed { path, reason } => Some(format!("{path}: {reason}")),
        _ => None,
    });
    let failed = failed.expect("it is reported");
    assert!(
        failed.starts_with("app/w: panic: not ready for this at "),
        "{failed}"
    );
}

/// Returns, or panics, at its first poll; and panics when it is dropped after that.
struct Grenade {
    outcome: fn() -> ChildResult,
    _bomb: Bomb,
}

impl Future for Grenade {
    type Output = ChildResult;

    fn poll(self: Pin<&mut Self>, _: &mut Waking<'_>) -> Poll<ChildResult> {
        Poll::Ready((self.outcome)())
    }
}

/// A child whose first incarnation is a grenade, and whose later ones do nothing.
fn grenade(outcome: fn() -> ChildResult) -> Child {
    let calls = counter();
    Child::task(
        "w",
        move |_cx| -> Pin<Box<dyn Future<Output = ChildResult> + Send>> {
            if calls() == 1 {
                Box::pin(Grenade {
                    outcome,
                    _bomb: Bomb,
                })
            } else {
                Box::pin(pending())
            }
        },
    )
}

#[tokio::test(start_paused = true)]
async fn in_the_drop_after_the_end() {
    one_panic(&survive(grenade(|| Ok(()))).await, "the bomb went off");
}

/// The first panic is the cause, the second one came of it.
#[tokio::test(start_paused = true)]
async fn in_the_drop_after_a_panic() {
    one_panic(&survive(grenade(|| panic!("the cause"))).await, "the cause");
}

#[tokio::test(start_paused = true)]
async fn in_the_drop_when_told_to_stop() {
    let child = Child::task("w", |_cx| async move {
        let _bomb = Bomb;
        pending().await
    });
    let root = Supervisor::builder("app")
        .child(idle("sibling"))
        .child(child);
    let root = root.start().await.unwrap();
    settle().await;
    let down = root.child("w").unwrap().monitor();
    root.terminate_child("w").await.unwrap();
    assert!(matches!(down.await.reason, ExitReason::Panic(_)));
    assert_eq!(children(&root).await, "sibling w?");
    root.restart_child("w").await.unwrap();
    settle().await;
    root.stop().await;
    assert!(matches!(root.ended().await, Ended::Stopped));
}

#[tokio::test(start_paused = true)]
async fn in_a_sub_task() {
    let calls = counter();
    let (told, mut hear) = tokio::sync::mpsc::unbounded_channel();
    let crashes = survive(Child::task("w", move |cx: Context| {
        let (first, told) = (calls() == 1, told.clone());
        async move {
            if first {
                let task = cx.spawn(async { panic!("a detail went wrong") });
                tokio::spawn(async move { told.send(task.await) });
            }
            pending().await
        }
    }));
    one_panic(&crashes.await, "a detail went wrong");
    assert!(
        hear.recv().await.unwrap().unwrap_err().is_panic(),
        "whoever awaits it hears it too"
    );
}

#[tokio::test(start_paused = true)]
async fn in_an_observer() {
    let seen = Seen::new();
    let spoilt = seen
        .events
        .observe(|event| panic!("I did not want to know of {event}"));
    let crash = common::crasher("w", millis(1));
    let root = Supervisor::builder("app")
        .child(crash)
        .events(&seen.events)
        .intensity(2, secs(9));
    let root = root.start().await.unwrap();
    assert!(matches!(root.ended().await, Ended::GaveUp { .. }));
    drop(spoilt);
    assert_eq!(seen.crashes().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn with_a_payload_that_panics_when_dropped() {
    let calls = counter();
    let crashes = survive(Child::task("w", move |_cx| {
        let first = calls() == 1;
        async move {
            if first {
                std::panic::panic_any(Bomb);
            }
            pending().await
        }
    }));
    one_panic(&crashes.await, "a payload that is not text");
}
