//! HTTP, on either side: rules for clients, and responses where a service cannot fail.

use std::convert::Infallible;
use std::time::Duration;

use http::{Request, Response, StatusCode};
use seaworthy::core::http::respond;
use seaworthy::fallback::LastGood;
use seaworthy::fallback::http::HttpFailures;
use seaworthy::retry::NotReplayable;

use super::*;

/// Responds with one status after another.
fn responding(
    statuses: &'static [u16],
) -> impl Service<Request<()>, Response = Response<String>, Error = Infallible, Future: Send> + Clone
{
    let calls = Arc::new(AtomicU32::new(0));
    service_fn(move |_: Request<()>| {
        let call = calls.fetch_add(1, Ordering::SeqCst) as usize;
        async move {
            match statuses.get(call) {
                Some(status) => {
                    let response = Response::builder().status(*status);
                    Ok(response.body(String::new()).expect("a response"))
                }
                None => std::future::pending().await,
            }
        }
    })
}

fn request(method: &str) -> Request<()> {
    Request::builder()
        .method(method)
        .body(())
        .expect("a request")
}

#[tokio::test(start_paused = true)]
async fn the_rules_of_http_know_failures_methods_and_overload() {
    let stack = builder().http().build().unwrap();
    let service = |statuses| {
        let service = responding(statuses).map_err(|never| match never {});
        stack.layer().layer(service)
    };
    for (method, statuses, expected) in [
        ("GET", &[503, 200][..], 200),
        ("POST", &[503], 503),
        // It is a failure, and not one that another attempt mends.
        ("GET", &[500], 500),
        ("GET", &[404], 404),
    ] {
        let call = ServiceExt::<Request<()>>::oneshot(service(statuses), request(method));
        let response: Result<_, BoxError> = call.await;
        assert_eq!(response.unwrap().status(), expected, "{method}");
    }
    assert_eq!(stack.retry().view().retries, 1);
    let view = stack.circuit_breaker().view();
    assert_eq!((view.calls, view.failures), (5, 3));
}

#[tokio::test(start_paused = true)]
async fn a_response_that_is_an_old_one_says_so() {
    let kept = LastGood::by(|request: &Request<()>| request.method().clone());
    let kept = kept.build().unwrap();
    let stack = builder()
        .http()
        .fallback(|it| it.last_good(kept).handle(HttpFailures));
    let stack = stack.build().unwrap();
    let service = responding(&[200, 500]).map_err(|never| match never {});
    let service = stack.layer().with_headers().layer(service);
    let ask = async || -> Result<_, BoxError> { service.clone().oneshot(request("GET")).await };
    assert!(ask().await.unwrap().headers().is_empty());
    sleep(7 * SECOND).await;
    let old = ask().await.unwrap();
    assert_eq!(old.headers()["age"], "7");
    assert_eq!(
        old.headers()["cache-status"],
        "\"s\"; fwd=stale; fwd-status=500"
    );
}

#[tokio::test(start_paused = true)]
async fn each_stage_responds_where_the_service_cannot_fail() {
    let mut config = Config::default();
    config.attempt_timeout = Some(SECOND);
    config.bulkhead.as_mut().unwrap().limit = Limit::from(1);
    let breaker = config.circuit_breaker.as_mut().unwrap();
    breaker.consecutive_failures = Some(1);
    let stack = builder().config(config).http().copy(NotReplayable);
    let stack = stack.respond(respond).build().unwrap();
    let service = stack.layer().layer(responding(&[200]));
    let ask = async || {
        let Ok(response) = service.clone().oneshot(request("GET")).await;
        let after = response.headers().get("retry-after").cloned();
        (response.status(), after.is_some())
    };
    assert_eq!(ask().await, (StatusCode::OK, false));

    let place = stack.bulkhead().try_acquire().unwrap();
    assert_eq!(ask().await.0, StatusCode::TOO_MANY_REQUESTS);
    drop(place);

    // It does not respond: a failure, which opens the circuit.
    assert_eq!(ask().await.0, StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(ask().await, (StatusCode::SERVICE_UNAVAILABLE, true));
    assert_eq!(stack.circuit_breaker().state(), State::Open);

    stack.circuit_breaker().disable();
    stack.attempt_timeout().set(None).unwrap();
    stack.total_timeout().set(Duration::from_secs(2)).unwrap();
    assert_eq!(ask().await.0, StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(stack.total_timeout().view().timed_out, 1);
}
