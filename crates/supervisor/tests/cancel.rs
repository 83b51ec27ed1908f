//! Every async call may be dropped at any of its awaits: what it says about that holds, and nothing
//! leaks.

mod common;

use std::path::Path;
use std::time::Duration;

use seaworthy_supervisor::{
    Child, ChildRef, Context, DynamicSupervisor, Ended, Init, Shutdown, Supervisor,
};
use seaworthy_testkit::{Ending, Live, at_every_await};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use common::{Log, children, counter, millis, secs, settle};

/// What is tested here, by source file. A new async function has to come with a test.
const TESTED: [(&str, fn()); 16] = [
    ("builder.rs: start", builder_start),
    ("context.rs: ShutdownSignal", shutdown_signal),
    ("dynamic.rs: start", dynamic_start),
    ("dynamic.rs: start_child", dynamic_start_child),
    ("dynamic.rs: terminate_child", dynamic_terminate_child),
    ("monitor.rs: Monitor", monitor),
    ("supervisor.rs: count_children", count_children),
    ("supervisor.rs: delete_child", delete_child),
    ("supervisor.rs: ended", ended),
    ("supervisor.rs: restart_child", restart_child),
    ("supervisor.rs: shutdown", shutdown),
    ("supervisor.rs: start_child", start_child),
    ("supervisor.rs: stop", stop),
    ("supervisor.rs: suspend", suspend),
    ("supervisor.rs: terminate_child", terminate_child),
    ("supervisor.rs: which_children", which_children),
];

#[test]
fn no_async_function_is_left_out() {
    let mut found = Vec::new();
    list(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut found,
    );
    found.sort();
    assert_eq!(found, TESTED.map(|(name, _)| name));
}

/// The public async functions and futures in the sources below `folder`.
fn list(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            list(&path, found);
            continue;
        }
        let file = path
            .file_name()
            .expect("a file")
            .to_string_lossy()
            .into_owned();
        for line in std::fs::read_to_string(&path).expect("a source").lines() {
            let line = line.trim_start();
            let name = line.strip_prefix("pub async fn ");
            if let Some(name) = name.or_else(|| line.strip_prefix("impl Future for ")) {
                let end = name.find(|c: char| !c.is_alphanumeric() && c != '_');
                found.push(format!("{file}: {}", &name[..end.unwrap_or(name.len())]));
            }
        }
    }
}

/// A worker that takes 10 ms to start and as long to stop.
fn slow(live: &Live, id: &'static str, stop: Duration) -> Child {
    let live = live.clone();
    Child::init(id, move |cx: Context| {
        let guard = live.guard();
        async move {
            sleep(millis(10)).await;
            Ok(Init::Run(async move {
                let _guard = guard;
                cx.shutdown().await;
                sleep(stop).await;
                Ok(())
            }))
        }
    })
}

struct World {
    root: Supervisor,
    live: Live,
}

impl World {
    /// `a` runs, `b` does not.
    async fn new() -> Self {
        let live = Live::new();
        let root = Supervisor::builder("app")
            .child(slow(&live, "a", millis(10)))
            .child(slow(&live, "b", millis(10)));
        let root = root.start().await.expect("it starts");
        root.terminate_child("b").await.expect("it runs");
        Self { root, live }
    }

    /// As `new`, but the supervisor is about to terminate `a`: calls wait.
    async fn busy() -> Self {
        let world = Self::new().await;
        let root = world.root.clone();
        tokio::spawn(async move { root.terminate_child("a").await });
        tokio::task::yield_now().await;
        world
    }

    async fn is<T>(&self, ending: &Ending<T>, unpolled: &str, polled: &str) {
        let expected = if matches!(ending, Ending::Unpolled) {
            unpolled
        } else {
            polled
        };
        assert_eq!(children(&self.root).await, expected);
        let active = self.root.count_children().await.expect("it runs").active;
        assert_eq!(
            self.live.alive(),
            active,
            "who lives is who the tree says lives"
        );
    }
}

#[test]
fn start_child() {
    let awaits = at_every_await(
        4,
        World::new,
        async |world| {
            world
                .root
                .start_child(slow(&world.live, "c", millis(10)))
                .await
        },
        async |world, ending| world.is(&ending, "a b?", "a b? c").await,
    );
    assert_eq!(awaits, 1);
}

#[test]
fn terminate_child() {
    let awaits = at_every_await(
        4,
        World::new,
        async |world| world.root.terminate_child("a").await,
        async |world, ending| world.is(&ending, "a b?", "a? b?").await,
    );
    assert_eq!(awaits, 1);
}

#[test]
fn restart_child() {
    let awaits = at_every_await(
        4,
        World::new,
        async |world| world.root.restart_child("b").await.map(|_| ()),
        async |world, ending| world.is(&ending, "a b?", "a b").await,
    );
    assert_eq!(awaits, 1);
}

#[test]
fn delete_child() {
    let awaits = at_every_await(
        4,
        World::busy,
        async |world| world.root.delete_child("b").await,
        async |world, ending| world.is(&ending, "a? b?", "a?").await,
    );
    assert_eq!(awaits, 1);
}

#[test]
fn which_children() {
    let awaits = at_every_await(
        4,
        World::busy,
        async |world| world.root.which_children().await,
        async |world, ending| world.is(&ending, "a? b?", "a? b?").await,
    );
    assert_eq!(awaits, 1);
}

