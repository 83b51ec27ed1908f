//! A pool as a tower service.

use std::convert::Infallible;
use std::sync::Arc;

use seaworthy_core::{BoxError, Reason, Rejected};
use tower::{Service, ServiceExt};

use crate::{Busy, pool};

fn double(number: u32) -> Result<u32, BoxError> {
    match number {
        13 => Err("unlucky".into()),
        7 => panic!("on purpose"),
        number => Ok(2 * number),
    }
}

fn reason(error: &BoxError) -> Option<Reason> {
    Rejected::find_in(error.as_ref()).map(Rejected::reason)
}

#[tokio::test]
async fn requests_are_done_on_its_threads() {
    let pool = pool(1, 1);
    let mut service = pool.service(double);
    let answer = service.ready().await.expect("always").call(21).await;
    assert_eq!(answer.expect("it is done"), 42);
    let error = service.clone().oneshot(13).await.expect_err("its own");
    assert_eq!(error.to_string(), "unlucky");
    let error = service.clone().oneshot(7).await.expect_err("it panics");
    assert_eq!(reason(&error), Some(Reason::Crashed));
    let busy = Busy::new(&pool);
    let queued = service.clone().oneshot(1);
    let queued = tokio::spawn(queued);
    while !pool.view().is_full {
        tokio::task::yield_now().await;
    }
    let error = service.oneshot(2).await.expect_err("there is no place");
    assert_eq!(reason(&error), Some(Reason::BulkheadFull));
    busy.end().await;
    let answer = queued.await.expect("no panic");
    assert_eq!(answer.expect("it is done"), 2);
}

/// A ready service holds nothing.
#[tokio::test]
async fn readiness_takes_no_place() {
    let pool = pool(1, 0);
    let mut first = pool.service(double);
    let mut second = first.clone();
    first.ready().await.expect("always");
    assert_eq!(
        second.ready().await.expect("always").call(1).await.ok(),
        Some(2)
    );
}

#[tokio::test]
async fn a_service_that_cannot_fail_responds() {
    let pool = pool(1, 0);
    let work = |number: u32| Ok::<_, Infallible>(number.to_string());
    let service = pool.service(work).respond(|rejected| rejected.to_string());
    assert_eq!(service.clone().oneshot(1).await, Ok("1".to_owned()));
    let busy = Busy::new(&pool);
    let answer = service.oneshot(1).await;
    assert_eq!(answer, Ok("`pool`: bulkhead full".to_owned()));
    busy.end().await;
}

/// The future of a call needs nobody else: neither the service nor another handle.
#[tokio::test]
async fn a_call_outlives_its_service() {
    let counted = Arc::new(());
    let work = {
        let counted = Arc::clone(&counted);
        move |number: u32| Ok::<_, BoxError>(number as usize + Arc::strong_count(&counted))
    };
    let answer = pool(1, 1).service(work).call(40);
    let answer = answer.await.expect("it is done");
    assert!(answer > 40);
    assert_eq!(Arc::strong_count(&counted), 1, "nothing of it is left");
}
