//! What a tree reports, in which order, and what a crash report says.

mod common;

use std::future::pending;
use std::num::NonZeroUsize;
use std::sync::Arc;

use seaworthy_core::event::{Events, Severity};
use seaworthy_supervisor::{
    AutoShutdown, Child, ChildResult, Context, DynamicSupervisor, Ended, Init, Restart, Strategy,
    Supervisor, SupervisorEvent,
};
use tokio::time::sleep;

use common::{Seen, counter, crasher, idle, listener, millis, secs, settle};

/// The story of a tree, with the noise of the clock left out.
fn story(seen: &Seen) -> Vec<String> {
    let line = |event: &SupervisorEvent| match event {
        SupervisorEvent::ChildExited {
            path,
            incarnation,
            reason,
            ..
        } => {
            format!("`{path}` (incarnation {incarnation}) ended: {reason}")
        }
        SupervisorEvent::ChildCrashed(report) => format!("`{}` crashed", report.path),
        event => event.to_string(),
    };
    seen.take().iter().map(line).collect()
}

#[tokio::test(start_paused = true)]
async fn the_life_of_a_tree() {
    let seen = Seen::new();
    let calls = counter();
    let ignored = Child::init("c", |_cx| async {
        Ok(Init::<std::future::Ready<_>>::Ignore)
    });
    let once = Child::task("b", move |cx: Context| {
        let first = calls() == 1;
        async move {
            if first {
                sleep(secs(2)).await;
                return Err("no disk".into());
            }
            cx.shutdown().await;
            Ok(())
        }
    });
    let inner = Supervisor::builder("inner").child(once).child(ignored);
    let root = Supervisor::builder("app")
        .child(idle("a"))
        .child(Child::supervisor(inner))
        .events(&seen.events);
    let root = root.start().await.unwrap();
    let expected = [
        "supervisor `app` is starting",
        "`app/a` started (incarnation 1)",
        "supervisor `app/inner` is starting",
        "`app/inner/b` started (incarnation 3)",
        "`app/inner/c` needs no process",
        "supervisor `app/inner` is up",
        "supervisor `app` is up",
    ];
    assert_eq!(story(&seen), expected);

    sleep(secs(3)).await;
    let expected = [
        "`app/inner/b` (incarnation 3) ended: error: no disk",
        "`app/inner/b` crashed",
        "`app/inner/b` started (incarnation 5)",
    ];
    assert_eq!(story(&seen), expected);

    root.stop().await;
    let expected = [
        "`app/inner/b` (incarnation 5) ended: normal",
        "supervisor `app/inner` stopped",
        "`app/a` (incarnation 1) ended: shutdown",
        "supervisor `app` stopped",
    ];
    assert_eq!(story(&seen), expected);
}

