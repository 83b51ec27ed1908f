//! How many workers there may be, and who makes room.

mod common;

use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use seaworthy::WorkersBuilder;
use seaworthy::core::BoxError;
use seaworthy::supervisor::Supervisor;
use seaworthy_testkit::Live;
use tokio::time::sleep;
use tower::{ServiceExt, service_fn};

use common::{Asked, FULL, SECOND, STOPPED, builder, reason, start};

/// Each service is alive from the start of its build until it is dropped. It answers in a second, "gone" takes another
/// one to be built and fails then.
async fn counted(builder: WorkersBuilder, live: &Live) -> (Supervisor, Asked) {
    let live = live.clone();
    start(builder, move |key, _cx| {
        let alive = Arc::new(live.guard());
        async move {
            if key == "gone" {
                sleep(SECOND).await;
                return Err("no".into());
            }
            let service = service_fn(move |number: u32| {
                let alive = Arc::clone(&alive);
                async move {
                    sleep(SECOND).await;
                    drop(alive);
                    Ok::<_, BoxError>(number)
                }
            });
            Ok(service.boxed())
        }
    })
    .await
}

async fn ask(workers: &Asked, key: &'static str) {
    assert_eq!(workers.call(key, 1).await.expect("served"), 1, "{key}");
}

fn keys(workers: &Asked) -> Vec<&'static str> {
    let mut keys = workers.keys();
    keys.sort_unstable();
    keys
}

#[tokio::test(start_paused = true)]
async fn who_has_been_idle_for_longest_makes_room() {
    let live = Live::new();
    let (_tree, workers) = counted(builder().at_most(3).evict_idle(true), &live).await;
    for key in ["a", "b", "c", "a"] {
        ask(&workers, key).await;
    }
    ask(&workers, "d").await;
    assert_eq!(keys(&workers), ["a", "c", "d"]);
    ask(&workers, "c").await;
    ask(&workers, "e").await;
    assert_eq!(keys(&workers), ["c", "d", "e"]);
    assert_eq!((live.peak(), live.alive()), (3, 3), "never more than three");
    assert_eq!(live.created(), 5, "who was not told to go stayed");
}

#[tokio::test(start_paused = true)]
async fn who_is_called_makes_no_room() {
    let live = Live::new();
    let (_tree, workers) = counted(builder().at_most(2).evict_idle(true), &live).await;
    ask(&workers, "a").await;
    let busy = ["a", "b"].map(|key| tokio::spawn(workers.call(key, 1)));
    sleep(SECOND / 2).await;
    assert_eq!(reason(workers.call("c", 1).await), FULL);
    for busy in busy {
        busy.await.expect("well").expect("served");
    }
    ask(&workers, "c").await;
    assert_eq!(live.peak(), 2);
}

/// Unless they are told to, they stay.
#[tokio::test(start_paused = true)]
async fn nobody_makes_room_by_default() {
    let live = Live::new();
    let (_tree, workers) = counted(builder().at_most(1), &live).await;
    ask(&workers, "a").await;
    sleep(30 * SECOND).await;
    assert_eq!(reason(workers.call("b", 1).await), FULL);
    assert_eq!(keys(&workers), ["a"]);
}

/// A worker of whom nobody waits for an answer any more makes room at the end of what it has begun.
#[tokio::test(start_paused = true)]
async fn one_whose_caller_has_gone_ends_first_what_it_has_begun() {
    let live = Live::new();
    let (_tree, workers) = counted(builder().at_most(1).evict_idle(true), &live).await;
    let given_up = tokio::spawn(workers.call("a", 1));
    sleep(SECOND / 4).await;
    given_up.abort();
    sleep(SECOND / 4).await;
    let begun = tokio::time::Instant::now();
    ask(&workers, "b").await;
    assert_eq!(
        begun.elapsed().as_millis() / 100,
        15,
        "half a second, and a second"
    );
    assert_eq!(live.peak(), 1);
}

