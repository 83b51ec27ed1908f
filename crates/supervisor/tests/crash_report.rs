//! What a crash report says, and what is no crash.

mod common;

use std::future::pending;

use seaworthy_supervisor::{Child, Context, ExitReason, Shutdown, Supervisor};
use tokio::time::sleep;

use common::{Seen, counter, idle, secs, settle};

/// Each crash is told with all that is known, and with the exits before it.
#[tokio::test(start_paused = true)]
async fn the_report_of_a_crash() {
    let (seen, calls) = (Seen::new(), counter());
    let child = Child::task("w", move |_cx| {
        let call = calls();
        async move {
            sleep(secs(call as u64)).await;
            match call % 3 {
                0 => panic!("crash {call}"),
                1 => Err(format!("crash {call}").into()),
                _ => pending().await,
            }
        }
    });
    let inner = Supervisor::builder("inner")
        .intensity(10, secs(15))
        .child(child);
    let root = Supervisor::builder("app")
        .child(Child::supervisor(inner))
        .events(&seen.events);
    let root = root.start().await.unwrap();
    // 1 s: error; 2 s later: killed; 3 s later: panic; and so on.
    for _ in 0..8 {
        let down = root.child("inner/w").unwrap().monitor();
        let call = root.child("inner/w").unwrap();
        let kill = async {
            sleep(secs(60)).await;
            call.kill();
        };
        tokio::select! {
            _ = down => {}
            () = kill => {}
        }
        settle().await;
    }
    let crashes = seen.crashes();
    assert_eq!(crashes.len(), 8);
    for (position, crash) in crashes.iter().enumerate() {
        let call = position as u64 + 1;
        assert_eq!(&*crash.path, "app/inner/w");
        assert_eq!(crash.incarnation, call + 1);
        let uptime = if call % 3 == 2 { 60 } else { call };
        assert_eq!(crash.uptime.as_secs_f64().round() as u64, uptime);
        assert_eq!((crash.max_restarts, crash.period), (10, secs(15)));
        match &crash.reason {
            ExitReason::Error(error) => {
                assert_eq!((call % 3, error.to_string()), (1, format!("crash {call}")))
            }
            ExitReason::Killed => assert_eq!(call % 3, 2),
            ExitReason::Panic(panic) => {
                assert_eq!((call % 3, panic.message()), (0, &*format!("crash {call}")));
                assert!(panic.location().unwrap().contains("crash_report.rs:"));
            }
            other => panic!("{other}"),
        }
        // The last five before it, oldest first.
        let history = crash.history.iter();
        let history: Vec<_> = history
            .map(|past| (past.incarnation, past.reason.kind()))
            .collect();
        let kinds = ["panic", "error", "killed"];
        let expected = (1..call).map(|past| (past + 1, kinds[past as usize % 3]));
        let expected: Vec<_> = expected.skip((call as usize).saturating_sub(6)).collect();
        assert_eq!(history, expected);
    }
    // The window forgets: after a minute none of the restarts is in it.
    let used: Vec<_> = crashes
        .iter()
        .map(|crash| crash.restarts_in_window)
        .collect();
    assert_eq!(used, [0, 0, 1, 2, 0, 1, 2, 0]);
    let text = crashes[0].to_string();
    assert_eq!(
        text,
        "`app/inner/w` (incarnation 2) crashed after 1.0 s: error: crash 1 (0 of 10 restarts in 15s used)"
    );
}

/// What was asked for is no crash, however it came.
#[tokio::test(start_paused = true)]
async fn an_end_on_demand_is_no_crash() {
    let seen = Seen::new();
    let deaf = Child::task("w", |cx: Context| async move {
        cx.shutdown().await;
        pending().await
    });
    let fails = Child::task("v", |cx: Context| async move {
        cx.shutdown().await;
        Err("while stopping".into())
    });
    let root = Supervisor::builder("app").events(&seen.events);
    let root = root
        .child(deaf)
        .child(fails)
        .child(idle("u").shutdown(Shutdown::BrutalKill));
    let root = root.start().await.unwrap();
    settle().await;
    root.stop().await;
    assert!(seen.crashes().is_empty());
    // A clean end of a permanent child is none either, though it is restarted.
    let root = Supervisor::builder("app").events(&seen.events);
    let ends = Child::task("w", |_cx| async {
        sleep(secs(2)).await;
        Ok(())
    });
    let root = root.child(ends).start().await.unwrap();
    sleep(secs(5)).await;
    assert_eq!(root.child("w").unwrap().incarnation(), 3);
    assert!(seen.crashes().is_empty());
}
