//! What callers are told when there is no worker, and whether it is of use to come back.

mod common;

use std::future::{pending, ready};
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context as Waking, Poll};

use seaworthy::core::backoff::Backoff;
use seaworthy::core::event::Events;
use seaworthy::core::{BoxError, Reason, Rejected};
use seaworthy::queue::{Config, Overload};
use seaworthy::supervisor::{Child, Supervisor, SupervisorEvent};
use tokio::runtime::Runtime;
use tokio::time::{Instant, sleep, timeout};
use tower::{Service, ServiceExt};

use common::{Asked, CRASHED, Echo, RESTARTING, SECOND, STOPPED};
use common::{build, builder, echo, reason, rejected, start};

fn asking(workers: &Asked, number: u32) -> tokio::task::JoinHandle<Result<u32, BoxError>> {
    tokio::spawn(workers.call("a", number))
}

fn later(child: Child) -> Child {
    let pause = Backoff::exponential(10 * SECOND, 10 * SECOND);
    child.backoff(pause.build().expect("it is allowed"), 60 * SECOND)
}

#[tokio::test(start_paused = true)]
async fn before_the_first_start() {
    let (workers, child) = build(builder(), |_key, _cx| ready(Ok(echo())));
    assert_eq!(reason(workers.call("a", 1).await), RESTARTING);
    let tree = Supervisor::builder("app").child(child);
    assert_eq!(reason(workers.call("a", 1).await), RESTARTING);
    let _tree = tree.start().await.expect("it starts");
    assert_eq!(workers.call("a", 1).await.expect("served"), 1);
}

#[tokio::test(start_paused = true)]
async fn when_nobody_can_start_them_any_more() {
    let (workers, child) = build(builder(), |_key, _cx| ready(Ok(echo())));
    drop(child);
    assert_eq!(reason(workers.call("a", 1).await), STOPPED);
    assert!(workers.is_empty());
}

#[tokio::test(start_paused = true)]
async fn while_their_supervisor_is_restarted() {
    let (workers, child) = build(builder(), |_key, _cx| ready(Ok(echo())));
    let tree = Supervisor::builder("app").child(later(child)).start().await;
    let tree = tree.expect("it starts");
    let [under_way, waiting] = [1, 2].map(|number| asking(&workers, number));
    sleep(SECOND / 2).await;
    assert!(tree.child("workers").expect("it runs").kill());
    assert_eq!(reason(under_way.await.expect("well")), CRASHED);
    assert_eq!(reason(waiting.await.expect("well")), RESTARTING);
    assert_eq!(reason(workers.call("a", 3).await), RESTARTING);
    assert!(workers.is_empty());
    sleep(10 * SECOND).await;
    assert_eq!(workers.call("a", 4).await.expect("served"), 4);

    // By order it stays down.
    tree.terminate_child("workers").await.expect("it is there");
    assert_eq!(reason(workers.call("a", 5).await), STOPPED);
    tree.restart_child("workers").await.expect("it starts");
    assert_eq!(workers.call("a", 6).await.expect("served"), 6);
}

#[tokio::test(start_paused = true)]
async fn while_one_above_is_restarted() {
    let (workers, child) = build(builder(), |_key, _cx| ready(Ok(echo())));
    let middle = Supervisor::builder("middle").child(child);
    let middle = later(Child::supervisor(middle));
    let tree = Supervisor::builder("app").child(middle).start().await;
    let tree = tree.expect("it starts");
    tree.child("middle").expect("it runs").kill();
    sleep(SECOND).await;
    assert_eq!(reason(workers.call("a", 1).await), RESTARTING);
    tree.terminate_child("middle").await.expect("it is there");
    assert_eq!(reason(workers.call("a", 1).await), STOPPED);
}

/// The tree gives up for a reason of its own.
#[tokio::test(start_paused = true)]
async fn when_the_tree_gives_up() {
    let (workers, child) = build(builder(), |_key, _cx| ready(Ok(echo())));
    let bomb = Child::task("bomb", |_cx| async {
        sleep(SECOND / 2).await;
        Err("boom".into())
    });
    let tree = Supervisor::builder("app").child(child).child(bomb);
    let tree = tree.intensity(0, SECOND).start().await.expect("it starts");
    let [under_way, waiting] = [1, 2].map(|number| asking(&workers, number));
    tree.ended().await;
    assert_eq!(under_way.await.expect("well").expect("in order"), 1);
    assert_eq!(reason(waiting.await.expect("well")), STOPPED);
}

