//! Stopping, and waiting for an end or for the order to stop.

use seaworthy_supervisor::{Child, Context, Ended, Shutdown, Supervisor};
use seaworthy_testkit::{Ending, Live, at_every_await};
use tokio::sync::mpsc;
use tokio::time::sleep;

use crate::common;
use crate::common::{Log, children, counter, millis, secs, settle};
use crate::world::{World, slow};

async fn check_end<T>(world: &mut World, ending: Ending<T>) {
    if matches!(ending, Ending::Unpolled) {
        return world.is(&ending, "a b?", "").await;
    }
    assert!(!world.root.is_alive());
    assert!(matches!(world.root.ended().await, Ended::Stopped));
    assert_eq!(world.live.alive(), 0);
}

#[test]
pub fn stop() {
    let stop = async |world: &mut World| world.root.stop().await;
    assert_eq!(at_every_await(4, World::new, stop, check_end), 1);
}

#[test]
pub fn ended() {
    let fixture = async || {
        let world = World::new().await;
        let root = world.root.clone();
        tokio::spawn(async move {
            sleep(millis(5)).await;
            root.stop().await
        });
        world
    };
    let check = async |world: &mut World, _: Ending<Ended>| {
        check_end(world, Ending::Completed(())).await;
    };
    let ended = async |world: &mut World| world.root.ended().await;
    assert_eq!(at_every_await(4, fixture, ended, check), 1);
}

/// Without the deadline, if it is dropped: whoever needs 40 seconds then has them.
#[test]
pub fn shutdown() {
    let fixture = async || {
        let (live, log) = (Live::new(), Log::default());
        let stubborn = common::slow_stopper(&log, "s", secs(40)).shutdown(Shutdown::Infinity);
        let root = Supervisor::builder("app")
            .child(stubborn)
            .child(slow(&live, "a", millis(10)));
        let root = root.start().await.expect("it starts");
        settle().await;
        (root, live, log)
    };
    let awaits = at_every_await(
        8,
        fixture,
        async |(root, ..)| root.shutdown(secs(1)).await,
        async |(root, live, log), ending| {
            let told = match ending {
                Ending::Unpolled => {
                    return assert_eq!((live.alive(), log.take().as_str()), (1, "+s"));
                }
                Ending::Pending(1) | Ending::Woken(1) => "+s s:told s:done -s",
                _ => "+s s:told -s",
            };
            assert_eq!(log.take(), told);
            assert!(!root.is_alive());
            assert_eq!(live.alive(), 0);
            let report = ending.completed();
            assert!(report.is_none_or(|report| (report.stopped, report.killed) == (1, 1)));
        },
    );
    assert_eq!(awaits, 2, "for the end before the deadline, and after it");
}

/// A signal that was taken traps exits, awaited to the end or not: the child has its time.
#[test]
pub fn shutdown_signal() {
    let fixture = async || {
        let (contexts, mut context) = mpsc::unbounded_channel();
        let log = Log::default();
        let noted = log.clone();
        let child = Child::task("w", move |cx: Context| {
            let here = noted.enter("w");
            contexts.send(cx).expect("somebody waits");
            async move {
                let _here = here;
                sleep(secs(20)).await;
                Ok(())
            }
        });
        let child = child.shutdown(Shutdown::Timeout(secs(10)));
        let root = Supervisor::builder("app")
            .child(child)
            .start()
            .await
            .expect("it starts");
        let cx = context.recv().await.expect("it began");
        let (stopping, order) = (root.clone(), log.clone());
        tokio::spawn(async move {
            sleep(secs(5)).await;
            stopping.terminate_child("w").await.expect("it runs");
            order.add("terminated");
        });
        (root, cx, log)
    };
    let calls = counter();
    let awaits = at_every_await(
        4,
        fixture,
        async |(_, cx, _)| {
            let began = tokio::time::Instant::now();
            cx.shutdown().await;
            began.elapsed().as_secs()
        },
        async |(root, _, log), ending| {
            calls();
            match ending {
                // Never taken: it died of the order, at 5 s, and not of the time that it had.
                Ending::Unpolled => {}
                Ending::Completed(told_after) => assert_eq!(told_after, 5),
                _ => {}
            }
            assert_eq!(log.take(), "+w -w terminated");
            assert_eq!(children(root).await, "w?");
        },
    );
    assert_eq!((awaits, calls()), (1, 5));
}

#[test]
pub fn monitor() {
    let fixture = async || {
        let root = Supervisor::builder("app")
            .child(common::idle("w"))
            .start()
            .await;
        let root = root.expect("it starts");
        let child = root.child("w").expect("it runs");
        let victim = child.clone();
        tokio::spawn(async move {
            sleep(secs(1)).await;
            victim.kill()
        });
        (root, child)
    };
    let awaits = at_every_await(
        4,
        fixture,
        async |(_, child)| child.monitor().await.reason.kind(),
        async |(root, child), ending| {
            assert!(ending.completed().is_none_or(|reason| reason == "killed"));
            assert_eq!(child.monitor().await.reason.kind(), "killed");
            assert_eq!(children(root).await, "w");
        },
    );
    assert_eq!(awaits, 1);
}

/// A signal that nobody got to read is read by the next reader, and only by it.
#[test]
pub fn exits_recv() {
    let fixture = async || {
        let (contexts, mut context) = mpsc::unbounded_channel();
        let child = Child::task("w", move |cx: Context| {
            contexts.send(cx).expect("somebody waits");
            std::future::pending()
        });
        let root = Supervisor::builder("app").child(child).start().await;
        let root = root.expect("it starts");
        let exits = context.recv().await.expect("it began").trap_exits();
        let child = root.child("w").expect("it runs");
        tokio::spawn(async move {
            for word in ["one", "two", "three"] {
                sleep(secs(5)).await;
                assert!(child.exit(word.into()));
            }
        });
        (root, exits)
    };
    let awaits = at_every_await(
        4,
        fixture,
        async |(_, exits)| exits.recv().await.expect("it lives").to_string(),
        async |(_, exits), ending| {
            let first = match ending {
                Ending::Completed(first) => first,
                _ => exits.recv().await.expect("it lives").to_string(),
            };
            let second = exits.recv().await.expect("it lives").to_string();
            assert_eq!(
                [first, second],
                [
                    "told to exit: error: one".to_owned(),
                    "told to exit: error: two".to_owned()
                ]
            );
        },
    );
    assert_eq!(awaits, 1);
}
