//! Where links, pauses, quarantine and zombies meet one another, and values of users that misbehave.

mod common;

use std::fmt;
use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};

use seaworthy_core::backoff::{Backoff, Jitter};
use seaworthy_supervisor::{
    Child, Context, DynamicSupervisor, Ended, ExitReason, OnZombie, Restart, Shutdown, Supervisor,
    SupervisorEvent,
};
use tokio::time::timeout;

use common::{Log, Seen, children, counter, idle, millis, secs, settle, two_workers};

/// Panics when it is dropped.
#[derive(Debug)]
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("the bomb went off");
        }
    }
}

impl fmt::Display for Bomb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a bomb")
    }
}

impl std::error::Error for Bomb {}

/// Asks for its context's path when it is dropped, which takes the lock of the supervisor.
#[derive(Debug)]
struct Curious(Context, Log);

impl Drop for Curious {
    fn drop(&mut self) {
        self.1.add(format!("dropped:{}", self.0.path()));
    }
}

impl fmt::Display for Curious {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("curious")
    }
}

impl std::error::Error for Curious {}

/// Runs `test` on a thread of its own: a lock that is held for ever must not hold the tests.
fn in_time(test: impl FnOnce() + Send + 'static) {
    let (done, over) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        test();
        let _told = done.send(());
    });
    let waited = over.recv_timeout(secs(20));
    assert!(
        !matches!(waited, Err(mpsc::RecvTimeoutError::Timeout)),
        "it hangs"
    );
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

fn paused(test: impl Future<Output = ()>) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().start_paused(true).build();
    runtime.expect("the system has a thread").block_on(test);
}

#[tokio::test(start_paused = true)]
async fn unread_signals_that_panic_when_dropped_do_not_keep_the_supervisor() {
    let child = Child::task("w", |cx: Context| async move {
        let _exits = cx.trap_exits();
        cx.shutdown().await;
        Ok(())
    });
    let root = Supervisor::builder("app").child(child).start();
    let root = root.await.expect("it starts");
    settle().await;
    let w = root.child("w").expect("it runs");
    for _ in 0..3 {
        assert!(w.exit(ExitReason::Error(Arc::new(Bomb))));
    }
    let stopped = timeout(secs(60), root.stop()).await;
    assert!(stopped.expect("in time").is_clean());
}

#[test]
fn a_reason_that_came_too_late_is_dropped_outside_the_lock() {
    in_time(|| {
        paused(async {
            let log = Log::default();
            let (book, calls) = (log.clone(), counter());
            let child = Child::task("w", move |cx: Context| {
                let (log, first) = (book.clone(), calls() == 1);
                async move {
                    if first {
                        // A monitor, so that the next one cannot take its place at once.
                        drop(cx.me().monitor());
                        let reason = ExitReason::Error(Arc::new(Curious(cx.clone(), log)));
                        cx.me().exit(reason);
                        return Err("its own".into());
                    }
                    pending().await
                }
            });
            let root = Supervisor::builder("app").child(child).start();
            let root = root.await.expect("it starts");
            settle().await;
            assert_eq!(children(&root).await, "w");
            assert_eq!(log.take(), "dropped:app/w");
        });
    });
}

