//! A monitor tells once, and of its own incarnation.

mod common;

use std::future::pending;

use seaworthy_supervisor::{
    Child, ChildRef, Context, ExitReason, Init, Restart, Shutdown, Supervisor,
};
use seaworthy_testkit::Live;
use tokio::time::timeout;

use common::{children, counter, idle, listener, millis, secs, settle};

/// Starts `child` as a temporary one, monitors it, and says how it went down.
async fn down(child: Child, end: impl AsyncFnOnce(&Supervisor, &ChildRef)) -> String {
    let root = Supervisor::builder("app").start().await.expect("it starts");
    let child = child.restart(Restart::Temporary);
    let child = root
        .start_child(child)
        .await
        .expect("it starts")
        .expect("it runs");
    let monitor = child.monitor();
    settle().await;
    end(&root, &child).await;
    let down = timeout(secs(60), monitor).await.expect("it is told");
    assert_eq!(
        (&*down.path, down.incarnation),
        ("app/w", child.incarnation())
    );
    assert!(!child.is_alive());
    down.reason.to_string()
}

#[tokio::test(start_paused = true)]
async fn each_reason() {
    let nothing = async |_: &Supervisor, _: &ChildRef| {};
    let terminate = async |root: &Supervisor, _: &ChildRef| {
        root.terminate_child("w").await.unwrap();
    };
    assert_eq!(
        down(Child::task("w", |_cx| async { Ok(()) }), nothing).await,
        "normal"
    );
    let error = Child::task("w", |_cx| async { Err("no disk".into()) });
    assert_eq!(down(error, nothing).await, "error: no disk");
    let detail = Child::task("w", |_cx| async {
        Err(ExitReason::shutdown("drained").into())
    });
    assert_eq!(down(detail, nothing).await, "shutdown: drained");
    let panic = Child::task("w", |_cx| async { panic!("broken") });
    assert!(down(panic, nothing).await.starts_with("panic: broken at "));
    let kill = async |_: &Supervisor, child: &ChildRef| assert!(child.kill());
    assert_eq!(down(idle("w"), kill).await, "killed");
    assert_eq!(down(listener("w"), kill).await, "killed");
    assert_eq!(down(idle("w"), terminate).await, "shutdown");
    assert_eq!(down(listener("w"), terminate).await, "normal");
    assert_eq!(
        down(listener("w").shutdown(Shutdown::BrutalKill), terminate).await,
        "killed"
    );
    let deaf = Child::task("w", |cx: Context| async move {
        cx.shutdown().await;
        pending().await
    });
    assert_eq!(down(deaf, terminate).await, "killed");
    let whole = async |root: &Supervisor, _: &ChildRef| {
        root.stop().await;
    };
    assert_eq!(down(idle("w"), whole).await, "shutdown");
}

#[tokio::test(start_paused = true)]
async fn of_a_supervisor() {
    let inner = |crash| {
        let builder = Supervisor::builder("w")
            .intensity(0, secs(1))
            .child(idle("a"));
        let crash = if crash {
            Some(common::crasher("b", millis(5)))
        } else {
            None
        };
        Child::supervisor(builder.children(crash))
    };
    let gave_up = down(inner(true), async |_: &Supervisor, _: &ChildRef| {}).await;
    assert_eq!(
        gave_up,
        "shutdown: gave up: `app/w/b` ended once too often, with error: crashed"
    );
    let kill = async |_: &Supervisor, child: &ChildRef| assert!(child.kill());
    assert_eq!(down(inner(false), kill).await, "killed");
}

/// Each monitor tells of the incarnation that it was made for, and of no other.
#[tokio::test(start_paused = true)]
async fn each_its_own_incarnation() {
    let root = Supervisor::builder("app")
        .intensity(20, secs(60))
        .child(idle("w"));
    let root = root.start().await.unwrap();
    let first = root.child("w").unwrap();
    let monitors = [first.monitor(), first.monitor(), first.clone().monitor()];
    assert!(first.kill());
    for monitor in monitors {
        assert_eq!(monitor.await.incarnation, first.incarnation());
    }
    settle().await;
    let second = root.child("w").unwrap();
    assert!(second.incarnation() > first.incarnation());
    assert!(!first.kill(), "it does not hit the next one");
    assert!(second.is_alive());
    let mut still = second.monitor();
    assert!(
        timeout(secs(60), &mut still).await.is_err(),
        "nothing has happened to it"
    );

    // Too late: a recent crash is remembered, an older one is not.
    let late = timeout(millis(1), first.monitor()).await.unwrap();
    assert_eq!(
        (late.incarnation, late.reason.to_string().as_str()),
        (1, "killed")
    );
    for _ in 0..5 {
        root.child("w").unwrap().kill();
        settle().await;
    }
    let late = timeout(millis(1), first.monitor()).await.unwrap();
    assert!(matches!(late.reason, ExitReason::Unknown));
    assert_eq!(still.await.reason.to_string(), "killed");
}

/// When it tells, nothing of the incarnation is left, and nothing of the next one is there.
#[tokio::test(start_paused = true)]
async fn tells_when_all_is_gone() {
    let live = Live::new();
    let counted = live.clone();
    let child = Child::task("w", move |cx: Context| {
        let (guard, below) = (counted.guard(), counted.guard());
        async move {
            let _guard = guard;
            cx.spawn(async move {
                let _below = below;
                pending::<()>().await
            });
            pending().await
        }
    });
    let root = Supervisor::builder("app")
        .child(child)
        .start()
        .await
        .unwrap();
    for _ in 0..3 {
        settle().await;
        assert_eq!(live.alive(), 2);
        let child = root.child("w").unwrap();
        let monitor = child.monitor();
        child.kill();
        let dropped = live.dropped();
        monitor.await;
        assert_eq!(live.dropped(), dropped + 2);
        assert_eq!(live.peak(), 2);
    }
}

/// A monitor of a child that never gets ready tells of the failure.
#[tokio::test(start_paused = true)]
async fn of_a_failed_restart() {
    let calls = counter();
    let child = Child::init("w", move |_cx| {
        let call = calls();
        async move {
            tokio::time::sleep(secs(1)).await;
            if call == 2 {
                return Err("no disk".into());
            }
            Ok(Init::Run(async move {
                if call == 1 {
                    Err("end".into())
                } else {
                    pending().await
                }
            }))
        }
    });
    let root = Supervisor::builder("app")
        .child(child)
        .start()
        .await
        .unwrap();
    settle().await;
    let second = root.child("w").expect("it is starting");
    let down = second.monitor().await;
    assert_eq!(
        (down.incarnation, down.reason.to_string().as_str()),
        (2, "error: no disk")
    );
    tokio::time::sleep(secs(2)).await;
    assert_eq!(children(&root).await, "w");
}

#[tokio::test(start_paused = true)]
async fn that_nobody_waits_for() {
    let root = Supervisor::builder("app")
        .child(idle("w"))
        .start()
        .await
        .unwrap();
    let child = root.child("w").unwrap();
    for _ in 0..100 {
        drop(child.monitor());
    }
    let kept = child.monitor();
    child.kill();
    assert_eq!(kept.await.reason.to_string(), "killed");
    settle().await;
    assert_eq!(children(&root).await, "w");
}
