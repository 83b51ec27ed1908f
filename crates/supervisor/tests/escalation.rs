//! Too many restarts: the supervisor gives up, and its parent decides.

mod common;

use std::time::Duration;

use seaworthy_supervisor::{
    Builder, Child, Context, Ended, ExitReason, Init, Restart, Strategy, Supervisor,
    SupervisorEvent,
};
use tokio::time::{Instant, sleep};

use common::{Log, Seen, children, counter, crasher, idle, millis, noted, secs, settle};

/// A supervisor `inner` whose child `w` crashes once a second.
fn inner(max_restarts: u32) -> Builder {
    let crasher = crasher("w", secs(1));
    Supervisor::builder("inner")
        .intensity(max_restarts, secs(10))
        .child(crasher)
}

#[tokio::test(start_paused = true)]
async fn one_restart_too_many() {
    for max in [0, 1, 5] {
        let log = Log::default();
        let builder = Supervisor::builder("app").intensity(max, secs(10));
        let builder = builder.child(noted(&log, "a")).child(crasher("w", secs(1)));
        let root = builder.child(noted(&log, "z")).start().await.unwrap();
        let began = Instant::now();
        let Ended::GaveUp { child, reason } = root.ended().await else {
            panic!("it gave up")
        };
        assert_eq!(began.elapsed().as_secs(), u64::from(max) + 1);
        assert_eq!(
            (&*child, reason.to_string().as_str()),
            ("app/w", "error: crashed")
        );
        assert_eq!(log.take(), "+a +z -z -a");
        assert!(!root.is_alive());
    }
}

/// The window slides: as many as are allowed in any ten seconds go on for ever.
#[tokio::test(start_paused = true)]
async fn as_many_as_are_allowed() {
    let root = Supervisor::builder("app")
        .intensity(9, secs(10))
        .child(crasher("w", millis(1150)));
    let root = root.start().await.unwrap();
    sleep(secs(3600)).await;
    assert!(root.is_alive());
    assert!(root.child("w").unwrap().incarnation() > 3000);
    // One more in the same time is too many.
    let root = Supervisor::builder("app")
        .intensity(9, secs(10))
        .child(crasher("w", millis(990)));
    let root = root.start().await.unwrap();
    let began = Instant::now();
    assert!(matches!(root.ended().await, Ended::GaveUp { .. }));
    assert_eq!(began.elapsed().as_secs(), 9);
}

/// A group that is restarted together counts once.
#[tokio::test(start_paused = true)]
async fn a_group_counts_once() {
    let calls = counter();
    let once = Child::task("w", move |cx: Context| {
        let first = calls() == 1;
        async move {
            settle().await;
            if first {
                return Err("crashed".into());
            }
            cx.shutdown().await;
            Ok(())
        }
    });
    let root = Supervisor::builder("app")
        .strategy(Strategy::OneForAll)
        .intensity(1, secs(10));
    let root = root
        .child(idle("a"))
        .child(once)
        .child(idle("b"))
        .start()
        .await
        .unwrap();
    sleep(secs(1)).await;
    assert_eq!(root.snapshot().unwrap().restarts_in_window, 1);
    assert_eq!(root.child("b").unwrap().incarnation(), 6);
}

/// A permanent supervisor is restarted with a fresh window, until that is too often for its parent.
#[tokio::test(start_paused = true)]
async fn a_permanent_supervisor_is_restarted_afresh() {
    let seen = Seen::new();
    let root = Supervisor::builder("app")
        .intensity(2, secs(100))
        .events(&seen.events);
    let root = root
        .child(idle("a"))
        .child(Child::supervisor(inner(3)))
        .start()
        .await
        .unwrap();
    let began = Instant::now();
    let Ended::GaveUp { child, reason } = root.ended().await else {
        panic!("it gave up")
    };
    assert_eq!(began.elapsed().as_secs(), 12, "three times four seconds");
    assert_eq!(&*child, "app/inner");
    let why = "shutdown: gave up: `app/inner/w` ended once too often, with error: crashed";
    assert_eq!(reason.to_string(), why);
    let gave_up = seen.take().into_iter().filter_map(|event| match event {
        SupervisorEvent::IntensityExceeded {
            path, max_restarts, ..
        } => Some((path, max_restarts)),
        _ => None,
    });
    let gave_up: Vec<_> = gave_up.map(|(path, max)| format!("{path} {max}")).collect();
    assert_eq!(
        gave_up,
        ["app/inner 3", "app/inner 3", "app/inner 3", "app 2"]
    );
}

