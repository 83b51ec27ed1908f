//! Services made for workers: a state and a function, and one that dies of some of its answers.

use std::num::NonZeroUsize;
use std::time::Duration;

use seaworthy::core::event::Events;
use seaworthy::core::{BoxError, Executed, Reason, Rejected};
use seaworthy::queue::service::{self, Client};
use seaworthy::supervisor::{Supervisor, SupervisorEvent};
use seaworthy::{Workers, dies_of, stateful};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tower::{Service, ServiceExt, service_fn};

const SECOND: Duration = Duration::from_secs(1);

type Asked = Client<u32, u32, BoxError>;

fn ask(client: &Asked, number: u32) -> JoinHandle<Result<u32, BoxError>> {
    tokio::spawn(client.clone().oneshot(number))
}

async fn asked(client: &Asked, number: u32) -> Result<u32, BoxError> {
    ask(client, number).await.expect("well")
}

/// Adds up, a second for each number.
async fn sum(total: &mut u32, number: u32) -> Result<u32, BoxError> {
    let before = *total;
    sleep(SECOND).await;
    assert_eq!(*total, before, "nobody else has it meanwhile");
    assert_ne!(number, 13, "bad luck");
    *total += number;
    Ok(*total)
}

/// In order, one after the other, though the worker has several under way. A crash takes the state with it.
#[tokio::test(start_paused = true)]
async fn a_state_is_with_one_request_at_a_time() {
    let four = NonZeroUsize::new(4).expect("not 0");
    let queue = service::builder("sum").concurrency(four);
    let worker = seaworthy::worker(queue, |_cx| async { Ok(stateful(0, sum)) });
    let (child, client) = worker.expect("it is allowed");
    let tree = Supervisor::builder("app").child(child).start().await;
    let _tree = tree.expect("it starts");
    let begun = Instant::now();
    let calls = [1, 2, 3, 4].map(|number| ask(&client, number));
    let mut answers = Vec::new();
    for call in calls {
        answers.push(call.await.expect("well").expect("served"));
    }
    assert_eq!(answers, [1, 3, 6, 10]);
    assert_eq!(begun.elapsed().as_secs(), 4);
    asked(&client, 13).await.expect_err("it crashed");
    assert_eq!(asked(&client, 5).await.expect("served"), 5, "a new state");
}

/// Odd numbers are errors, 13 is a fatal one; each takes a second.
fn picky(life: u64) -> impl Service<u32, Response = u32, Error = BoxError, Future: Send> + Send {
    let service = service_fn(move |number: u32| async move {
        sleep(SECOND).await;
        match number % 2 {
            0 => Ok(number + u32::try_from(life).expect("a few")),
            _ => Err::<u32, BoxError>(format!("{number} is odd").into()),
        }
    });
    dies_of(service, |error: &BoxError| {
        let fatal = error.to_string().starts_with("13");
        fatal.then(|| "it had 13".into())
    })
}

async fn one_at_a_time(calls: usize, events: &Events) -> (Supervisor, Asked) {
    let calls = NonZeroUsize::new(calls).expect("not 0");
    let queue = service::builder("picky").concurrency(calls);
    let worker = seaworthy::worker(queue, |cx| async move { Ok(picky(cx.incarnation())) });
    let (child, client) = worker.expect("it is allowed");
    let tree = Supervisor::builder("app").child(child).events(events);
    (tree.start().await.expect("it starts"), client)
}

#[tokio::test(start_paused = true)]
async fn it_answers_and_then_dies() {
    let events = Events::new();
    let (crash, crashes) = std::sync::mpsc::channel();
    let _observer = events.observe(move |event| {
        if let Some(SupervisorEvent::ChildCrashed(report)) = event.detail() {
            let _ = crash.send(report.reason.to_string());
        }
    });
    let (_tree, client) = one_at_a_time(1, &events).await;
    let calls = [2, 3, 4, 13, 6, 8].map(|number| ask(&client, number));
    let mut answers = Vec::new();
    for call in calls {
        let answer = call.await.expect("well");
        answers.push(answer.map_err(|error| error.to_string()));
    }
    let no = |why: &str| Err(why.to_owned());
    let expected = [Ok(3), no("3 is odd"), Ok(5), no("13 is odd"), Ok(8), Ok(10)];
    assert_eq!(answers, expected, "13 costs nobody else an answer");
    let crashes: Vec<_> = crashes.try_iter().collect();
    assert_eq!(crashes, ["error: it had 13"]);
}

#[tokio::test(start_paused = true)]
async fn what_goes_on_when_it_dies_ends_with_it() {
    let (_tree, client) = one_at_a_time(2, &Events::new()).await;
    let fatal = ask(&client, 13);
    sleep(SECOND / 2).await;
    let [goes_on, waits] = [2, 4].map(|number| ask(&client, number));
    fatal.await.expect("well").expect_err("13");
    let error = goes_on.await.expect("well").expect_err("it crashed");
    let rejected = Rejected::find_in(&*error).expect("ours");
    assert_eq!(
        (rejected.reason(), rejected.executed()),
        (Reason::Crashed, Executed::Maybe)
    );
    assert_eq!(waits.await.expect("well").expect("served"), 6);
}

#[tokio::test(start_paused = true)]
async fn workers_by_key_die_so_too() {
    let built =
        Workers::builder("picky").build(|_key: u32, cx| async move { Ok(picky(cx.incarnation())) });
    let (workers, child) = built.expect("it is allowed");
    let tree = Supervisor::builder("app").child(child).start().await;
    let _tree = tree.expect("it starts");
    let [fatal, next] = [13, 2].map(|number| tokio::spawn(workers.call(7, number)));
    let error = fatal.await.expect("well").expect_err("13");
    assert_eq!(error.to_string(), "13 is odd");
    next.await.expect("well").expect("served by the next one");
    assert_eq!(workers.child(&7).expect("it is up").id().to_string(), "#2");
}

/// Whoever was told why it died, and asks again all the same, is told nothing more.
#[tokio::test]
async fn it_dies_once() {
    let service = service_fn(async |_: ()| Err::<(), BoxError>("broken".into()));
    let mut mortal = dies_of(service, |_: &BoxError| Some("dead".into()));
    let error = mortal.ready().await.expect("it lives").call(()).await;
    assert_eq!(error.expect_err("it is broken").to_string(), "broken");
    let error = mortal.ready().await.map(drop).expect_err("it dies");
    assert_eq!(error.to_string(), "dead");
    let again = tokio::time::timeout(Duration::from_millis(1), mortal.ready()).await;
    assert!(again.is_err(), "not ready any more, for good");
}
