//! Which responses are answers.

use std::convert::Infallible;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use http::{Request, Response};
use seaworthy::core::http::respond;
use seaworthy::core::request::HttpRequests;
use seaworthy::core::{BoxError, Executed, Reason};
use seaworthy::retry::http::HttpOutcomes;
use seaworthy::retry::{Judge, Judgement};
use tokio::time::Instant;
use tower::{Layer, ServiceExt, service_fn};

use crate::{MILLI, broken, retry, turned_away};

fn response(status: u16) -> Response<()> {
    let response = Response::builder().status(status).body(());
    response.expect("a response")
}

fn judge(response: &Response<()>) -> Judgement {
    HttpOutcomes.judge(Ok::<_, &BoxError>(response))
}

fn again(executed: Executed, seconds: Option<u64>) -> Judgement {
    Judgement::Again {
        executed,
        retry_after: seconds.map(Duration::from_secs),
    }
}

#[test]
fn the_status_decides() {
    for status in 100..=599 {
        let expected = match status {
            429 | 502 | 503 | 504 => again(Executed::Maybe, None),
            _ => Judgement::Answer,
        };
        assert_eq!(judge(&response(status)), expected, "{status}");
    }
}

#[test]
fn it_says_when() {
    for (header, seconds) in [
        ("7", Some(7)),
        ("0", Some(0)),
        (" 7 ", Some(7)),
        ("-7", None),
        ("soon", None),
        ("", None),
        ("99999999999999999999", Some(u64::MAX)),
        ("Wed, 21 Oct 2015 07:28:00 GMT", Some(0)),
        ("Wed, 21 Oct 2015 25:28:00 GMT", None),
    ] {
        let mut response = response(503);
        let value = header.parse().expect("a value");
        response.headers_mut().insert("retry-after", value);
        assert_eq!(
            judge(&response),
            again(Executed::Maybe, seconds),
            "{header}"
        );
    }
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the service has said it by the wall clock"
)]
fn it_says_when_by_a_date() {
    let hour = Duration::from_secs(3600);
    let date = httpdate::fmt_http_date(SystemTime::now() + hour);
    let mut response = response(503);
    let value = date.parse().expect("a value");
    response.headers_mut().insert("retry-after", value);
    let Judgement::Again { retry_after, .. } = judge(&response) else {
        panic!("it is no answer");
    };
    let delay = retry_after.expect("it says when");
    // Dates are in whole seconds, and some time has passed.
    assert!(
        delay <= hour && delay > hour - Duration::from_secs(60),
        "{delay:?}"
    );
}

#[test]
fn a_rejection_that_became_a_response_is_still_one() {
    for (rejected, expected) in [
        (turned_away(Reason::CircuitOpen), again(Executed::No, None)),
        (turned_away(Reason::TimedOut), again(Executed::Maybe, None)),
        (turned_away(Reason::Crashed), again(Executed::Maybe, None)),
        (turned_away(Reason::Stopped), Judgement::InVain),
    ] {
        assert_eq!(judge(&respond(rejected)), expected);
        let error: BoxError = rejected.into();
        assert_eq!(
            HttpOutcomes.judge(Err::<&Response<()>, _>(&error)),
            expected
        );
    }
    let broken = HttpOutcomes.judge(Err::<&Response<()>, _>(&broken()));
    assert_eq!(broken, again(Executed::Maybe, None));
}

#[tokio::test(start_paused = true)]
async fn the_method_decides_whether_a_response_is_tried_again() {
    for (method, statuses, expected) in [
        ("GET", vec![503, 200], 200),
        ("PUT", vec![502, 200], 200),
        ("POST", vec![503], 503),
        ("GET", vec![500], 500),
        ("GET", vec![503, 504, 429], 429),
    ] {
        let retry = retry(3);
        let statuses = Mutex::new(statuses.into_iter());
        let service = service_fn(|_: Request<()>| {
            let status = statuses.lock().expect("not poisoned").next();
            let response = response(status.expect("an attempt too many"));
            async { Ok::<_, Infallible>(response) }
        });
        let layer = retry.layer().judge(HttpOutcomes).describe(HttpRequests);
        let request = Request::builder().method(method).body(());
        let begun = Instant::now();
        let answer = layer
            .layer(service)
            .oneshot(request.expect("a request"))
            .await;
        assert_eq!(answer.expect("infallible").status(), expected);
        assert!(statuses.lock().expect("not poisoned").next().is_none());
        assert!(begun.elapsed() <= 300 * MILLI);
    }
}
