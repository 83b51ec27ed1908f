//! Signals at awkward moments, and reasons that are not what they seem.

mod common;

use std::fmt;
use std::future::pending;
use std::sync::Arc;

use seaworthy_supervisor::{Child, Context, ExitReason, Restart, Supervisor, SupervisorEvent};

use common::{Seen, children, counter, idle, secs, settle};

/// Whoever ends itself and then returns is one incarnation that ended, not two.
#[tokio::test(start_paused = true)]
async fn a_signal_to_one_incarnation_does_not_reach_the_next() {
    let calls = counter();
    let child = Child::task("a", move |cx: Context| {
        let first = calls() == 1;
        async move {
            if first {
                cx.me().exit("boom".into());
                return Err("own".into());
            }
            pending().await
        }
    });
    let root = Supervisor::builder("app").child(child);
    let root = root.start().await.expect("it starts");
    settle().await;
    assert_eq!(root.child("a").expect("it runs").incarnation(), 2);
    root.stop().await;
}

/// The runtime of another tree is gone, and its reason comes along a link or is passed on: ours is there.
#[tokio::test(start_paused = true)]
async fn a_reason_from_another_runtime_says_nothing_about_this_one() {
    let calls = counter();
    let returns = Child::task("b", move |_cx| {
        let first = calls() == 1;
        async move {
            if first {
                return Err(ExitReason::RuntimeGone.into());
            }
            pending().await
        }
    });
    let root = Supervisor::builder("app").children([idle("a"), returns]);
    let root = root.start().await.expect("it starts");
    let before = root.child("a").expect("it runs");
    assert!(before.exit(ExitReason::RuntimeGone));
    settle().await;
    assert_eq!(children(&root).await, "a b");
    let after = root.child("a").expect("it runs");
    assert!(after.incarnation() > before.incarnation());
    root.stop().await;
}

/// A reason that speaks of a zombie is not one: the intensity is what was exceeded, and that is told.
#[tokio::test(start_paused = true)]
async fn whoever_dies_of_the_reason_of_a_zombie_is_none() {
    let seen = Seen::new();
    let root = Supervisor::builder("app")
        .events(&seen.events)
        .intensity(0, secs(1))
        .child(idle("a"));
    let root = root.start().await.expect("it starts");
    root.child("a")
        .expect("it runs")
        .exit(ExitReason::Zombie(secs(1)));
    root.ended().await;
    let intensity =
        |event: &SupervisorEvent| matches!(event, SupervisorEvent::IntensityExceeded { .. });
    assert!(seen.take().iter().any(intensity));
}

/// Panics whenever it is dropped.
#[derive(Debug)]
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("the bomb went off");
    }
}

impl fmt::Display for Bomb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bomb")
    }
}

impl std::error::Error for Bomb {}

/// Two of them, since a panic while another unwinds would end the process.
#[tokio::test(start_paused = true)]
async fn unread_signals_that_panic_when_they_are_dropped_harm_nobody() {
    let child = Child::task("a", |cx: Context| async move {
        drop(cx.trap_exits());
        pending().await
    });
    let root = Supervisor::builder("app").child(child);
    let root = root.start().await.expect("it starts");
    settle().await;
    let first = root.child("a").expect("it runs");
    for _ in 0..2 {
        assert!(first.exit(ExitReason::Error(Arc::new(Bomb))));
    }
    assert!(first.kill());
    settle().await;
    assert!(root.child("a").expect("it runs").incarnation() > first.incarnation());
    let stopped = tokio::time::timeout(secs(60), root.stop()).await;
    assert!(stopped.is_ok(), "the stop hangs");
}

/// What is left to the next incarnation and an error that is forgotten at the same end.
#[tokio::test(start_paused = true)]
async fn two_values_that_panic_when_they_are_dropped_at_one_end() {
    let calls = counter();
    let child = Child::task("a", move |cx: Context| {
        let call = calls();
        async move {
            settle().await;
            match call {
                // As many as are remembered.
                1..=5 => Err(Bomb.into()),
                6 => {
                    cx.hand_over(Bomb);
                    panic!("what it leaves is not to be trusted")
                }
                _ => pending().await,
            }
        }
    });
    let root = Supervisor::builder("app").intensity(20, secs(60));
    let root = root.child(child).start().await.expect("it starts");
    tokio::time::sleep(secs(1)).await;
    assert_eq!(root.child("a").expect("it runs").incarnation(), 7);
}

/// A first phase that is ended by a signal is a start that failed.
#[tokio::test(start_paused = true)]
async fn a_signal_ends_a_first_phase() {
    let child = Child::task("a", |cx: Context| async move {
        let other = cx.supervisor().child("x").ok_or("it does not run")?;
        cx.link(&other);
        other.exit("boom".into());
        pending().await
    });
    let root = Supervisor::builder("app").child(idle("x"));
    let root = root.start().await.expect("it starts");
    let started = root.start_child(child.wait_ready().restart(Restart::Temporary));
    let error = started.await.expect_err("it never is ready");
    assert!(error.to_string().contains("boom"), "{error}");
    assert_eq!(children(&root).await, "x");
    root.stop().await;
}
