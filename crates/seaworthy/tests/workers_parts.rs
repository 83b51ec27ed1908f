//! Looking at workers by their keys.

mod common;

use std::future::ready;

use seaworthy::supervisor::ExitReason;
use tokio::time::sleep;

use common::{CRASHED, SECOND, builder, echo, reason, start};

#[tokio::test(start_paused = true)]
async fn one_is_found_and_killed_by_its_key() {
    let (tree, workers) = start(builder(), |_key, _cx| ready(Ok(echo()))).await;
    assert!(workers.child(&"a").is_none() && workers.keys().is_empty());
    for key in ["a", "b"] {
        workers.call(key, 1).await.expect("served");
    }
    let mut keys = workers.keys();
    keys.sort_unstable();
    assert_eq!(keys, ["a", "b"]);

    let a = workers.child(&"a").expect("it is up");
    let number = tree.child(&format!("workers/{}", a.id()));
    assert_eq!(number.expect("the same").incarnation(), a.incarnation());
    let [under_way, waiting] = [1, 2].map(|number| tokio::spawn(workers.call("a", number)));
    sleep(SECOND / 2).await;
    let end = a.monitor();
    assert!(a.kill());
    assert!(matches!(end.await.reason, ExitReason::Killed));
    assert_eq!(reason(under_way.await.expect("well")), CRASHED);
    assert_eq!(waiting.await.expect("well").expect("by the next one"), 2);
    assert!(!a.is_alive());
    let next = workers.child(&"a").expect("it is up");
    assert!(next.is_alive() && next.incarnation() > a.incarnation());

    // One that nobody waits for is not started again.
    assert!(next.kill());
    sleep(SECOND).await;
    assert!(workers.child(&"a").is_none());
    assert_eq!(workers.keys(), ["b"]);
    assert!(workers.child(&"b").is_some_and(|b| b.is_alive()));
}

#[tokio::test(start_paused = true)]
async fn the_picture_shows_who_wants_to_be_shown() {
    let (tree, workers) = start(builder(), |key, cx| {
        if key != "secret" {
            cx.show_as(key);
        }
        ready(Ok(echo()))
    })
    .await;
    for key in ["Alice", "secret"] {
        workers.call(key, 1).await.expect("served");
    }
    let drawn = tree.snapshot().expect("it runs").to_string();
    assert!(drawn.contains("├─ Alice (#1) running for "), "{drawn}");
    assert!(drawn.contains("└─ #2 running for "), "{drawn}");
    assert!(!drawn.contains("secret"), "{drawn}");
}
