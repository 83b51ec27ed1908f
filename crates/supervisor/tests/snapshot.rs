//! The picture of a tree, and the same tree in the registry of the process.

mod common;

use std::future::pending;

use seaworthy_core::backoff::Backoff;
use seaworthy_core::component::{Registry, Snapshot, Status};
use seaworthy_supervisor::{
    Builder, Child, ChildId, ChildKind, ChildResult, ChildState, Context, DynamicSupervisor, Init,
    Restart, Strategy, Supervisor,
};
use tokio::time::sleep;

use common::{counter, crasher, idle, millis, secs, settle};

fn shop(id: &str) -> Builder {
    let calls = counter();
    let import = Child::task("import", move |_cx| {
        let call = calls();
        async move {
            sleep(secs(10)).await;
            match call {
                1 => Err("no such file".into()),
                2 => Err("disk full".into()),
                _ => pending().await,
            }
        }
    });
    let done = Child::task("setup", |_cx| async { Ok(()) }).restart(Restart::Transient);
    let storage = Supervisor::builder("storage")
        .strategy(Strategy::RestForOne)
        .child(idle("db"));
    let conns = DynamicSupervisor::builder("conns").intensity(100, secs(60));
    let conns = conns.template(Child::template(|_cx, ()| pending::<ChildResult>()));
    Supervisor::builder(id.to_owned())
        .intensity(5, secs(60))
        .child(Child::supervisor(storage))
        .child(import)
        .child(Child::supervisor(conns))
        .child(done)
}

#[tokio::test(start_paused = true)]
async fn the_picture() {
    let root = shop("shop").start().await.unwrap();
    sleep(millis(3_700_500)).await;
    let drawn = "\
shop [one for one] running, 0 of 5 restarts in 60s
├─ storage [rest for one] running, 0 of 3 restarts in 5s
│  └─ db running for 1 h 1 min
├─ import running for 1 h 1 min, restarted 2 times, last crash: error: disk full
├─ conns [dynamic] running, 0 of 100 restarts in 60s
└─ setup not running";
    assert_eq!(root.snapshot().unwrap().to_string(), drawn);
    let below = root
        .supervisor("storage")
        .unwrap()
        .snapshot()
        .unwrap()
        .to_string();
    assert_eq!(
        below,
        "storage [rest for one] running, 0 of 3 restarts in 5s\n└─ db running for 1 h 1 min"
    );
}

#[tokio::test(start_paused = true)]
async fn the_figures() {
    let root = shop("shop").start().await.unwrap();
    sleep(millis(15_500)).await;
    let tree = root.snapshot().unwrap();
    assert_eq!(
        (&*tree.path, tree.state, tree.strategy),
        ("shop", "running", Some(Strategy::OneForOne))
    );
    assert_eq!(
        (tree.restarts_in_window, tree.max_restarts, tree.period),
        (1, 5, secs(60))
    );
    let [storage, import, conns, setup] = &tree.children[..] else {
        panic!("{tree}")
    };
    assert_eq!(
        (storage.kind, import.kind),
        (ChildKind::Supervisor, ChildKind::Worker)
    );
    assert_eq!(&*storage.below.as_ref().unwrap().path, "shop/storage");
    assert_eq!(conns.below.as_ref().unwrap().strategy, None);
    assert_eq!(import.id, ChildId::Name("import".into()));
    assert_eq!((import.state, import.restarts), (ChildState::Running, 1));
    assert_eq!(
        import.incarnation,
        root.child("import").map(|child| child.incarnation())
    );
    assert_eq!(import.uptime.unwrap().as_secs_f64().round(), 6.0);
    let crash = import.last_crash.as_ref().unwrap();
    assert_eq!(
        (
            crash.reason.to_string().as_str(),
            crash.uptime.as_secs_f64().round()
        ),
        ("error: no such file", 10.0)
    );
    assert_eq!(
        (setup.state, setup.incarnation, setup.uptime),
        (ChildState::Undefined, None, None)
    );
}

#[tokio::test(start_paused = true)]
async fn of_what_is_under_way() {
    let never = Child::init("never", |_cx| async {
        pending::<()>().await;
        Ok(Init::Run(pending()))
    });
    let builder = Supervisor::builder("app")
        .child(idle("a"))
        .child(never)
        .child(idle("z"));
    let handle = builder.handle();
    assert!(handle.snapshot().is_none(), "not started yet");
    let start = tokio::spawn(builder.start());
    settle().await;
    let drawn = "\
app [one for one] starting, 0 of 3 restarts in 5s
├─ a running for 0 s
├─ never starting for 0 s
└─ z not running";
    let now = handle.snapshot().unwrap().to_string();
    assert_eq!(now.replace("0 ms", "0 s").replace("1 ms", "0 s"), drawn);
    start.abort();
    handle.ended().await;
    assert!(handle.snapshot().is_none(), "over");

    let deaf = Child::task("deaf", |cx: Context| async move {
        cx.shutdown().await;
        pending().await
    });
    let root = Supervisor::builder("app")
        .child(deaf)
        .start()
        .await
        .unwrap();
    settle().await;
    let stopping = root.clone();
    tokio::spawn(async move { stopping.stop().await });
    settle().await;
    assert_eq!(root.snapshot().unwrap().state, "stopping");
}

