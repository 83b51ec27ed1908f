//! Exit signals travel along links as OTP defines them.

mod common;

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use seaworthy_supervisor::{Child, Context, Exit, ExitReason, Init, Restart, Shutdown, Supervisor};
use tokio::time::{sleep, timeout};

use common::{Log, idle, listener, millis, secs, settle, two_workers};

/// A temporary worker that links itself to `other` and then waits to be dropped.
fn linked(id: &'static str, other: &'static str) -> Child {
    let child = Child::init(id, move |cx: Context| async move {
        let other = cx.supervisor().child(other).ok_or("it does not run")?;
        cx.link(&other);
        Ok(Init::Run(pending()))
    });
    child.restart(Restart::Temporary)
}

/// A worker that links itself to `a` twice, and unlinks itself.
fn unlinked() -> Child {
    Child::init("b", |cx: Context| async move {
        let a = cx.supervisor().child("a").ok_or("it does not run")?;
        cx.link(&a);
        cx.link(&a);
        cx.unlink(&a);
        Ok(Init::Run(pending()))
    })
}

/// A temporary worker that links itself to `other`, traps exits, and writes down what it reads until it is asked to stop.
fn witness(log: &Log, other: &'static str) -> Child {
    let log = log.clone();
    let child = Child::task("witness", move |cx: Context| {
        let log = log.clone();
        async move {
            let mut exits = cx.trap_exits();
            if let Some(other) = cx.supervisor().child(other) {
                cx.link(&other);
            }
            while let Some(exit) = exits.recv().await {
                log.add(exit.to_string());
                if let Exit::Shutdown = exit {
                    sleep(secs(1)).await;
                    log.add("done");
                    return Ok(());
                }
            }
            log.add("over");
            Ok(())
        }
    });
    child.restart(Restart::Temporary)
}

fn temporary(child: Child) -> Child {
    child.restart(Restart::Temporary)
}

async fn tree(children: impl IntoIterator<Item = Child>) -> Supervisor {
    let root = Supervisor::builder("app").children(children).start().await;
    let root = root.expect("it starts");
    settle().await;
    root
}

/// With what `b` ends when `a`, to which it is linked, is ended by `end`; `alive` if it does not.
async fn fate(a: Child, end: impl AsyncFnOnce(&Supervisor)) -> String {
    let root = tree([temporary(a), linked("b", "a")]).await;
    let monitor = root.child("b").expect("it runs").monitor();
    end(&root).await;
    match timeout(secs(60), monitor).await {
        Ok(down) => down.reason.to_string(),
        Err(_) => "alive".to_owned(),
    }
}

#[tokio::test(start_paused = true)]
async fn the_linked_ends_with_the_same_reason() {
    let exit = |reason: ExitReason| {
        async move |root: &Supervisor| assert!(root.child("a").expect("it runs").exit(reason))
    };
    let kill = async |root: &Supervisor| assert!(root.child("a").expect("it runs").kill());
    let stop = async |root: &Supervisor| root.terminate_child("a").await.expect("it runs");
    let later = |result: fn() -> Result<(), ExitReason>| {
        Child::task("a", move |_cx| async move {
            sleep(millis(10)).await;
            Ok(result()?)
        })
    };
    let nothing = async |_: &Supervisor| {};
    assert_eq!(fate(idle("a"), exit("boom".into())).await, "error: boom");
    assert_eq!(fate(idle("a"), kill).await, "killed");
    assert_eq!(
        fate(later(|| Err("no disk".into())), nothing).await,
        "error: no disk"
    );
    let panic = fate(later(|| panic!("broken")), nothing).await;
    assert!(panic.starts_with("panic: broken at "), "{panic}");
    // Only `normal` ends nobody: an orderly shutdown does, as in OTP.
    assert_eq!(fate(later(|| Ok(())), nothing).await, "alive");
    assert_eq!(fate(listener("a"), stop).await, "alive");
    assert_eq!(fate(idle("a"), stop).await, "shutdown");
    assert_eq!(fate(idle("a"), exit(ExitReason::Normal)).await, "alive");
}