/// Nobody's request is lost by the kill of a worker that had not begun with one.
#[tokio::test(start_paused = true)]
async fn killed_while_it_is_built() {
    let built = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&built);
    let (tree, workers) = start(builder(), move |_key, _cx| {
        let times = count.fetch_add(1, SeqCst);
        async move {
            sleep(if times < 3 { 20 * SECOND } else { SECOND }).await;
            Ok(echo())
        }
    })
    .await;
    let [first, second] = [1, 2].map(|number| asking(&workers, number));
    for number in 1..=3 {
        sleep(SECOND).await;
        let worker = workers.child(&"a").expect("it is being built");
        assert_eq!(worker.id().to_string(), format!("#{number}"));
        assert!(worker.kill());
    }
    assert_eq!(first.await.expect("well").expect("served"), 1);
    assert_eq!(second.await.expect("well").expect("served"), 2);
    assert_eq!(built.load(SeqCst), 4);
    assert!(tree.is_alive());
}

/// It is killed between its start and the first time that it runs.
#[tokio::test(start_paused = true)]
async fn killed_before_it_did_anything() {
    let built = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&built);
    let (workers, child) = build(builder(), move |_key, _cx| {
        count.fetch_add(1, SeqCst);
        ready(Ok(echo()))
    });
    let (events, root) = (Events::new(), Arc::new(OnceLock::<Supervisor>::new()));
    let builder = Supervisor::builder("app").child(child).events(&events);
    root.set(builder.handle()).expect("once");
    let _observer = events.observe(move |event| {
        if let Some(SupervisorEvent::ChildStarted { path, .. }) = event.detail()
            && let Some(path) = path.strip_prefix("app/")
            && path != "workers/#3"
        {
            let root = root.get().expect("it is known");
            root.child(path).expect("it was started").kill();
        }
    });
    let _tree = builder.start().await.expect("it starts");
    let [first, second] = [1, 2].map(|number| asking(&workers, number));
    let both = async { (first.await.expect("well"), second.await.expect("well")) };
    let (first, second) = timeout(60 * SECOND, both).await.expect("it is not lost");
    assert_eq!((first.expect("served"), second.expect("served")), (1, 2));
    assert_eq!(
        built.load(SeqCst),
        1,
        "the third was the first to do anything"
    );
}

#[tokio::test(start_paused = true)]
async fn killed_before_it_began_with_a_request() {
    /// Never ready at first, which nobody waits for if it is killed.
    struct Slow(Echo, bool);
    impl Service<u32> for Slow {
        type Response = u32;
        type Error = BoxError;
        type Future = <Echo as Service<u32>>::Future;

        fn poll_ready(&mut self, cx: &mut Waking<'_>) -> Poll<Result<(), BoxError>> {
            if self.1 {
                self.0.poll_ready(cx)
            } else {
                Poll::Pending
            }
        }

        fn call(&mut self, number: u32) -> Self::Future {
            self.0.call(number)
        }
    }
    let built = Arc::new(AtomicU32::new(0));
    let (_tree, workers) = start(builder(), move |_key, _cx| {
        let usable = built.fetch_add(1, SeqCst) > 0;
        ready(Ok(Slow(echo(), usable).boxed()))
    })
    .await;
    let call = asking(&workers, 1);
    sleep(SECOND).await;
    workers.child(&"a").expect("it is up").kill();
    assert_eq!(call.await.expect("well").expect("served"), 1);
}

