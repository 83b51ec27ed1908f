//! Tasks that neither reach an await nor listen: reported, and dealt with as their policy says.
//!
//! A thread of the runtime is blocked for real here, so this is real time.

mod common;

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use seaworthy_supervisor::{
    Child, ChildRef, ChildState, Context, Ended, ExitReason, OnZombie, Restart, Shutdown,
    Supervisor, SupervisorEvent,
};
use seaworthy_testkit::Live;
use tokio::time::timeout;

use common::{Seen, idle, millis, secs, two_workers};

/// Blocks threads until it is opened.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<bool>, Condvar, AtomicBool)>);

impl Gate {
    fn wait(&self) {
        let (open, changed, waited) = &*self.0;
        waited.store(true, SeqCst);
        let open = open.lock().unwrap();
        drop(changed.wait_while(open, |open| !*open).unwrap());
    }

    fn is_waited_for(&self) -> bool {
        self.0.2.load(SeqCst)
    }

    fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        // A failed test must not wait for ever for its runtime.
        if std::thread::panicking() {
            self.open();
        }
    }
}

/// The first incarnation blocks its thread, with a sub-task beside it.
fn stuck(gate: &Gate, subtasks: &Live) -> Child {
    let (gate, subtasks, first) = (gate.clone(), subtasks.clone(), AtomicBool::new(true));
    Child::task("w", move |cx: Context| {
        let (gate, subtasks) = (gate.clone(), subtasks.clone());
        let first = first.swap(false, SeqCst);
        async move {
            if first {
                let guard = subtasks.guard();
                cx.spawn(async move {
                    let _guard = guard;
                    std::future::pending::<()>().await;
                });
                // So that the sub-task is not stuck in the queue of the thread that is about to block.
                tokio::task::yield_now().await;
                gate.wait();
            }
            std::future::pending().await
        }
    })
}

/// Waits for something that is about to happen.
async fn until(what: &str, happened: impl Fn() -> bool) {
    let poll = async {
        while !happened() {
            tokio::time::sleep(millis(5)).await;
        }
    };
    timeout(secs(10), poll)
        .await
        .unwrap_or_else(|_| panic!("it does not happen: {what}"));
}

fn zombies(events: &[SupervisorEvent]) -> Vec<String> {
    let zombies = events
        .iter()
        .filter(|event| matches!(event, SupervisorEvent::ChildZombie { .. }));
    zombies.map(ToString::to_string).collect()
}

struct World {
    root: Supervisor,
    first: ChildRef,
    gate: Gate,
    subtasks: Live,
    seen: Seen,
}

/// `w` hangs and has been killed from outside.
async fn world(policy: OnZombie) -> World {
    let (gate, subtasks, seen) = (Gate::default(), Live::new(), Seen::new());
    let root = Supervisor::builder("app")
        .events(&seen.events)
        .child(idle("x"))
        .child(stuck(&gate, &subtasks).on_zombie(policy));
    let root = root.start().await.expect("it starts");
    until("it hangs", || gate.is_waited_for()).await;
    let first = root.child("w").expect("it runs");
    assert!(first.kill());
    World {
        root,
        first,
        gate,
        subtasks,
        seen,
    }
}

#[test]
fn a_zombie_is_waited_for_and_shown() {
    two_workers().block_on(async {
        let World {
            root,
            first,
            gate,
            subtasks,
            seen,
        } = world(OnZombie::Wait).await;
        let monitor = first.monitor();
        let state = || root.snapshot().expect("it runs").children[1].state;
        until("it is found", || state() == ChildState::Zombie).await;
        until("its sub-tasks are ended", || subtasks.alive() == 0).await;
        assert!(first.is_alive(), "nothing takes its place");
        assert_eq!(
            zombies(&seen.take()),
            ["`app/w` (incarnation 2) was killed and does not end: waiting for it"]
        );
        let drawn = root.snapshot().expect("it runs").to_string();
        assert!(drawn.contains("w does not end"), "{drawn}");
        assert!(root.child("x").is_some());
        gate.open();
        let down = timeout(secs(10), monitor).await.expect("it ends now");
        assert!(matches!(down.reason, ExitReason::Killed));
        until("the next one runs", || state() == ChildState::Running).await;
        assert!(
            timeout(secs(10), root.stop())
                .await
                .expect("in time")
                .is_clean()
        );
    });
}