/// What a crash says may have many lines; the picture has one for each child.
#[tokio::test(start_paused = true)]
async fn of_those_who_talk_much() {
    let pause = Backoff::exponential(secs(60), secs(60)).build().unwrap();
    let sum = Child::task("sum", |_cx| async {
        assert_eq!(1 + 1, 3, "one and\none");
        Ok(())
    });
    let long = Child::task("long", |_cx| async {
        Err("a\tb\x1b[2J\r\nand more\n".into())
    });
    let root = Supervisor::builder("app")
        .child(sum.backoff(pause, secs(60)))
        .child(long.backoff(pause, secs(60)));
    let root = root.start().await.unwrap();
    settle().await;
    let drawn = root.snapshot().unwrap().to_string();
    let lines: Vec<_> = drawn.lines().collect();
    let [_, sum, long] = lines[..] else {
        panic!("a line each: {drawn}")
    };
    let said = "last crash: panic: assertion `left == right` failed: one and … at ";
    assert!(sum.contains(said), "{sum}");
    assert!(sum.contains("snapshot.rs:"), "{sum}");
    assert!(
        long.ends_with("last crash: error: a b\\u{1b}[2J …"),
        "{long}"
    );
}

#[tokio::test(start_paused = true)]
async fn of_those_who_have_a_name_beside_their_number() {
    let rooms = DynamicSupervisor::builder("rooms").intensity(5, secs(5));
    let rooms = rooms.template(Child::template(|cx: Context, name: &'static str| {
        // Each time anew, or once.
        if cx.incarnation() < 4 {
            cx.show_as(name);
        }
        async move { pending().await }
    }));
    let rooms = rooms.start().await.unwrap();
    for name in ["Alice", "Bob\n└─ Mallory"] {
        rooms.start_child(name).await.unwrap();
    }
    rooms.start_child("nobody").await.unwrap();
    settle().await;
    rooms.child("#1").expect("it runs").kill();
    settle().await;
    sleep(secs(1)).await;
    let drawn = "\
rooms [dynamic] running, 1 of 5 restarts in 5s
├─ Alice (#1) running for 1.0 s, restarted once, last crash: killed
├─ Bob … (#2) running for 1.0 s
└─ nobody (#3) running for 1.0 s";
    let tree = rooms.snapshot().unwrap();
    assert_eq!(tree.to_string(), drawn);
    assert_eq!(tree.children[0].shown_as.as_deref(), Some("Alice"));
    assert_eq!(&*rooms.child("#1").unwrap().path(), "rooms/#1");
}

/// A picture of a thousand children, not of a million.
#[tokio::test(start_paused = true)]
async fn of_many() {
    let pool = DynamicSupervisor::builder("pool");
    let pool = pool.template(Child::template(|_cx, ()| pending::<ChildResult>()));
    let pool = pool.start().await.unwrap();
    for _ in 0..1003 {
        pool.start_child(()).await.unwrap();
    }
    let tree = pool.snapshot().unwrap();
    assert_eq!((tree.children.len(), tree.omitted), (1000, 3));
    let drawn = tree.to_string();
    assert!(drawn.starts_with("pool [dynamic] running, 0 of 3 restarts in 5s\n├─ #1 running for "));
    assert!(drawn.ends_with("\n└─ and 3 more"), "{drawn}");
    assert!(
        drawn.contains("\n├─ #1000 running"),
        "the last that is shown is not the last"
    );
}

fn registered(name: &str) -> Option<Snapshot> {
    let mut all = Registry::global().snapshot().into_iter();
    all.find(|found| (found.kind, &*found.name) == ("supervisor", name))
}

#[tokio::test(start_paused = true)]
async fn in_the_registry() {
    assert!(registered("registered").is_none());
    let root = shop("registered").start().await.unwrap();
    sleep(secs(15)).await;
    let found = registered("registered").expect("a root registers itself");
    let drawn = "\
supervisor registered: running (restarts_in_window 1, max_restarts 5, period 60s)
├─ supervisor registered/storage: running (restarts_in_window 0, max_restarts 3, period 5s)
│  └─ worker db: running (restarts 0)
├─ worker import: running (restarts 1)
├─ supervisor registered/conns: running (restarts_in_window 0, max_restarts 100, period 60s)
└─ worker setup: not running (restarts 0)";
    assert_eq!(found.to_string(), drawn);
    assert_eq!(found.status, Status::Healthy);
    assert!(
        registered("registered/storage").is_none(),
        "only roots are listed"
    );

    // A restart that fails is worth a look, also from above.
    let calls = counter();
    let flaky = Child::task("flaky", move |cx: Context| {
        let call = calls();
        async move {
            if call == 1 {
                cx.ready();
            }
            if call <= 2 {
                return Err("crashed".into());
            }
            pending().await
        }
    });
    root.supervisor("storage")
        .unwrap()
        .start_child(flaky.wait_ready())
        .await
        .unwrap();
    settle().await;
    let found = registered("registered").unwrap();
    assert_eq!(
        (found.status, found.children[0].status),
        (Status::Degraded, Status::Degraded)
    );

    root.stop().await;
    drop(root);
    assert!(registered("registered").is_none(), "nothing keeps it there");
}

#[tokio::test(start_paused = true)]
async fn a_lost_root_is_not_healthy() {
    let root = Supervisor::builder("lost")
        .intensity(0, secs(1))
        .child(crasher("w", secs(1)));
    let root = root.start().await.unwrap();
    root.ended().await;
    let found = registered("lost").expect("somebody still has a handle");
    assert_eq!(
        (found.status, found.state.as_str()),
        (Status::Unhealthy, "stopped")
    );
}
