//! Values of the user that panic when they are shown, cloned or dropped harm nobody.

mod common;

use std::fmt;
use std::future::pending;

use seaworthy_core::BoxError;
use seaworthy_supervisor::{
    Child, ChildResult, Context, DynamicSupervisor, Ended, Init, Restart, Supervisor,
};

use common::{children, counter, idle, secs, settle};

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

/// An error that cannot be shown.
#[derive(Debug)]
struct Unspeakable;

impl fmt::Display for Unspeakable {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("words fail me")
    }
}

impl std::error::Error for Unspeakable {}

/// The nested supervisor gives up because of an error that panics when it is shown: the parent hears
/// of the end all the same, and restarts it.
#[tokio::test(start_paused = true)]
async fn in_the_display_of_an_error() {
    let calls = counter();
    let worker = Child::task("w", move |_cx| {
        let first = calls() == 1;
        async move {
            if first {
                Err(Unspeakable.into())
            } else {
                pending().await
            }
        }
    });
    let inner = Supervisor::builder("inner")
        .intensity(0, secs(1))
        .child(worker);
    let root = Supervisor::builder("app")
        .child(Child::supervisor(inner))
        .start()
        .await
        .unwrap();
    let first = root.child("inner").unwrap();
    let down = tokio::time::timeout(secs(1), first.monitor()).await;
    let reason = down.expect("whoever monitors it is told").reason;
    assert_eq!(reason.kind(), "shutdown");
    settle().await;
    assert_eq!(children(&root).await, "inner");
    let second = root.child("inner").expect("it was restarted");
    assert!(second.incarnation() > first.incarnation());
    assert!(root.child("inner/w").expect("it runs").is_alive());
    root.stop().await;
}

/// An error that panics when it is dropped.
#[derive(Debug)]
struct Fatal(Bomb);

impl fmt::Display for Fatal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("fatal")
    }
}

impl std::error::Error for Fatal {}

/// After five crashes the oldest is forgotten: its error is dropped, and goes off.
#[tokio::test(start_paused = true)]
async fn in_the_drop_of_an_error() {
    for handshake in [false, true] {
        let calls = counter();
        let child = Child::task("w", move |cx: Context| {
            let crash = calls() <= 8;
            async move {
                cx.ready();
                settle().await;
                if crash {
                    Err(Box::new(Fatal(Bomb)) as BoxError)
                } else {
                    pending().await
                }
            }
        });
        let child = if handshake { child.wait_ready() } else { child };
        let root = Supervisor::builder("app").intensity(20, secs(60));
        let root = root
            .child(idle("sibling"))
            .child(child)
            .start()
            .await
            .unwrap();
        tokio::time::sleep(secs(1)).await;
        assert_eq!(children(&root).await, "sibling w");
        assert!(root.child("w").expect("it runs").is_alive());
        // The rest of the errors go off with the tree.
        let stopped = tokio::time::timeout(secs(60), root.stop()).await;
        assert!(stopped.is_ok(), "the stop hangs");
        assert!(matches!(root.ended().await, Ended::Stopped));
    }
}

/// What a child captured is dropped with its specification.
#[tokio::test(start_paused = true)]
async fn in_the_drop_of_a_specification() {
    let armed = |id| {
        let bomb = Bomb;
        Child::task(id, move |_cx| {
            let _ = &bomb;
            pending()
        })
    };
    let root = Supervisor::builder("app")
        .child(idle("sibling"))
        .start()
        .await
        .unwrap();
    root.start_child(armed("deleted")).await.unwrap();
    root.terminate_child("deleted").await.unwrap();
    assert_eq!(root.delete_child("deleted").await, Ok(()));
    root.start_child(armed("temporary").restart(Restart::Temporary))
        .await
        .unwrap();
    assert_eq!(root.terminate_child("temporary").await, Ok(()));
    assert_eq!(children(&root).await, "sibling");

    root.start_child(armed("left")).await.unwrap();
    let stopped = tokio::time::timeout(secs(60), root.stop()).await;
    assert!(stopped.is_ok(), "the stop hangs");
    assert!(matches!(root.ended().await, Ended::Stopped));
}

/// Arguments whose clone panics the first time, and whose drop always does.
struct Argument(fn() -> bool);

impl Clone for Argument {
    fn clone(&self) -> Self {
        assert!((self.0)(), "not twice the same");
        Self(self.0)
    }
}

#[tokio::test(start_paused = true)]
async fn in_the_clone_of_arguments() {
    let template = Child::template_init(|_cx, _argument: Argument| async {
        Ok(Init::Run(pending::<ChildResult>()))
    });
    let pool = DynamicSupervisor::builder("pool")
        .template(template)
        .start()
        .await
        .unwrap();
    let error = pool.start_child(Argument(|| false)).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("`pool/#1`: panic: not twice the same"),
        "{error}"
    );
    pool.start_child(Argument(|| true)).await.unwrap();
    assert_eq!(children(&pool).await, "#2");
}

#[tokio::test(start_paused = true)]
async fn in_the_drop_of_arguments() {
    let template = Child::template(|_cx, bomb: Bomb| {
        let _never_dropped = std::mem::ManuallyDrop::new(bomb);
        pending()
    });
    let pool = DynamicSupervisor::builder("pool")
        .template(template)
        .start()
        .await
        .unwrap();
    let child = pool.start_child(Bomb).await.unwrap().unwrap();
    pool.start_child(Bomb).await.unwrap();
    assert_eq!(pool.terminate_child(&child).await, Ok(()));
    assert_eq!(children(&pool).await, "#2");
    let stopped = tokio::time::timeout(secs(60), pool.stop()).await;
    assert!(stopped.is_ok(), "the stop hangs");
}