#[test]
fn the_supervisor_can_go_on_without_it() {
    two_workers().block_on(async {
        let World { root, first, gate, subtasks, seen } = world(OnZombie::GoOn).await;
        let down = timeout(secs(10), first.monitor()).await.expect("it is given up");
        assert!(matches!(down.reason, ExitReason::Zombie(_)), "{}", down.reason);
        until("the next one runs", || root.child("w").is_some_and(|w| w.incarnation() > 2)).await;
        until("its sub-tasks are ended", || subtasks.alive() == 0).await;
        let next = root.child("w").unwrap();
        let events = seen.take();
        assert_eq!(
            zombies(&events),
            ["`app/w` (incarnation 2) was killed and does not end: going on without it"]
        );
        let crashed = events.iter().any(|event| {
            matches!(event, SupervisorEvent::ChildCrashed(report) if matches!(report.reason, ExitReason::Zombie(_)))
        });
        assert!(crashed);
        // When the old one ends after all, it is the business of nobody.
        gate.open();
        tokio::time::sleep(millis(50)).await;
        assert!(next.is_alive());
        assert!(timeout(secs(10), root.stop()).await.expect("in time").is_clean());
    });
}

#[test]
fn the_supervisor_can_end_because_of_it() {
    two_workers().block_on(async {
        let World { root, gate, seen, .. } = world(OnZombie::Escalate).await;
        let ended = timeout(secs(10), root.ended()).await.expect("it ends");
        assert!(
            matches!(&ended, Ended::GaveUp { child, reason: ExitReason::Zombie(_) } if &**child == "app/w"),
            "{ended}"
        );
        assert_eq!(ended.to_string(), "gave up: `app/w` was killed and does not end");
        let events = seen.take();
        let intensity = |event: &SupervisorEvent| matches!(event, SupervisorEvent::IntensityExceeded { .. });
        assert!(!events.iter().any(intensity), "that is not why");
        gate.open();
    });
}

#[test]
fn a_parent_restarts_a_supervisor_that_escalated() {
    two_workers().block_on(async {
        let (gate, subtasks) = (Gate::default(), Live::new());
        let inner = Supervisor::builder("inner")
            .child(stuck(&gate, &subtasks).on_zombie(OnZombie::Escalate));
        let root = Supervisor::builder("app")
            .child(Child::supervisor(inner))
            .start();
        let root = root.await.expect("it starts");
        until("it hangs", || gate.is_waited_for()).await;
        let before = root.child("inner").unwrap();
        root.child("inner/w").unwrap().kill();
        until("there is a new one", || {
            let now = root.child("inner");
            now.is_some_and(|now| now.incarnation() != before.incarnation())
                && root.child("inner/w").is_some()
        })
        .await;
        gate.open();
        root.stop().await;
    });
}

#[test]
fn one_that_does_not_stop_when_asked() {
    for (shutdown, policy, outcome) in [
        (Shutdown::Timeout(millis(20)), OnZombie::GoOn, true),
        (Shutdown::BrutalKill, OnZombie::GoOn, true),
        (Shutdown::Timeout(millis(20)), OnZombie::Wait, false),
    ] {
        two_workers().block_on(async {
            let (gate, subtasks) = (Gate::default(), Live::new());
            let child = stuck(&gate, &subtasks).shutdown(shutdown).on_zombie(policy);
            let root = Supervisor::builder("app").child(child.restart(Restart::Temporary));
            let root = root.start().await.expect("it starts");
            until("it hangs", || gate.is_waited_for()).await;
            let report = root.shutdown(secs(3)).await;
            assert!(!report.is_clean(), "{report}");
            assert_eq!(report.still_running.is_empty(), outcome, "{report}");
            assert_eq!(report.killed, usize::from(outcome), "{report}");
            gate.open();
        });
    }
}

