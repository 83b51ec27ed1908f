//! A worker for each key, started when it is called.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use seaworthy::core::{BoxError, Executed, Reason, Rejected};
use seaworthy::supervisor::Supervisor;
use seaworthy::{Workers, WorkersBuilder};
use tokio::time::sleep;
use tower::{ServiceExt, service_fn};

type Counters = Workers<&'static str, u32, u32, BoxError>;

const SECOND: Duration = Duration::from_secs(1);

/// Counts its calls from 1 in each life; each call takes a second, 13 is bad luck. How many lives there were, how many
/// there are at the same time, and the most of one key.
#[derive(Clone, Default)]
struct Lives {
    begun: Arc<AtomicUsize>,
    now: Arc<AtomicUsize>,
}

struct Alive(Lives);

impl Alive {
    fn new(lives: &Lives) -> Self {
        lives.begun.fetch_add(1, SeqCst);
        lives.now.fetch_add(1, SeqCst);
        Self(lives.clone())
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, SeqCst);
    }
}

async fn counters(builder: WorkersBuilder, lives: &Lives) -> (Supervisor, Counters) {
    let lives = lives.clone();
    let built = builder.build(move |key: &'static str, _cx| {
        let alive = Arc::new(Alive::new(&lives));
        async move {
            if key == "unlucky" {
                return Err("it cannot be built".into());
            }
            let calls = Arc::new(AtomicUsize::new(0));
            Ok(service_fn(move |number: u32| {
                let (alive, calls) = (Arc::clone(&alive), Arc::clone(&calls));
                async move {
                    let _alive = alive;
                    sleep(SECOND).await;
                    assert_ne!(number, 13, "bad luck");
                    Ok::<_, BoxError>(calls.fetch_add(1, SeqCst) as u32 + 1)
                }
            }))
        }
    });
    let (workers, child) = built.expect("it is allowed");
    let tree = Supervisor::builder("app").child(child).start().await;
    (tree.expect("it starts"), workers)
}

fn builder() -> WorkersBuilder {
    Workers::builder("counters").idle_after(60 * SECOND)
}

fn reason(outcome: Result<u32, BoxError>) -> (Reason, Executed) {
    let error = outcome.expect_err("turned away");
    let rejected = Rejected::find_in(error.as_ref()).expect("by ours");
    (rejected.reason(), rejected.executed())
}

async fn ask(workers: &Counters, key: &'static str, number: u32) -> u32 {
    workers.call(key, number).await.expect("served")
}

#[tokio::test(start_paused = true)]
async fn each_key_has_a_worker_of_its_own() {
    let lives = Lives::default();
    let (_tree, workers) = counters(builder(), &lives).await;
    assert_eq!(ask(&workers, "a", 1).await, 1);
    assert_eq!(ask(&workers, "a", 1).await, 2);
    assert_eq!(ask(&workers, "b", 1).await, 1);
    assert_eq!((workers.len(), lives.begun.load(SeqCst)), (2, 2));
}

