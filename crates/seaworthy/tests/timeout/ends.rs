//! When a call ends, and what is left of it.

use std::convert::Infallible;
use std::future::{pending, poll_fn, ready};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Waker, ready};

use seaworthy::core::{BoxError, Cause, Executed, Reason};
use seaworthy_testkit::Live;
use tokio::sync::mpsc;
use tokio::task::coop;
use tokio::time::{Instant, advance, sleep};
use tower::{Layer, Service, ServiceExt, service_fn};

use crate::{MILLI, rejected, timeout};

fn noop() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

#[tokio::test(start_paused = true)]
async fn what_takes_too_long_is_gone_when_its_caller_hears_of_it() {
    let (live, begun) = (Live::new(), Instant::now());
    let guards = live.clone();
    let service = service_fn(move |()| {
        let guard = guards.guard();
        async move {
            let _guard = guard;
            pending::<Result<(), BoxError>>().await
        }
    });
    let handle = timeout(250 * MILLI);
    let mut call = pin!(handle.layer().layer(service).oneshot(()));
    let error = poll_fn(|cx| {
        let outcome = ready!(call.as_mut().poll(cx));
        assert_eq!(live.alive(), 0, "still there when its caller heard of it");
        Poll::Ready(outcome)
    });
    let error = error.await.unwrap_err();
    assert_eq!(begun.elapsed(), 250 * MILLI);
    let rejected = rejected(&error);
    assert_eq!(rejected.reason(), Reason::TimedOut);
    assert_eq!(rejected.executed(), Executed::Maybe);
    assert_eq!(rejected.cause(), Some(Cause::TookTooLong { millis: 250 }));
    assert_eq!(error.to_string(), "`t`: timed out (no answer within 250ms)");
    assert_eq!(handle.view().timed_out, 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_in_time_passes_through_answers_and_errors() {
    let handle = timeout(250 * MILLI);
    let service = service_fn(async |millis: u32| {
        sleep(millis * MILLI).await;
        if millis == 100 {
            Err("broken".into())
        } else {
            Ok::<_, BoxError>(millis)
        }
    });
    let mut service = handle.layer().layer(service);
    assert_eq!(service.ready().await.unwrap().call(249).await.unwrap(), 249);
    let error = service.ready().await.unwrap().call(100).await.unwrap_err();
    assert_eq!(error.to_string(), "broken");
    let answer = handle.call(async { Ok::<_, BoxError>(7) });
    assert_eq!(answer.await.unwrap(), 7);
    let hangs = handle.call(pending::<Result<(), BoxError>>());
    assert_eq!(
        rejected(&hangs.await.unwrap_err()).reason(),
        Reason::TimedOut
    );
    assert_eq!(handle.view().timed_out, 1);
}

/// There is no runtime here: a timer could not be made.
#[test]
fn no_timer_is_made_for_what_is_ready_at_once_nor_while_it_is_off() {
    let service = service_fn(|()| ready(Ok::<_, BoxError>(7)));
    let on = timeout(250 * MILLI);
    let mut call = pin!(on.layer().layer(service).oneshot(()));
    assert!(matches!(
        call.as_mut().poll(&mut noop()),
        Poll::Ready(Ok(7))
    ));

    let service = service_fn(|()| pending::<Result<(), BoxError>>());
    let off = timeout(None);
    let mut call = pin!(off.layer().layer(service).oneshot(()));
    assert!(call.as_mut().poll(&mut noop()).is_pending());
    assert!(call.as_mut().poll(&mut noop()).is_pending());
}

#[tokio::test(start_paused = true)]
async fn time_counts_from_the_call_not_from_the_first_poll() {
    let service = service_fn(|()| pending::<Result<(), BoxError>>());
    let mut service = timeout(250 * MILLI).layer().layer(service);
    let begun = Instant::now();
    let call = service.ready().await.unwrap().call(());
    advance(200 * MILLI).await;
    call.await.unwrap_err();
    assert_eq!(begun.elapsed(), 250 * MILLI);

    // It is over before anybody looks: what is ready by then is an answer all the same, what is not is none.
    let mut outcomes = Vec::new();
    for is_ready in [true, false] {
        let service = service_fn(move |()| async move {
            if !is_ready {
                pending::<()>().await;
            }
            Ok::<_, BoxError>(())
        });
        let mut service = timeout(250 * MILLI).layer().layer(service);
        let call = service.ready().await.unwrap().call(());
        advance(300 * MILLI).await;
        let begun = Instant::now();
        outcomes.push(call.await.is_ok());
        assert!(begun.elapsed() <= MILLI, "{:?}", begun.elapsed());
    }
    assert_eq!(outcomes, [true, false]);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_cannot_fail_answers() {
    let service = service_fn(|()| pending::<Result<String, Infallible>>());
    let layer = timeout(250 * MILLI).layer();
    let layer = layer.respond(|rejected| rejected.reason().to_string());
    let answer = layer.layer(service).oneshot(()).await;
    assert_eq!(answer, Ok("timed out".to_owned()));
}

/// A service of which only the instance that was ready may be called.
struct Strict {
    is_ready: bool,
    called: Arc<AtomicUsize>,
}

impl Clone for Strict {
    fn clone(&self) -> Self {
        Self {
            is_ready: false,
            called: Arc::clone(&self.called),
        }
    }
}

impl Service<()> for Strict {
    type Response = ();
    type Error = BoxError;
    type Future = std::future::Ready<Result<(), BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        if self.called.load(SeqCst) == 2 {
            return Poll::Ready(Err("worn out".into()));
        }
        self.is_ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, (): ()) -> Self::Future {
        assert!(std::mem::take(&mut self.is_ready), "it was not ready");
        self.called.fetch_add(1, SeqCst);
        ready(Ok(()))
    }
}

#[tokio::test]
async fn readiness_passes_through() {
    let called = Arc::new(AtomicUsize::new(0));
    let strict = Strict {
        is_ready: false,
        called: Arc::clone(&called),
    };
    let mut service = timeout(250 * MILLI).layer().layer(strict);
    service.ready().await.unwrap();
    let other = service.clone();
    service.call(()).await.unwrap();
    other.oneshot(()).await.unwrap();
    assert_eq!(called.load(SeqCst), 2);
    let error = service.ready().await.err().expect("worn out");
    assert_eq!(error.to_string(), "worn out");
}

/// Uses up whatever tokio lets a task do in one turn.
async fn use_up_the_turn() {
    while coop::has_budget_remaining() {
        coop::consume_budget().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_uses_up_each_turn_of_its_task_times_out_all_the_same() {
    let clock = tokio::spawn(async {
        loop {
            advance(MILLI).await;
        }
    });
    let mut polls = 0;
    // Awake all the time, never ready, and always at the end of its turn.
    let greedy = poll_fn(|cx| {
        polls += 1;
        let mut turn = pin!(use_up_the_turn());
        assert!(turn.as_mut().poll(cx).is_ready());
        cx.waker().wake_by_ref();
        if polls < 1000 {
            Poll::Pending
        } else {
            Poll::Ready(Ok::<_, BoxError>(()))
        }
    });
    let outcome = timeout(20 * MILLI).call(greedy).await;
    assert_eq!(rejected(&outcome.unwrap_err()).reason(), Reason::TimedOut);
    clock.abort();
}

#[tokio::test(start_paused = true)]
async fn a_task_at_the_end_of_its_turn_does_not_time_out_what_is_ready() {
    let (tx, mut rx) = mpsc::unbounded_channel();
    let handle = timeout(20 * MILLI);
    let mut call = pin!(handle.call(async move { rx.recv().await.ok_or(BoxError::from("gone")) }));
    assert!(poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx).is_pending())).await);
    advance(50 * MILLI).await;
    tx.send(7).expect("it is read");
    use_up_the_turn().await;
    assert_eq!(call.await.expect("it was there"), 7);
}