/// Whoever ends it, and whichever part of it hangs: a child that does not end is found.
#[test]
fn it_is_found_however_it_was_told_to_end() {
    let policy = OnZombie::GoOn;
    let next_runs = |root: &Supervisor| root.child("w").is_some_and(|w| w.incarnation() > 2);
    two_workers().block_on(async {
        let (gate, subtasks) = (Gate::default(), Live::new());
        let child = stuck(&gate, &subtasks).on_zombie(policy);
        let root = Supervisor::builder("app").children([idle("x"), child]);
        let root = root.start().await.expect("it starts");
        until("it hangs", || gate.is_waited_for()).await;
        assert!(root.child("w").expect("it runs").exit("boom".into()));
        until("the next one runs", || next_runs(&root)).await;
        gate.open();
        root.stop().await;
    });
    two_workers().block_on(async {
        let (gate, first) = (Gate::default(), AtomicBool::new(true));
        let blocks = gate.clone();
        let child = Child::task("w", move |cx: Context| {
            let (gate, first) = (blocks.clone(), first.swap(false, SeqCst));
            async move {
                if !first {
                    return std::future::pending().await;
                }
                let waits = gate.clone();
                cx.spawn(async move { waits.wait() });
                until("the sub-task hangs", || gate.is_waited_for()).await;
                Err("its sub-task stays".into())
            }
        });
        let root = Supervisor::builder("app").children([idle("x"), child.on_zombie(policy)]);
        let root = root.start().await.expect("it starts");
        until("the next one runs", || next_runs(&root)).await;
        gate.open();
        root.stop().await;
    });
}

/// With one thread, and that one blocked, only a thread of our own can notice anything.
#[test]
fn a_watchdog_notices_when_no_thread_is_left() {
    let (gate, subtasks, seen) = (Gate::default(), Live::new(), Seen::new());
    let found = Arc::new(AtomicBool::new(false));
    let (flag, opener) = (Arc::clone(&found), gate.clone());
    let observer = seen.events.observe(move |event| match event.detail() {
        Some(SupervisorEvent::ChildZombie { .. }) => opener.open(),
        Some(SupervisorEvent::ChildCrashed(report)) => {
            flag.store(matches!(report.reason, ExitReason::Zombie(_)), SeqCst);
        }
        _ => {}
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let began = tokio::time::Instant::now();
    runtime.block_on(async {
        let child = stuck(&gate, &subtasks)
            .heartbeat(millis(50))
            .on_zombie(OnZombie::GoOn);
        let root = Supervisor::builder("app")
            .events(&seen.events)
            .watchdog(millis(10))
            .child(child);
        let root = root.start().await.expect("it starts");
        until("it is found", || found.load(SeqCst)).await;
        until("the next one runs", || {
            root.child("w").is_some_and(|w| w.incarnation() > 1)
        })
        .await;
        root.stop().await;
    });
    drop(observer);
    let took = began.elapsed();
    assert!((secs(1)..secs(10)).contains(&took), "{took:?}");
}

/// Without a hang nothing is found, whatever is killed and however often.
#[tokio::test(start_paused = true)]
async fn who_ends_when_told_is_no_zombie() {
    let seen = Seen::new();
    let slow = Child::task("slow", |cx: Context| async move {
        cx.shutdown().await;
        tokio::time::sleep(secs(4)).await;
        Ok(())
    });
    let root = Supervisor::builder("app")
        .events(&seen.events)
        .intensity(1000, secs(1))
        .children([idle("a"), idle("b"), slow]);
    let root = root.start().await.expect("it starts");
    for _ in 0..50 {
        root.child("a").unwrap().kill();
        root.terminate_child("b").await.unwrap();
        root.restart_child("b").await.unwrap();
        tokio::time::sleep(Duration::from_millis(70)).await;
    }
    root.terminate_child("slow").await.unwrap();
    tokio::time::sleep(secs(10)).await;
    root.stop().await;
    assert_eq!(zombies(&seen.take()), Vec::<String>::new());
}