#[tokio::test(start_paused = true)]
async fn a_link_has_two_ends_and_a_crash_goes_round() {
    let root = tree([
        temporary(idle("a")),
        linked("b", "a"),
        linked("c", "b"),
        idle("d"),
    ])
    .await;
    let (a, c) = (root.child("a").unwrap(), root.child("c").unwrap());
    let monitor = a.monitor();
    assert!(c.exit("boom".into()));
    assert_eq!(monitor.await.reason.to_string(), "error: boom");
    settle().await;
    assert!(root.child("b").is_none() && root.child("d").is_some());
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_restarts_what_its_link_ended() {
    let root = tree([
        idle("a").restart(Restart::Permanent),
        linked("b", "a").restart(Restart::Permanent),
    ])
    .await;
    let before = root.child("b").unwrap().incarnation();
    root.child("a").unwrap().kill();
    settle().await;
    // Of the two restarts b's found a, whichever of them came first: a permanent one is there or comes.
    let (a, b) = (root.child("a").unwrap(), root.child("b").unwrap());
    assert!(b.incarnation() > before);
    assert!(a.is_alive() && b.is_alive());
}

#[tokio::test(start_paused = true)]
async fn who_traps_exits_reads_and_lives() {
    let log = Log::default();
    let root = tree([temporary(idle("a")), witness(&log, "a")]).await;
    let witness = root.child("witness").unwrap();
    root.child("a").unwrap().exit("boom".into());
    settle().await;
    assert_eq!(log.take(), "`app/a` ended: error: boom");
    // What would be ignored otherwise is read as well.
    assert!(witness.exit(ExitReason::Normal));
    assert!(witness.exit(ExitReason::shutdown("bored")));
    settle().await;
    assert_eq!(
        log.take(),
        "told to exit: normal told to exit: shutdown: bored"
    );
    root.terminate_child("witness").await.unwrap();
    assert_eq!(log.take(), "asked to stop by the supervisor done");
    assert!(!witness.exit("too late".into()));
}

#[tokio::test(start_paused = true)]
async fn a_kill_cannot_be_trapped() {
    let log = Log::default();
    let root = tree([witness(&log, "nobody")]).await;
    let witness = root.child("witness").unwrap();
    let monitor = witness.monitor();
    assert!(witness.exit(ExitReason::Killed));
    assert!(matches!(monitor.await.reason, ExitReason::Killed));
    assert_eq!(log.take(), "");
}

#[tokio::test(start_paused = true)]
async fn the_dead_have_no_process() {
    let (log, root) = (Log::default(), tree([temporary(idle("a"))]).await);
    let dead = root.child("a").unwrap();
    dead.kill();
    settle().await;
    let book = log.clone();
    let to = dead.clone();
    let trapping = Child::task("trapping", move |cx: Context| {
        let (log, dead) = (book.clone(), to.clone());
        async move {
            let mut exits = cx.trap_exits();
            cx.link(&dead);
            log.add(exits.recv().await.expect("it comes at once").to_string());
            Ok(())
        }
    });
    root.start_child(temporary(trapping)).await.unwrap();
    settle().await;
    assert_eq!(log.take(), "`app` ended: there was no such process");

    let dying = Child::task("dying", move |cx: Context| {
        cx.link(&dead);
        pending()
    });
    let dying = root.start_child(temporary(dying)).await.unwrap().unwrap();
    assert!(matches!(
        dying.monitor().await.reason,
        ExitReason::NoProcess
    ));
}

#[tokio::test(start_paused = true)]
async fn after_unlink_there_is_no_signal_from_either_side() {
    for (ends, stays) in [("a", "b"), ("b", "a")] {
        let root = tree([temporary(idle("a")), temporary(unlinked())]).await;
        root.child(ends).unwrap().kill();
        settle().await;
        assert!(root.child(stays).is_some(), "{stays} outlives {ends}");
    }
}

#[tokio::test(start_paused = true)]
async fn supervisors_signal_their_end_and_ignore_that_of_strangers() {
    let log = Log::default();
    let inner = Supervisor::builder("inner")
        .intensity(0, secs(1))
        .child(idle("x"));
    let root = tree([
        temporary(Child::supervisor(inner)),
        temporary(idle("a")),
        linked("b", "inner"),
        witness(&log, "inner"),
    ])
    .await;
    assert!(root.child("inner").unwrap().exit("boom".into()));
    root.child("a").unwrap().exit("boom".into());
    settle().await;
    assert!(root.child("inner/x").is_some(), "not its business");
    root.child("inner/x").unwrap().kill();
    settle().await;
    let words = log.take();
    assert!(words.starts_with("`app/inner` ended: shutdown"), "{words}");
    assert!(root.child("b").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_link_crosses_trees() {
    let other = tree([temporary(idle("a"))]).await;
    let far = other.child("a").unwrap();
    let child = Child::task("b", move |cx: Context| {
        cx.link(&far);
        pending()
    });
    let root = tree([temporary(child)]).await;
    let monitor = root.child("b").unwrap().monitor();
    other.stop().await;
    assert!(matches!(monitor.await.reason, ExitReason::Shutdown(_)));
}

#[tokio::test(start_paused = true)]
async fn a_linked_child_that_is_asked_to_stop_ends_as_asked() {
    // It takes its time to stop; meanwhile the other crashes: it dies sooner, but it was to stop anyway.
    let slow = Child::init("b", |cx: Context| async move {
        let a = cx.supervisor().child("a").ok_or("it does not run")?;
        cx.link(&a);
        Ok(Init::Run(async move {
            cx.shutdown().await;
            pending().await
        }))
    });
    let root = tree([temporary(idle("a")), slow.shutdown(Shutdown::Infinity)]).await;
    let (a, b) = (root.child("a").unwrap(), root.child("b").unwrap());
    let monitor = b.monitor();
    let stopping = tokio::spawn({
        let root = root.clone();
        async move { root.terminate_child("b").await }
    });
    settle().await;
    assert!(b.is_alive());
    a.exit("boom".into());
    timeout(secs(1), stopping).await.unwrap().unwrap().unwrap();
    assert!(matches!(monitor.await.reason, ExitReason::Shutdown(_)));
}

#[tokio::test(start_paused = true)]
async fn signals_from_outside_that_nobody_reads_are_bounded() {
    let child = Child::task("a", |cx: Context| async move {
        let _unread = cx.trap_exits();
        pending().await
    });
    let root = tree([child]).await;
    let a = root.child("a").unwrap();
    let taken = (0..2000).filter(|_| a.exit("again".into())).count();
    assert_eq!(taken, 1024);
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_outlives_its_incarnation_reads_the_end() {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let sender = std::sync::Mutex::new(Some(sender));
    let child = Child::task("a", move |cx: Context| {
        if let Some(sender) = sender.lock().unwrap().take() {
            assert!(sender.send((cx.trap_exits(), cx.clone())).is_ok());
        }
        pending()
    });
    let root = tree([temporary(child)]).await;
    let (mut exits, cx) = receiver.await.unwrap();
    assert!(cx.me().exit("read me".into()));
    assert_eq!(cx.me().path(), cx.path());
    root.child("a").unwrap().kill();
    settle().await;
    assert_eq!(
        exits.recv().await.unwrap().to_string(),
        "told to exit: error: read me"
    );
    assert!(exits.recv().await.is_none());
    assert!(cx.trap_exits().recv().await.is_none());
    assert!(!cx.me().exit("nobody there".into()));
}

/// Pairs that link and crash in every order on two threads: whoever is linked to a crash dies of it, once.
#[test]
fn whoever_crashes_first_takes_the_other_along() {
    two_workers().block_on(async {
        let root = Supervisor::builder("app").intensity(100_000, secs(60));
        let root = root.start().await.expect("it starts");
        let signals = Arc::new(AtomicUsize::new(0));
        for round in 0..2000 {
            let a = root
                .start_child(temporary(Child::task(format!("a{round}"), |_cx| pending())))
                .await
                .unwrap()
                .unwrap();
            let (to, count) = (a.clone(), Arc::clone(&signals));
            let b = Child::task(format!("b{round}"), move |cx: Context| {
                let (to, count) = (to.clone(), Arc::clone(&count));
                async move {
                    let mut exits = cx.trap_exits();
                    cx.link(&to);
                    while let Some(Exit::Linked { .. }) = exits.recv().await {
                        count.fetch_add(1, SeqCst);
                    }
                    Ok(())
                }
            });
            let killer = tokio::spawn(async move { a.kill() });
            let b = root.start_child(temporary(b)).await.unwrap().unwrap();
            assert!(killer.await.unwrap());
            let expected = round + 1;
            let told = async {
                while signals.load(SeqCst) < expected {
                    tokio::task::yield_now().await;
                }
            };
            timeout(secs(10), told)
                .await
                .unwrap_or_else(|_| panic!("round {round}: a signal was lost"));
            // A second one would have come along the same link.
            assert_eq!(signals.load(SeqCst), expected);
            b.kill();
        }
        root.stop().await;
    });
}