/// Giving up is an orderly shutdown: a transient or temporary supervisor stays down after it.
#[tokio::test(start_paused = true)]
async fn others_stay_down() {
    for (restart, expected) in [(Restart::Transient, "a inner?"), (Restart::Temporary, "a")] {
        let child = Child::supervisor(inner(0)).restart(restart);
        let root = Supervisor::builder("app")
            .child(idle("a"))
            .child(child)
            .start()
            .await
            .unwrap();
        let down = root.child("inner").unwrap().monitor();
        assert!(down.await.reason.is_clean());
        sleep(secs(5)).await;
        assert_eq!(children(&root).await, expected);
        assert_eq!(root.child("a").unwrap().incarnation(), 1);
        if restart == Restart::Transient {
            root.restart_child("inner").await.unwrap();
            assert_eq!(children(&root).await, "a inner");
        }
    }
}

/// A killed one did not end in order: a transient supervisor is restarted after it.
#[tokio::test(start_paused = true)]
async fn a_killed_supervisor_has_crashed() {
    let log = Log::default();
    let inner = Supervisor::builder("inner").child(noted(&log, "w"));
    let child = Child::supervisor(inner).restart(Restart::Transient);
    let root = Supervisor::builder("app")
        .child(child)
        .start()
        .await
        .unwrap();
    let nested = root.supervisor("inner").unwrap();
    let ended = tokio::spawn(async move { nested.ended().await });
    settle().await;
    root.child("inner").unwrap().kill();
    settle().await;
    assert!(matches!(ended.await.unwrap(), Ended::Killed));
    assert_eq!(log.take(), "+w -w +w");
    assert_eq!(children(&root).await, "inner");
}

/// A restart that fails is tried again, at once, and each attempt counts.
#[tokio::test(start_paused = true)]
async fn failed_attempts_count() {
    let calls = counter();
    let child = Child::init("w", move |_cx| {
        let call = calls();
        async move {
            if call > 1 {
                return Err(format!("attempt {call}").into());
            }
            Ok(Init::Run(async { Err("crashed".into()) }))
        }
    });
    let root = Supervisor::builder("app")
        .intensity(3, secs(10))
        .child(child);
    let root = root.start().await.unwrap();
    let Ended::GaveUp { child, reason } = root.ended().await else {
        panic!("it gave up")
    };
    assert_eq!(
        (&*child, reason.to_string().as_str()),
        ("app/w", "error: attempt 4")
    );
}

/// Three levels: the crash of a leaf takes down what it must, and no more.
#[tokio::test(start_paused = true)]
async fn a_crash_climbs_no_higher_than_it_must() {
    let log = Log::default();
    let calls = counter();
    let noted_log = log.clone();
    let leaf = Child::init("leaf", move |_cx| {
        let (call, here) = (calls(), noted_log.enter("leaf"));
        async move {
            Ok(Init::Run(async move {
                let _here = here;
                if call <= 4 {
                    settle().await;
                    return Err("crashed".into());
                }
                std::future::pending().await
            }))
        }
    });
    let low = Supervisor::builder("low")
        .intensity(1, secs(10))
        .child(noted(&log, "x"))
        .child(leaf);
    let mid = Supervisor::builder("mid")
        .intensity(1, secs(10))
        .strategy(Strategy::OneForAll);
    let mid = mid.child(noted(&log, "m")).child(Child::supervisor(low));
    let root = Supervisor::builder("app")
        .child(noted(&log, "r"))
        .child(Child::supervisor(mid));
    let root = root.start().await.unwrap();
    sleep(secs(1)).await;
    // Two crashes restart the leaf once and end `low`; `mid` restarts both its children. Two more
    // end `low` again, and `mid` with it; the root restarts that.
    let once = "+m +x +leaf -leaf +leaf -leaf -x -m";
    assert_eq!(log.take(), format!("+r {once} {once} +m +x +leaf"));
    assert_eq!(root.child("r").unwrap().incarnation(), 1);
}

/// What the window saw is told exactly.
#[tokio::test(start_paused = true)]
async fn what_is_told() {
    let seen = Seen::new();
    let period = Duration::from_millis(2500);
    let root = Supervisor::builder("app")
        .intensity(1, period)
        .events(&seen.events);
    let root = root.child(crasher("w", secs(1))).start().await.unwrap();
    root.ended().await;
    let told = seen.take().into_iter().find_map(|event| match event {
        SupervisorEvent::IntensityExceeded {
            path,
            child,
            reason,
            max_restarts,
            period,
        } => Some((path, child, reason, max_restarts, period)),
        _ => None,
    });
    let (path, child, reason, max_restarts, told_period) = told.unwrap();
    assert_eq!(
        (&*path, &*child, max_restarts, told_period),
        ("app", "app/w", 1, period)
    );
    assert!(matches!(reason, ExitReason::Error(_)));
}
