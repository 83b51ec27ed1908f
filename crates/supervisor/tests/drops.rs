//! What ends with a handle, with the runtime, and with an incarnation.

mod common;

use std::future::pending;
use std::sync::mpsc;
use std::time::Duration;

use seaworthy_supervisor::{Child, Context, Ended, Supervisor};

use common::{Log, children, counter, listener, millis, noted, settle};

#[tokio::test(start_paused = true)]
async fn the_last_owner_stops_the_tree_in_order() {
    let log = Log::default();
    let inner = Supervisor::builder("inner")
        .child(noted(&log, "b"))
        .child(noted(&log, "c"));
    let builder = Supervisor::builder("app")
        .child(noted(&log, "a"))
        .child(Child::supervisor(inner))
        .child(noted(&log, "d"));
    let handle = builder.handle();
    let root = builder.start().await.unwrap();
    log.take();

    let clone = root.clone();
    drop(root);
    settle().await;
    assert_eq!(log.take(), "", "a clone owns the tree as well");

    let others = (
        clone.child("a"),
        clone.supervisor("inner"),
        clone.events(),
        clone.snapshot(),
    );
    drop(clone);
    assert!(matches!(handle.ended().await, Ended::Stopped));
    assert_eq!(log.take(), "-d -c -b -a", "other handles do not keep it");
    assert!(!others.1.unwrap().is_alive());
    assert!(!others.0.unwrap().kill());
}

#[tokio::test(start_paused = true)]
async fn a_handle_from_inside_does_not_own() {
    let (contexts, context) = mpsc::channel();
    let child = Child::task("w", move |cx: Context| {
        contexts.send((cx.supervisor(), cx.clone())).unwrap();
        pending()
    });
    let builder = Supervisor::builder("app").child(child);
    let handle = builder.handle();
    let root = builder.start().await.unwrap();
    settle().await;
    let inside = context.recv().unwrap();
    drop(root);
    assert!(matches!(handle.ended().await, Ended::Stopped));
    assert!(!inside.0.is_alive());
}

/// A context that outlives its incarnation says that it is over, and does nothing.
#[tokio::test(start_paused = true)]
async fn a_context_outlives_its_incarnation() {
    let (contexts, context) = mpsc::channel::<Context>();
    let child = Child::task("w", move |cx: Context| {
        contexts.send(cx).unwrap();
        pending()
    });
    let root = Supervisor::builder("app")
        .child(child)
        .start()
        .await
        .unwrap();
    settle().await;
    let old = context.recv().unwrap();
    assert!(!old.is_shutting_down());
    root.child("w").unwrap().kill();
    settle().await;
    let new = context.recv().unwrap();
    assert!(new.incarnation() > old.incarnation());

    for ended in [false, true] {
        if ended {
            root.stop().await;
        }
        // Nothing is known of a child whose supervisor is over, but whose it was.
        assert_eq!(&*old.path(), if ended { "app" } else { "app/w" });
        assert_eq!(old.incarnation(), 1);
        assert!(old.is_shutting_down());
        tokio::time::timeout(millis(1), old.shutdown())
            .await
            .expect("it resolves at once");
        let spawned = old.spawn(async { panic!("it is never polled") });
        assert!(spawned.await.unwrap_err().is_cancelled());
        old.ready();
        let _ = format!("{old:?}");
        assert_eq!(old.supervisor().is_alive(), !ended);
        assert_eq!(
            new.is_shutting_down(),
            ended,
            "the next one is not concerned"
        );
    }
}

/// The signal of an old incarnation does not make the next one a listener.
#[tokio::test(start_paused = true)]
async fn an_old_signal_traps_nothing() {
    let (contexts, context) = mpsc::channel::<Context>();
    let (log, calls) = (Log::default(), counter());
    let noted = log.clone();
    let child = Child::task("w", move |cx: Context| {
        contexts.send(cx).unwrap();
        let (here, first) = (noted.enter("w"), calls() == 1);
        async move {
            let _here = here;
            if first {
                settle().await;
                return Err("crashed".into());
            }
            pending().await
        }
    });
    let root = Supervisor::builder("app")
        .child(child)
        .child(listener("x"))
        .start()
        .await
        .unwrap();
    tokio::task::yield_now().await;
    let signal = context.recv().unwrap().shutdown();
    settle().await;
    settle().await;
    assert_eq!(log.take(), "+w -w +w");
    let began = tokio::time::Instant::now();
    root.terminate_child("w").await.unwrap();
    assert_eq!(
        began.elapsed(),
        Duration::ZERO,
        "it does not listen, so it dies of the order"
    );
    drop(signal);
    assert_eq!(children(&root).await, "w? x");
}