#[test]
fn count_children() {
    let awaits = at_every_await(
        4,
        World::busy,
        async |world| world.root.count_children().await,
        async |world, ending| world.is(&ending, "a? b?", "a? b?").await,
    );
    assert_eq!(awaits, 1);
}

#[test]
fn suspend() {
    let awaits = at_every_await(
        4,
        World::busy,
        async |world| world.root.suspend().await,
        async |world, ending| {
            let answered = timeout(secs(1), world.root.which_children()).await.is_ok();
            assert_eq!(answered, matches!(ending, Ending::Unpolled));
            world.root.resume();
            world.is(&ending, "a? b?", "a? b?").await;
        },
    );
    assert_eq!(awaits, 1);
}

async fn check_end<T>(world: &mut World, ending: Ending<T>) {
    if matches!(ending, Ending::Unpolled) {
        return world.is(&ending, "a b?", "").await;
    }
    assert!(!world.root.is_alive());
    assert!(matches!(world.root.ended().await, Ended::Stopped));
    assert_eq!(world.live.alive(), 0);
}

#[test]
fn stop() {
    let stop = async |world: &mut World| world.root.stop().await;
    assert_eq!(at_every_await(4, World::new, stop, check_end), 1);
}

#[test]
fn ended() {
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
fn shutdown() {
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

#[test]
fn builder_start() {
    let awaits = at_every_await(
        4,
        async || Live::new(),
        async |live| {
            let both = [slow(live, "a", millis(10)), slow(live, "b", millis(10))];
            Supervisor::builder("app").children(both).start().await
        },
        async |live, ending| match ending.completed() {
            Some(root) => assert_eq!((live.alive(), root.is_ok()), (2, true)),
            None => assert_eq!(live.alive(), 0),
        },
    );
    assert_eq!(awaits, 1);
}

/// The three children need 10 ms each: wherever the start is dropped, what had begun ends in reverse.
#[tokio::test(start_paused = true)]
async fn a_start_that_is_dropped_undoes_itself_in_reverse() {
    let undone = ["+a -a", "+a +b -b -a", "+a +b +c -c -b -a"];
    for (dropped_at, expected) in [5, 15, 25].into_iter().zip(undone) {
        let log = Log::default();
        let slow = ["a", "b", "c"].map(|id| {
            let log = log.clone();
            Child::init(id, move |_cx| {
                let here = log.enter(id);
                async move {
                    sleep(millis(10)).await;
                    Ok(Init::Run(async move {
                        let _here = here;
                        std::future::pending().await
                    }))
                }
            })
        });
        let builder = Supervisor::builder("app").children(slow);
        let handle = builder.handle();
        assert!(timeout(millis(dropped_at), builder.start()).await.is_err());
        handle.ended().await;
        assert_eq!(log.take(), expected);
        assert!(!handle.is_alive());
    }
}

#[test]
fn dynamic_start() {
    let builder =
        || DynamicSupervisor::builder("pool").template(Child::template(|_cx, ()| async { Ok(()) }));
    let awaits = at_every_await(
        4,
        async || builder().handle(),
        async |_| builder().start().await.map(|pool| pool.is_alive()),
        async |_, ending| assert!(ending.completed().is_none_or(|up| up.expect("it starts"))),
    );
    assert_eq!(awaits, 0, "nobody is to be waited for");
}

/// A dynamic supervisor with one child.
async fn pool() -> (DynamicSupervisor<()>, Live, ChildRef) {
    let live = Live::new();
    let counted = live.clone();
    let template = Child::template_init(move |cx: Context, ()| {
        let guard = counted.guard();
        async move {
            sleep(millis(10)).await;
            Ok(Init::Run(async move {
                let _guard = guard;
                cx.shutdown().await;
                sleep(millis(10)).await;
                Ok(())
            }))
        }
    });
    let pool = DynamicSupervisor::builder("pool")
        .template(template)
        .start()
        .await;
    let pool = pool.expect("it starts");
    let first = pool
        .start_child(())
        .await
        .expect("it starts")
        .expect("it runs");
    (pool, live, first)
}

#[test]
fn dynamic_start_child() {
    let awaits = at_every_await(
        4,
        pool,
        async |(pool, ..)| pool.start_child(()).await,
        async |(pool, live, _), ending| {
            let expected = if matches!(ending, Ending::Unpolled) {
                "#1"
            } else {
                "#1 #2"
            };
            assert_eq!(children(pool).await, expected);
            assert_eq!(
                live.alive(),
                pool.count_children().await.expect("it runs").active
            );
        },
    );
    assert_eq!(awaits, 1);
}

#[test]
fn dynamic_terminate_child() {
    let awaits = at_every_await(
        4,
        pool,
        async |(pool, _, child)| pool.terminate_child(child).await,
        async |(pool, live, _), ending| {
            let expected = if matches!(ending, Ending::Unpolled) {
                "#1"
            } else {
                ""
            };
            assert_eq!(children(pool).await, expected);
            assert_eq!(
                live.alive(),
                pool.count_children().await.expect("it runs").active
            );
        },
    );
    assert_eq!(awaits, 1);
}

/// A signal that was taken traps exits, awaited to the end or not: the child has its time.
#[test]
fn shutdown_signal() {
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
fn monitor() {
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
