//! A queue as a layer.

use tower::{Layer, ServiceBuilder};

use super::*;

/// It cannot be cloned, and its clients can.
#[tokio::test(start_paused = true)]
async fn a_service_that_is_not_clone() {
    let mut served = 0;
    let service = ServiceBuilder::new()
        .layer(builder().layer().expect("it is allowed"))
        .service(tower::service_fn(move |number: u32| {
            served += 1;
            std::future::ready(Ok::<_, Trouble>(number + served))
        }));
    let calls = [100, 200].map(|number| asking(&service, number));
    for (number, call) in calls.into_iter().enumerate() {
        let number = 100 * (number as u32 + 1) + number as u32 + 1;
        assert_eq!(call.await.expect("well"), Ok(number));
    }
}

/// What it is applied to panics: its callers are told, those who wait with them, and nobody waits for ever.
#[tokio::test(start_paused = true)]
async fn a_service_that_panics_has_nobody_to_build_it_anew() {
    let layer = builder().layer().expect("it is allowed");
    let service = layer.layer(Halves::default());
    let calls = [13, 2].map(|number| asking(&service, number));
    let [unlucky, waiting] = calls;
    rejected(
        unlucky.await.expect("well"),
        Reason::Crashed,
        Executed::Maybe,
    );
    rejected(waiting.await.expect("well"), Reason::Stopped, Executed::No);
    rejected(ask(&service, 2).await, Reason::Stopped, Executed::No);
    // The next one that it is applied to is another one.
    let service = layer.layer(Halves::default());
    assert_eq!(ask(&service, 2).await, Ok(1));
}

#[test]
fn what_is_not_allowed_is_known_when_the_layer_is_made() {
    let error = builder().capacity(0).layer().expect_err("refused");
    assert_eq!((error.field, &*error.value), ("capacity", "0"));
}

#[cfg(feature = "load")]
#[tokio::test(start_paused = true)]
async fn a_balancer_knows_how_much_there_is_to_do() {
    use tower::load::Load;
    let (callers, work) = pair();
    tokio::spawn(work.serve(Halves::default()));
    let calls = [2, 4, 6].map(|number| asking(&callers, number));
    tokio::task::yield_now().await;
    assert_eq!(callers.load(), 3, "one is under way, and two wait");
    calls[2].abort();
    let _ = calls;
    tokio::time::sleep(secs(5)).await;
    assert_eq!(callers.load(), 0);
}