/// It is called again between the moment at which it is told to make room and the one at which it is gone.
#[tokio::test(start_paused = true)]
async fn one_that_is_called_while_it_makes_room_gets_another_place() {
    let live = Live::new();
    let (_tree, workers) = counted(builder().at_most(2).evict_idle(true), &live).await;
    for key in ["a", "b"] {
        ask(&workers, key).await;
    }
    // Nobody runs between these: `a` makes room for `c`, is called, and `b` makes room for it.
    let calls = ["c", "a"].map(|key| workers.call(key, 1));
    for call in calls {
        call.await.expect("served");
    }
    assert_eq!(keys(&workers), ["a", "c"]);
    assert_eq!(live.peak(), 2);

    // And if there is nobody who could make room, the place is lost: `c` had an answer before `a` did.
    let calls = ["b", "a", "c"].map(|key| (key, tokio::spawn(workers.call(key, 1))));
    let mut outcomes = Vec::new();
    for (key, call) in calls {
        let outcome = call.await.expect("well");
        outcomes.push((key, outcome.map_err(|error| reason::<()>(Err(error)))));
    }
    assert_eq!(outcomes, [("b", Ok(1)), ("a", Ok(1)), ("c", Err(FULL))]);
    assert_eq!(live.peak(), 2);
    assert_eq!(keys(&workers), ["a", "b"]);
}

/// Whoever waited for a place and gave up is not built; the place is free.
#[tokio::test(start_paused = true)]
async fn an_heir_that_is_not_needed_any_more() {
    let live = Live::new();
    let (_tree, workers) = counted(builder().at_most(1).evict_idle(true), &live).await;
    ask(&workers, "a").await;
    drop(workers.call("b", 1));
    sleep(SECOND).await;
    assert!(workers.is_empty());
    assert_eq!(live.created(), 1);
    ask(&workers, "c").await;
}

#[tokio::test(start_paused = true)]
async fn an_heir_that_cannot_be_built_leaves_the_place() {
    let live = Live::new();
    let (tree, workers) = counted(builder().at_most(1).evict_idle(true), &live).await;
    ask(&workers, "a").await;
    assert_eq!(reason(workers.call("gone", 1).await), STOPPED);
    ask(&workers, "b").await;
    // The supervisor is killed under the one that makes room, and restarted at once.
    let call = tokio::spawn(workers.call("c", 1));
    tree.child("workers").expect("it runs").kill();
    assert_eq!(call.await.expect("well").expect("served"), 1);
    assert_eq!(keys(&workers), ["c"]);
    assert_eq!(live.peak(), 1);
}

/// More keys than places, on two threads: never more workers than may be, all calls are answered or turned away, and
/// nothing is left.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd() {
    let live = Live::new();
    let alive = live.clone();
    let quick = builder().at_most(8).evict_idle(true);
    let built = quick
        .idle_after(Duration::from_millis(20))
        .build(move |_key: u32, _cx| {
            let alive = Arc::new(alive.guard());
            ready(Ok(service_fn(move |number: u32| {
                let _alive = Arc::clone(&alive);
                ready(Ok::<_, BoxError>(number))
            })))
        });
    let (workers, child) = built.expect("it is allowed");
    let tree = Supervisor::builder("app").child(child).start().await;
    let tree = tree.expect("it starts");
    let turned_away = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..12_u32)
        .map(|caller| {
            let (workers, turned_away) = (workers.clone(), Arc::clone(&turned_away));
            tokio::spawn(async move {
                for round in 0..300_u32 {
                    match workers.call((caller + round * 7) % 40, round).await {
                        Ok(answer) => assert_eq!(answer, round),
                        Err(error) => {
                            assert_eq!(reason::<()>(Err(error)), FULL);
                            turned_away.store(true, SeqCst);
                        }
                    }
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("well");
    }
    assert!(live.peak() <= 8, "{} workers at once", live.peak());
    assert!(
        turned_away.load(SeqCst),
        "there were more callers than places"
    );
    while !workers.is_empty() {
        sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(live.alive(), 0);
    assert!(tree.is_alive());
}

/// One that hangs while it is built is of no use to anybody, and gone at once.
#[tokio::test(start_paused = true)]
async fn who_is_still_being_built_makes_room_at_once() {
    let (_tree, workers) = start(
        builder().at_most(1).evict_idle(true),
        |key, _cx| async move {
            if key == "hangs" {
                std::future::pending::<()>().await;
            }
            Ok(common::echo())
        },
    )
    .await;
    let gives_up = tokio::time::timeout(SECOND, workers.call("hangs", 1)).await;
    assert!(gives_up.is_err(), "it hangs");
    let began = tokio::time::Instant::now();
    ask(&workers, "works").await;
    assert_eq!(began.elapsed(), SECOND, "as long as its answer takes");
}
