//! A service, its mailbox and its life.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use seaworthy::core::{BoxError, Executed, Reason, Rejected};
use seaworthy::queue::service::{self, Client};
use seaworthy::supervisor::Supervisor;
use tokio::time::sleep;
use tower::{ServiceExt, service_fn};

type Asked = Client<u32, u32, BoxError>;

async fn ask(client: &Asked, number: u32) -> Result<u32, BoxError> {
    client.clone().oneshot(number).await
}

fn asking(client: &Asked, number: u32) -> tokio::task::JoinHandle<Result<u32, BoxError>> {
    let client = client.clone();
    tokio::spawn(async move { ask(&client, number).await })
}

fn reason(outcome: Result<u32, BoxError>) -> (Reason, Executed) {
    let error = outcome.expect_err("turned away");
    let rejected = Rejected::find_in(error.as_ref()).expect("by ours");
    (rejected.reason(), rejected.executed())
}

/// Counts incarnations, and adds that to what it is asked. 13 is bad luck.
async fn counter(built: &Arc<AtomicU32>) -> (Supervisor, Asked) {
    let built = Arc::clone(built);
    let worker = seaworthy::worker(service::builder("counter"), move |_cx| {
        let incarnation = built.fetch_add(1, SeqCst) + 1;
        async move {
            Ok(service_fn(move |number: u32| async move {
                sleep(Duration::from_secs(1)).await;
                assert_ne!(number, 13, "bad luck");
                Ok::<_, BoxError>(100 * incarnation + number)
            }))
        }
    });
    let (child, client) = worker.expect("it is allowed");
    let tree = Supervisor::builder("app").child(child).start().await;
    (tree.expect("it starts"), client)
}

#[tokio::test(start_paused = true)]
async fn a_crash_costs_the_request_that_was_under_way() {
    let (tree, client) = counter(&Arc::default()).await;
    let [first, second, third] = [1, 13, 2].map(|number| asking(&client, number));
    assert_eq!(first.await.expect("well").expect("before"), 101);
    let second = second.await.expect("well");
    assert_eq!(reason(second), (Reason::Crashed, Executed::Maybe));
    assert_eq!(third.await.expect("well").expect("after"), 202);
    assert!(tree.shutdown(Duration::from_secs(5)).await.is_clean());
    drop(tree);
    // Nobody is left to serve.
    let late = ask(&client, 1).await;
    assert_eq!(reason(late), (Reason::Stopped, Executed::No));
}

/// What is under way is finished; what waits is turned away when it is clear that nobody will serve it.
#[tokio::test(start_paused = true)]
async fn an_orderly_end_finishes_what_is_under_way() {
    let (tree, client) = counter(&Arc::default()).await;
    let [first, second] = [1, 2].map(|number| asking(&client, number));
    sleep(Duration::from_millis(500)).await;
    assert!(tree.shutdown(Duration::from_secs(5)).await.is_clean());
    drop(tree);
    assert_eq!(first.await.expect("well").expect("served"), 101);
    let second = second.await.expect("well");
    assert_eq!(reason(second), (Reason::Stopped, Executed::No));
}

/// A restart by order is none of the callers' business.
#[tokio::test(start_paused = true)]
async fn what_waits_survives_a_restart_by_order() {
    let built = Arc::default();
    let (tree, client) = counter(&built).await;
    let [first, second] = [1, 2].map(|number| asking(&client, number));
    sleep(Duration::from_millis(500)).await;
    tree.terminate_child("counter").await.expect("it is there");
    sleep(Duration::from_secs(60)).await;
    let again = tree.restart_child("counter").await;
    again.expect("it starts again");
    assert_eq!(first.await.expect("well").expect("served"), 101);
    assert_eq!(second.await.expect("well").expect("served"), 202);
    assert_eq!(built.load(SeqCst), 2);
}

/// It is done when nobody can ask any more.
#[tokio::test(start_paused = true)]
async fn it_ends_with_its_last_client() {
    let (tree, client) = counter(&Arc::default()).await;
    assert_eq!(ask(&client, 1).await.expect("served"), 101);
    drop(client);
    sleep(Duration::from_secs(1)).await;
    let counts = tree.count_children().await.expect("it is up");
    assert_eq!(counts.active, 0);
}