#[tokio::test(start_paused = true)]
async fn a_group_restart() {
    let seen = Seen::new();
    let calls = counter();
    let crash = Child::task("b", move |_cx| {
        let first = calls() == 1;
        async move {
            settle().await;
            if first {
                Err("no disk".into())
            } else {
                pending().await
            }
        }
    });
    let root = Supervisor::builder("app").strategy(Strategy::OneForAll);
    let root = root
        .child(idle("a"))
        .child(crash)
        .child(listener("c"))
        .events(&seen.events);
    let root = root.start().await.unwrap();
    story(&seen);
    sleep(secs(1)).await;
    let expected = [
        "`app/b` (incarnation 2) ended: error: no disk",
        "`app/b` crashed",
        "`app/c` (incarnation 3) ended: normal",
        "`app/a` (incarnation 1) ended: shutdown",
        "`app/a` started (incarnation 4)",
        "`app/b` started (incarnation 5)",
        "`app/c` started (incarnation 6)",
    ];
    assert_eq!(story(&seen), expected);
    root.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_failed_start_and_a_lost_supervisor() {
    let seen = Seen::new();
    let fails = Child::task("b", |_cx| async { Err("no disk".into()) }).wait_ready();
    let root = Supervisor::builder("app")
        .child(idle("a"))
        .child(fails)
        .events(&seen.events);
    root.start().await.unwrap_err();
    let expected = [
        "supervisor `app` is starting",
        "`app/a` started (incarnation 1)",
        "`app/b` failed to start: error: no disk",
        "`app/a` (incarnation 1) ended: shutdown",
        "supervisor `app` did not start: cannot start `app/b`: error: no disk",
    ];
    assert_eq!(story(&seen), expected);

    let root = Supervisor::builder("app")
        .intensity(1, secs(9))
        .events(&seen.events);
    let root = root
        .child(idle("a"))
        .child(crasher("b", secs(1)))
        .start()
        .await
        .unwrap();
    root.ended().await;
    let last = story(&seen);
    let expected = [
        "`app/b` (incarnation 3) ended: error: crashed",
        "`app/b` crashed",
        "supervisor `app` gives up: more than 1 restarts in 9s, the last because `app/b` ended with error: crashed",
        "`app/a` (incarnation 1) ended: shutdown",
        "supervisor `app` gave up: `app/b` ended once too often, with error: crashed",
    ];
    assert_eq!(last[last.len() - 5..], expected);

    let ends = Child::task("w", |_cx| async { Ok(()) })
        .restart(Restart::Temporary)
        .significant(true);
    let root = Supervisor::builder("app")
        .auto_shutdown(AutoShutdown::AnySignificant)
        .child(ends);
    let root = root.events(&seen.events).start().await.unwrap();
    assert!(matches!(root.ended().await, Ended::AutoShutdown));
    let last = story(&seen);
    let expected = [
        "`app/w` (incarnation 1) ended: normal",
        "supervisor `app` shut itself down: significant children ended",
    ];
    assert_eq!(last[last.len() - 2..], expected);
}

/// The envelope of an event: who, how bad, which name.
#[tokio::test(start_paused = true)]
async fn the_envelope() {
    let events = Events::new();
    let mut subscription = events.subscribe(NonZeroUsize::new(100).unwrap());
    let pool = DynamicSupervisor::builder("pool")
        .intensity(0, secs(1))
        .events(&events);
    let pool = pool.template(Child::template(|_cx, ()| async {
        ChildResult::Err("no".into())
    }));
    let pool = pool.start().await.unwrap();
    pool.start_child(()).await.unwrap();
    pool.ended().await;
    let mut envelopes = Vec::new();
    loop {
        let event = subscription.recv().await.expect("it goes on");
        envelopes.push((event.name(), event.severity, Arc::clone(&event.component)));
        if event.name() == "supervisor_exited" {
            break;
        }
    }
    let expected = [
        ("supervisor_starting", Severity::Info),
        ("supervisor_started", Severity::Info),
        ("child_started", Severity::Info),
        ("child_exited", Severity::Info),
        ("child_crashed", Severity::Warning),
        ("intensity_exceeded", Severity::Error),
        ("supervisor_exited", Severity::Info),
    ];
    let expected = expected.map(|(name, severity)| (name, severity, Arc::from("pool")));
    assert_eq!(envelopes, expected);
}

/// An observer may call back: what it sets off is reported after what it was told.
#[tokio::test(start_paused = true)]
async fn an_observer_may_call_back() {
    let seen = Seen::new();
    let builder = Supervisor::builder("app")
        .child(crasher("w", secs(1)))
        .child(idle("v"));
    let builder = builder.events(&seen.events);
    let handle = builder.handle();
    let observer = seen.events.observe(move |event| {
        if event.name() == "child_crashed" {
            assert!(handle.child("v").expect("it runs").kill());
            assert!(handle.snapshot().is_some());
        }
    });
    let root = builder.start().await.unwrap();
    sleep(millis(1500)).await;
    drop(observer);
    let crashes: Vec<_> = seen
        .crashes()
        .into_iter()
        .map(|report| report.path)
        .collect();
    assert_eq!(&*crashes[0], "app/w");
    assert!(crashes[1..].iter().all(|path| &**path == "app/v"));
    root.stop().await;
}
