//! A process may be dropped at any moment of its life: nothing is left running, and nothing unburied.
//!
//! One test in a program of its own, so that all children of this process are its own.
#![cfg(target_os = "linux")]

mod common;
#[path = "common/proc.rs"]
mod proc;
#[path = "common/real.rs"]
mod real;

use std::time::Duration;

use seaworthy_supervisor::{Builder, Child, Process, ProcessIo, Shutdown, Supervisor};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::runtime::Runtime;

use common::{millis, secs, two_workers};
use proc::{MARK, children, mark, marked};
use real::{eventually_blocking, in_time};

fn one_thread() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().expect("a runtime")
}

/// A line protocol, a process that crashes all the time, and one that ignores SIGTERM, with children of their own.
fn tree(mark: &str) -> Builder {
    let script = |text| Process::new("sh").args(["-c", text]).env(MARK, mark);
    let echo = script("sleep 600 & exec cat").piped(|mut io: ProcessIo, _cx| async move {
        let mut lines = BufReader::new(io.stdout).lines();
        for _ in 0..20 {
            io.stdin.write_all(b"hello\n").await?;
            assert_eq!(lines.next_line().await?.as_deref(), Some("hello"));
        }
        Err("enough".into())
    });
    let crasher = script("sleep 600 & echo bye >&2; exit 1").guard(false);
    let deaf = script("trap '' TERM; sleep 600 & echo up >&2; while :; do sleep 600; done");
    let deaf = Child::process("deaf", deaf.ready_when(|line| line == "up"));
    Supervisor::builder("app")
        .intensity(u32::MAX, secs(1))
        .child(Child::process("echo", echo))
        .child(Child::process("crasher", crasher))
        .child(deaf.shutdown(Shutdown::Timeout(millis(5))))
}

fn nothing_is_left(mark: &str, when: &str) {
    eventually_blocking(&format!("{when}: nothing runs"), || marked(mark).is_empty());
    // Neither a process nor its guard, dead or alive.
    eventually_blocking(&format!("{when}: all are buried"), || children().is_empty());
}

#[test]
fn nothing_is_left_of_it() {
    // The runtime goes away: after so many turns, and after so long.
    for turns in 0..60 {
        let (mark, runtime) = (mark(), one_thread());
        runtime.spawn(tree(&mark).start());
        runtime.block_on(async {
            for _ in 0..turns {
                tokio::task::yield_now().await;
            }
        });
        drop(runtime);
        nothing_is_left(&mark, &format!("{turns} turns"));
    }
    for moment in 0..60 {
        let (mark, runtime) = (mark(), two_workers());
        let time = Duration::from_micros(moment * 311);
        let builder = tree(&mark);
        let handle = builder.handle();
        let start = runtime.spawn(builder.start());
        runtime.block_on(async { tokio::time::sleep(time).await });
        match moment % 3 {
            0 => drop(runtime),
            // The start is dropped, and what had started is stopped.
            1 => runtime.block_on(async {
                start.abort();
                if start.await.is_err() {
                    in_time(handle.ended()).await;
                }
            }),
            // Stopped in order, and all children are gone when that is told.
            _ => runtime.block_on(async {
                let root = in_time(start)
                    .await
                    .expect("not cancelled")
                    .expect("it starts");
                tokio::time::sleep(time).await;
                let report = in_time(root.stop()).await;
                assert!(report.still_running.is_empty(), "{report}");
                assert!(
                    marked(&mark).is_empty() && children().is_empty(),
                    "{:?}",
                    children()
                );
            }),
        }
        nothing_is_left(&mark, &format!("{time:?}"));
    }

    // Kills at any moment, and at the end all are buried.
    let (mark, runtime) = (mark(), two_workers());
    runtime.block_on(async {
        let root = in_time(tree(&mark).start()).await.expect("it starts");
        for moment in 0..200 {
            for name in ["echo", "crasher", "deaf"] {
                if let Some(child) = root.child(name) {
                    child.kill();
                }
            }
            tokio::time::sleep(Duration::from_micros(moment * 41)).await;
        }
        // At most one of each is there, with its guard; the rest is being buried.
        in_time(root.stop()).await;
        assert!(
            marked(&mark).is_empty() && children().is_empty(),
            "{:?}",
            children()
        );
    });

    // What cannot be started leaves no guard.
    for guarded in [true, false] {
        let process = Process::new("/nowhere/to/be/found").guard(guarded);
        let root = Supervisor::builder("app").child(Child::process("w", process));
        runtime
            .block_on(in_time(root.start()))
            .expect_err("no program");
        assert!(children().is_empty(), "{:?}", children());
    }
}