/// Many at once, none of which finds a worker.
#[tokio::test(start_paused = true)]
async fn those_who_call_at_once_share_one() {
    let lives = Lives::default();
    let (_tree, workers) = counters(builder(), &lives).await;
    let calls: Vec<_> = (0..20)
        .map(|_| tokio::spawn(workers.call("a", 1)))
        .collect();
    for (number, call) in calls.into_iter().enumerate() {
        let answer = call.await.expect("well").expect("served");
        assert_eq!(answer, number as u32 + 1, "in their order");
    }
    assert_eq!(lives.begun.load(SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn one_that_nobody_calls_goes_to_sleep_and_is_woken() {
    let lives = Lives::default();
    let (_tree, workers) = counters(builder(), &lives).await;
    assert_eq!(ask(&workers, "a", 1).await, 1);
    sleep(59 * SECOND).await;
    assert_eq!(ask(&workers, "a", 1).await, 2, "it was awake");
    sleep(61 * SECOND).await;
    assert_eq!((workers.len(), lives.now.load(SeqCst)), (0, 0));
    assert_eq!(ask(&workers, "a", 1).await, 1, "a new life");
}

/// Calls at every moment around the one at which it goes to sleep: all are answered, and by one worker at a time.
#[tokio::test(start_paused = true)]
async fn no_call_is_lost_between_sleep_and_waking() {
    let lives = Lives::default();
    let quick = Workers::builder("counters").idle_after(Duration::from_millis(5));
    let (_tree, workers) = counters(quick, &lives).await;
    for micros in (0..12_000_u64).step_by(97) {
        ask(&workers, "a", 1).await;
        assert_eq!(lives.now.load(SeqCst), 1);
        sleep(Duration::from_micros(micros)).await;
        let call = tokio::spawn(workers.call("a", 1));
        assert!(lives.now.load(SeqCst) <= 1, "one at a time");
        call.await.expect("well").expect("served");
    }
    assert!(lives.begun.load(SeqCst) > 20, "it slept in between");
}

/// The same on two threads, in real time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_is_lost_on_two_threads() {
    let quick = Workers::builder("counters").idle_after(Duration::from_micros(50));
    let built = quick.build(|_key: u32, _cx| async {
        Ok(service_fn(|number: u32| {
            std::future::ready(Ok::<_, BoxError>(number))
        }))
    });
    let (workers, child) = built.expect("it is allowed");
    let tree = Supervisor::builder("app").child(child).start().await;
    let _tree = tree.expect("it starts");
    let callers: Vec<_> = (0..4_u32)
        .map(|caller| {
            let workers = workers.clone();
            tokio::spawn(async move {
                for number in 0..2000 {
                    let answer = workers.call(caller % 2, number).await.expect("served");
                    assert_eq!(answer, number);
                    if number % 50 == 0 {
                        sleep(Duration::from_millis(1)).await;
                    }
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("well");
    }
}

#[tokio::test(start_paused = true)]
async fn a_crash_costs_one_request_of_one_key() {
    let lives = Lives::default();
    let (tree, workers) = counters(builder(), &lives).await;
    let calls = [("a", 1), ("a", 13), ("a", 1), ("b", 1), ("b", 1)];
    let calls = calls.map(|(key, number)| tokio::spawn(workers.call(key, number)));
    let mut outcomes = Vec::new();
    for call in calls {
        outcomes.push(call.await.expect("well"));
    }
    let crashed = outcomes.remove(1);
    assert_eq!(reason(crashed), (Reason::Crashed, Executed::Maybe));
    let outcomes: Vec<_> = outcomes.into_iter().map(|it| it.expect("served")).collect();
    assert_eq!(outcomes, [1, 1, 1, 2], "the third in a new life");
    // Any number of crashes is nothing to its supervisor: each has cost a request.
    for _ in 0..50 {
        let outcome = workers.call("a", 13).await;
        assert_eq!(reason(outcome), (Reason::Crashed, Executed::Maybe));
    }
    assert!(tree.is_alive());
    assert_eq!(ask(&workers, "a", 1).await, 1);
}

#[tokio::test(start_paused = true)]
async fn one_that_cannot_be_built_keeps_nobody_waiting() {
    let lives = Lives::default();
    let (_tree, workers) = counters(builder(), &lives).await;
    let outcome = workers.call("unlucky", 1).await;
    assert_eq!(reason(outcome), (Reason::Stopped, Executed::No));
    assert_eq!((workers.len(), lives.now.load(SeqCst)), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn no_more_than_there_may_be() {
    let (_tree, workers) = counters(builder().at_most(2), &Lives::default()).await;
    ask(&workers, "a", 1).await;
    ask(&workers, "b", 1).await;
    let full = workers.call("c", 1).await;
    assert_eq!(reason(full), (Reason::BulkheadFull, Executed::No));
    assert_eq!(ask(&workers, "a", 1).await, 2);
    sleep(61 * SECOND).await;
    assert_eq!(ask(&workers, "c", 1).await, 1);
}

#[tokio::test(start_paused = true)]
async fn without_a_supervisor_nobody_waits() {
    let lives = Lives::default();
    let (tree, workers) = counters(builder(), &lives).await;
    let [under_way, waiting] = [1, 1].map(|number| tokio::spawn(workers.call("a", number)));
    sleep(SECOND / 2).await;
    assert!(tree.shutdown(5 * SECOND).await.is_clean());
    assert_eq!(under_way.await.expect("well").expect("finished"), 1);
    let waiting = waiting.await.expect("well");
    assert_eq!(reason(waiting), (Reason::Stopped, Executed::No));
    let late = workers.call("a", 1).await;
    assert_eq!(reason(late), (Reason::Stopped, Executed::No));
    assert_eq!((workers.len(), lives.now.load(SeqCst)), (0, 0));
}

/// A call that is dropped leaves nothing that keeps its worker awake.
#[tokio::test(start_paused = true)]
async fn who_gives_up_keeps_nobody_awake() {
    let (_tree, workers) = counters(builder(), &Lives::default()).await;
    let mut client = workers.client("a");
    let call = tower::Service::call(client.ready().await.expect("ready"), 1);
    drop(call);
    sleep(120 * SECOND).await;
    assert_eq!(workers.len(), 0);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let build = |builder: WorkersBuilder| {
        let built = builder.build(|_key: u32, _cx| async {
            Ok(service_fn(|number: u32| {
                std::future::ready(Ok::<u32, BoxError>(number))
            }))
        });
        built.err().map(|error| (error.field, error.value))
    };
    let zero = build(builder().idle_after(Duration::ZERO));
    assert_eq!(zero, Some(("idle_after", "0ns".to_owned())));
    assert_eq!(
        build(builder().at_most(0)),
        Some(("at_most", "0".to_owned()))
    );
}