#[tokio::test(start_paused = true)]
async fn a_signal_does_not_reach_the_next_incarnation() {
    let (log, calls) = (Log::default(), counter());
    let book = log.clone();
    let child = Child::task("w", move |cx: Context| {
        let call = calls();
        book.add(call.to_string());
        async move {
            if call == 1 {
                assert!(cx.me().exit("from outside".into()));
                return Err("its own".into());
            }
            pending().await
        }
    });
    let seen = Seen::new();
    let root = Supervisor::builder("app").events(&seen.events).child(child);
    let root = root.start().await.expect("it starts");
    settle().await;
    assert_eq!(log.take(), "1 2");
    assert_eq!(seen.crashes().len(), 1);
    // The one that runs can be reached.
    assert!(root.child("w").expect("it runs").kill());
    settle().await;
    assert_eq!(log.take(), "3");
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_takes_its_time_to_stop_is_no_zombie() {
    for policy in [OnZombie::Wait, OnZombie::GoOn] {
        let (seen, log) = (Seen::new(), Log::default());
        let book = log.clone();
        let template = Child::template(move |cx: Context, listens: bool| {
            let log = book.clone();
            async move {
                if listens {
                    cx.shutdown().await;
                    tokio::time::sleep(secs(3)).await;
                    log.add("saved");
                    return Ok(());
                }
                pending().await
            }
        });
        let template = template.on_zombie(policy);
        let rooms = DynamicSupervisor::builder("rooms")
            .template(template)
            .events(&seen.events);
        let rooms = rooms.start().await.expect("it starts");
        rooms.start_child(true).await.expect("it starts");
        rooms.start_child(false).await.expect("it starts");
        settle().await;
        rooms.stop().await;
        assert_eq!(log.take(), "saved");
        let zombie = |event: &SupervisorEvent| matches!(event, SupervisorEvent::ChildZombie { .. });
        assert!(!seen.take().iter().any(zombie), "{policy:?}");
    }
}

#[test]
fn a_pause_that_cannot_begin_because_the_runtime_is_gone_is_noticed() {
    in_time(|| {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().unwrap();
        let backoff = Backoff::exponential(secs(1), secs(10)).jitter(Jitter::None);
        let root = runtime.block_on(async {
            let child = idle("w").backoff(backoff.build().expect("it is in order"), secs(10));
            let root = Supervisor::builder("app").child(child).start().await;
            tokio::task::yield_now().await;
            root.expect("it starts")
        });
        // The signal is there, and then the runtime goes: that is a crash, and there is nobody to wait.
        assert!(root.child("w").expect("it runs").exit("boom".into()));
        drop(runtime);
        let mut other = tokio::runtime::Builder::new_current_thread();
        let other = other.build().unwrap();
        assert!(matches!(other.block_on(root.ended()), Ended::RuntimeGone));
    });
}

/// The first incarnation blocks its thread until it hears from the sender; then it fails with the error.
fn stuck(
    id: &'static str,
) -> (
    Child,
    mpsc::Sender<Box<dyn std::error::Error + Send + Sync>>,
) {
    let (open, gate) = mpsc::channel();
    let gate = Arc::new(Mutex::new(gate));
    let first = AtomicBool::new(true);
    let child = Child::task(id, move |_cx: Context| {
        let (gate, first) = (Arc::clone(&gate), first.swap(false, SeqCst));
        async move {
            if first {
                let opened = gate.lock().expect("nobody panics in here").recv();
                return Err(opened.unwrap_or_else(|_| "nobody is left".into()));
            }
            pending().await
        }
    });
    (child, open)
}

async fn until(what: &str, happened: impl Fn() -> bool) {
    let poll = async {
        while !happened() {
            tokio::time::sleep(millis(5)).await;
        }
    };
    let waited = timeout(secs(10), poll).await;
    waited.unwrap_or_else(|_| panic!("it does not happen: {what}"));
}

#[test]
fn what_a_zombie_leaves_is_dropped_outside_the_lock() {
    in_time(|| {
        let runtime = two_workers();
        runtime.block_on(async {
            let log = Log::default();
            let (child, open) = stuck("w");
            let (got, cx) = mpsc::channel();
            let context = Child::task("x", move |cx: Context| {
                drop(got.send(cx));
                pending()
            });
            let root = Supervisor::builder("app").child(context);
            let root = root.child(child.on_zombie(OnZombie::GoOn)).start();
            let root = root.await.expect("it starts");
            let cx = cx.recv().expect("it runs");
            tokio::time::sleep(millis(50)).await;
            let first = root.child("w").expect("it runs");
            assert!(first.kill());
            let down = timeout(secs(10), first.monitor()).await.expect("in time");
            assert!(
                matches!(down.reason, ExitReason::Zombie(_)),
                "{}",
                down.reason
            );
            open.send(Box::new(Curious(cx, log.clone())))
                .expect("it waits");
            until("it is dropped", || log.take() == "dropped:app/x").await;
            root.stop().await;
        });
    });
}

#[test]
fn who_does_not_end_of_a_signal_is_a_zombie() {
    in_time(|| {
        let runtime = two_workers();
        runtime.block_on(async {
            let (child, _open) = stuck("w");
            let root = Supervisor::builder("app").child(child.on_zombie(OnZombie::GoOn));
            let root = root.start().await.expect("it starts");
            tokio::time::sleep(millis(50)).await;
            let first = root.child("w").expect("it runs");
            assert!(first.exit("boom".into()));
            let down = timeout(secs(10), first.monitor()).await.expect("in time");
            assert!(
                matches!(down.reason, ExitReason::Zombie(_)),
                "{}",
                down.reason
            );
            root.stop().await;
        });
    });
}

#[test]
fn an_instance_that_is_terminated_and_does_not_end_is_named_when_that_escalates() {
    in_time(|| {
        let runtime = two_workers();
        runtime.block_on(async {
            let (open, gate) = mpsc::channel::<()>();
            let gate = Arc::new(Mutex::new(gate));
            let template = Child::template(move |_cx: Context, (): ()| {
                let gate = Arc::clone(&gate);
                async move {
                    let _opened = gate.lock().expect("nobody panics in here").recv();
                    Ok(())
                }
            });
            let template = template
                .restart(Restart::Temporary)
                .shutdown(Shutdown::BrutalKill)
                .on_zombie(OnZombie::Escalate);
            let rooms = DynamicSupervisor::builder("rooms")
                .template(template)
                .start();
            let rooms = rooms.await.expect("it starts");
            let room = rooms.start_child(()).await.expect("it starts");
            let room = room.expect("it is not ignored");
            tokio::time::sleep(millis(50)).await;
            rooms.terminate_child(&room).await.expect("it is there");
            let ended = timeout(secs(10), rooms.ended()).await.expect("in time");
            assert_eq!(
                ended.to_string(),
                "gave up: `rooms/#1` was killed and does not end"
            );
            drop(open);
        });
    });
}

#[tokio::test(start_paused = true)]
async fn a_nested_supervisor_that_gives_up_the_same_way_is_quarantined() {
    let seen = Seen::new();
    let melting = Child::task("w", |_cx| async { Err("no disk".into()) });
    let inner = Supervisor::builder("inner").child(melting);
    let root = Supervisor::builder("app")
        .events(&seen.events)
        .intensity(10, secs(60))
        .child(Child::supervisor(inner).quarantine(3, secs(60)));
    let root = root.start().await.expect("it starts");
    settle().await;
    assert_eq!(children(&root).await, "inner?");
    let told = seen.take().into_iter().filter_map(|event| match event {
        SupervisorEvent::ChildQuarantined { path, times, .. } => Some((path.to_string(), times)),
        _ => None,
    });
    assert_eq!(told.collect::<Vec<_>>(), [("app/inner".to_owned(), 3)]);
}