#[tokio::test(start_paused = true)]
async fn one_that_cannot_be_built() {
    let (_tree, workers) = start(builder().build_within(5 * SECOND), |key, _cx| async move {
        match key {
            "panics" => panic!("no"),
            "late" => pending().await,
            _ => Err("no".into()),
        }
    })
    .await;
    for key in ["fails", "panics", "late"] {
        assert_eq!(reason(workers.call(key, 1).await), STOPPED, "{key}");
        assert!(workers.is_empty(), "{key}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_cannot_be_built_now_but_is_when_it_is_called_again() {
    let failures = AtomicU32::new(0);
    let (_tree, workers) = start(builder(), move |_key, _cx| {
        let fails = failures.fetch_add(1, SeqCst) == 0;
        ready(if fails { Err("no".into()) } else { Ok(echo()) })
    })
    .await;
    assert_eq!(reason(workers.call("a", 1).await), STOPPED);
    assert_eq!(workers.call("a", 1).await.expect("served"), 1);
}

/// What it needs turns it away, and says when to come back.
#[tokio::test(start_paused = true)]
async fn one_that_is_turned_away_while_it_is_built() {
    let open = Rejected::new(Reason::CircuitOpen, "database").with_retry_after(3 * SECOND);
    let (_tree, workers) = start(builder(), move |key, _cx| {
        let error = match key {
            "crashed" => Rejected::new(Reason::Crashed, "database"),
            _ => open,
        };
        ready(Err(error.into()))
    })
    .await;
    assert_eq!(rejected(workers.call("open", 1).await), open);
    // The request itself was not executed, whatever was.
    assert_eq!(reason(workers.call("crashed", 1).await), STOPPED);
}

/// Those who wait for room in its queue are told the same as those who have it.
#[tokio::test(start_paused = true)]
async fn those_who_wait_for_room_are_told_why_as_well() {
    let open = Rejected::new(Reason::CircuitOpen, "database");
    let mut config = Config::default();
    (config.capacity, config.overload) = (1, Overload::Wait);
    let (_tree, workers) = start(builder().queue(config), move |_key, _cx| async move {
        sleep(SECOND).await;
        Err(open.into())
    })
    .await;
    for call in [1, 2, 3].map(|number| asking(&workers, number)) {
        assert_eq!(rejected(call.await.expect("well")), open);
    }
}

/// It is built, and not ready for anything.
#[tokio::test(start_paused = true)]
async fn one_that_is_never_ready() {
    struct Broken(Rejected, Arc<Mutex<u32>>);
    impl Service<u32> for Broken {
        type Response = u32;
        type Error = BoxError;
        type Future = std::future::Ready<Result<u32, BoxError>>;

        fn poll_ready(&mut self, _: &mut Waking<'_>) -> Poll<Result<(), BoxError>> {
            let mut left = self.1.lock().expect("nobody panics with it");
            if *left == 0 {
                return Poll::Ready(Err(self.0.into()));
            }
            *left -= 1;
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, number: u32) -> Self::Future {
            ready(Ok(number))
        }
    }
    let open = Rejected::new(Reason::CircuitOpen, "database");
    let left = Arc::new(Mutex::new(0));
    let shared = Arc::clone(&left);
    let (_tree, workers) = start(builder(), move |_key, _cx| {
        ready(Ok(Broken(open, Arc::clone(&shared)).boxed()))
    })
    .await;
    assert_eq!(rejected(workers.call("a", 1).await), open);
    // One that has served is worth another.
    *left.lock().expect("nobody panics with it") = 1;
    let [first, second] = [1, 2].map(|number| asking(&workers, number));
    assert_eq!(first.await.expect("well").expect("served"), 1);
    assert_eq!(rejected(second.await.expect("well")), open);
}

/// Whoever calls needs no runtime of tokio.
#[test]
fn called_from_outside() {
    let runtime = Runtime::new().expect("the system has threads");
    let (tree, workers) = runtime.block_on(start(builder(), |_key, _cx| ready(Ok(echo()))));
    let answer = block_on(workers.call("a", 1));
    assert_eq!(answer.expect("served"), 1);
    drop(tree);
}

/// Polls it in this thread, with nothing of tokio around.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(std::thread::Thread);
    impl std::task::Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Arc::new(Unpark(std::thread::current())).into();
    let mut future = std::pin::pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Waking::from_waker(&waker)) {
            return output;
        }
        std::thread::park();
    }
}

/// Their runtime is gone, that of the callers is not.
#[test]
fn when_the_runtime_is_gone() {
    let [theirs, ours] = [(); 2].map(|()| Runtime::new().expect("the system has threads"));
    let (busy, is_busy) = std::sync::mpsc::channel();
    let (tree, workers) = theirs.block_on(start(builder(), move |key, _cx| {
        let busy = busy.clone();
        async move {
            if key == "slow" {
                busy.send(()).expect("somebody listens");
                pending().await
            }
            let service = tower::service_fn(move |_number: u32| {
                busy.send(()).expect("somebody listens");
                pending()
            });
            Ok(service.boxed())
        }
    }));
    let calls = [("a", 1), ("a", 2), ("slow", 3), ("slow", 4)];
    let calls = calls.map(|(key, number)| ours.spawn(workers.call(key, number)));
    for _ in 0..2 {
        is_busy.recv().expect("both are");
    }
    theirs.shutdown_timeout(SECOND);
    let told = ours.block_on(async {
        let mut told = Vec::new();
        for call in calls {
            let outcome = timeout(5 * SECOND, call).await.expect("nobody is lost");
            told.push(reason(outcome.expect("well")));
        }
        told.push(reason(workers.call("a", 5).await));
        told
    });
    assert_eq!(told, [CRASHED, STOPPED, STOPPED, STOPPED, STOPPED]);
    drop(tree);
}

/// One that takes its time does not keep those of other keys from being built.
#[tokio::test(start_paused = true)]
async fn they_are_built_at_the_same_time() {
    let (_tree, workers) = start(builder(), |key, _cx| async move {
        sleep(if key == "slow" { 20 * SECOND } else { SECOND }).await;
        Ok(echo())
    })
    .await;
    let begun = Instant::now();
    let slow = tokio::spawn(workers.call("slow", 0));
    let calls = ["a", "b", "c"].map(|key| tokio::spawn(workers.call(key, 1)));
    for call in calls {
        assert_eq!(call.await.expect("well").expect("served"), 1);
    }
    assert_eq!(
        begun.elapsed().as_secs(),
        2,
        "one to be built, one to answer"
    );
    assert_eq!(slow.await.expect("well").expect("served"), 0);
}
