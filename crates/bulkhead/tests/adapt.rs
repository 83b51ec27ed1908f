//! Limits that find themselves: what the algorithm is told, and what its answers do.

use std::future::ready;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use seaworthy_bulkhead::Bulkhead;
use seaworthy_bulkhead::limit::{Algorithm, Sample};
use seaworthy_core::component::Registry;
use seaworthy_core::{BoxError, Reason, Rejected, Verdict};
use tokio::task::yield_now;
use tokio::time::sleep;
use tower::{Layer, Service, ServiceExt, service_fn};

const MILLI: Duration = Duration::from_millis(1);

/// Does what it is told, and writes down what it sees.
#[derive(Clone, Debug)]
struct Scripted {
    seen: Arc<Mutex<Vec<Sample>>>,
    limit: Arc<Mutex<u32>>,
}

impl Scripted {
    fn new(limit: u32) -> Self {
        Self {
            seen: Arc::default(),
            limit: Arc::new(Mutex::new(limit)),
        }
    }

    fn say(&self, limit: u32) {
        *self.limit.lock().unwrap() = limit;
    }

    fn seen(&self) -> Vec<(Duration, u32, Verdict)> {
        let seen = std::mem::take(&mut *self.seen.lock().unwrap());
        let shown = |it: &Sample| (it.took, it.in_flight, it.verdict);
        seen.iter().map(shown).collect()
    }
}

impl Algorithm for Scripted {
    fn limit(&self) -> u32 {
        *self.limit.lock().unwrap()
    }

    fn observe(&mut self, sample: &Sample) -> u32 {
        self.seen.lock().unwrap().push(*sample);
        let limit = self.limit();
        assert_ne!(limit, 13, "an unlucky number");
        limit
    }
}

fn bulkhead(algorithm: &Scripted) -> Bulkhead {
    Bulkhead::builder("b")
        .algorithm(algorithm.clone())
        .max_waiting(10)
        .max_wait(Duration::from_secs(1))
        .registry(&Registry::new())
        .build()
        .expect("allowed")
}

#[tokio::test(start_paused = true)]
async fn it_is_told_how_each_call_ended_and_how_long_the_service_took() {
    let algorithm = Scripted::new(2);
    let bulkhead = bulkhead(&algorithm);
    let service = service_fn(|millis: u32| async move {
        sleep(millis * MILLI).await;
        match millis {
            3 => Err(BoxError::from("broken")),
            5 => Err(Rejected::new(Reason::QueueFull, "further down").into()),
            _ => Ok(()),
        }
    });
    let service = bulkhead.layer().layer(service);
    let calls = [4, 3, 5].map(|it| tokio::spawn(service.clone().oneshot(it)));
    for call in calls {
        let _ = call.await.unwrap();
    }
    // The third one had waited until the second had ended: that is not its service's time.
    let expected = [
        (3 * MILLI, 2, Verdict::Failure),
        (4 * MILLI, 1, Verdict::Success),
        (5 * MILLI, 2, Verdict::Overload),
    ];
    assert_eq!(algorithm.seen(), expected);
    let cancelled = tokio::time::timeout(MILLI, service.oneshot(9)).await;
    assert!(cancelled.is_err());
    assert_eq!(algorithm.seen(), [(MILLI, 1, Verdict::Ignored)]);
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_get_in_when_it_grows_and_nobody_does_when_it_shrinks() {
    let algorithm = Scripted::new(1);
    let bulkhead = bulkhead(&algorithm);
    let first = bulkhead.try_acquire().unwrap();
    let waiting: Vec<_> = (0..3)
        .map(|_| {
            let bulkhead = bulkhead.clone();
            tokio::spawn(async move { bulkhead.acquire().await.unwrap() })
        })
        .collect();
    yield_now().await;
    algorithm.say(3);
    first.success();
    let mut permits = Vec::new();
    for waiting in waiting {
        permits.push(waiting.await.unwrap());
    }
    let view = bulkhead.view();
    assert_eq!((view.in_flight, view.limit, view.waiting), (3, 3, 0));
    algorithm.say(1);
    permits.pop().unwrap().overload();
    assert_eq!(bulkhead.view().limit, 1);
    assert!(bulkhead.try_acquire().is_err());
    drop(permits);
    assert!(bulkhead.try_acquire().is_ok());
}

/// What an algorithm says is taken within reason, and a panic of it harms nobody.
#[tokio::test]
async fn an_algorithm_cannot_break_the_bulkhead() {
    let algorithm = Scripted::new(0);
    let bulkhead = bulkhead(&algorithm);
    assert_eq!(bulkhead.view().limit, 1);
    algorithm.say(u32::MAX);
    bulkhead.try_acquire().unwrap().success();
    assert_eq!(bulkhead.view().limit, 1_000_000);
    algorithm.say(13);
    bulkhead.try_acquire().unwrap().success();
    assert_eq!(bulkhead.view().in_flight, 0);
    algorithm.say(4);
    bulkhead.try_acquire().unwrap().success();
    assert_eq!(bulkhead.view().limit, 4);
}

/// A limit that is there only for a time, in which all calls are stuck: nobody ends who could change it.
#[derive(Debug)]
struct Probing {
    limit: u32,
    until: Option<Duration>,
}

impl Probing {
    fn new() -> Self {
        Self {
            limit: 2,
            until: None,
        }
    }
}

impl Algorithm for Probing {
    fn limit(&self) -> u32 {
        self.limit
    }

    fn observe(&mut self, sample: &Sample) -> u32 {
        self.until = Some(sample.now + 5 * MILLI);
        self.limit = 1;
        self.limit
    }

    fn holds_until(&self) -> Option<Duration> {
        self.until
    }

    fn lapse(&mut self, now: Duration) -> u32 {
        if self.until.is_some_and(|until| until <= now) {
            (self.limit, self.until) = (3, None);
        }
        self.limit
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_was_there_for_a_time_lapses_when_somebody_needs_it() {
    for waits in [false, true] {
        let builder = Bulkhead::builder("b").registry(&Registry::new());
        let builder = builder.algorithm(Probing::new());
        let builder = if waits {
            builder.max_waiting(1).max_wait(Duration::from_secs(1))
        } else {
            builder
        };
        let bulkhead = builder.build().unwrap();
        let _stuck = bulkhead.try_acquire().unwrap();
        bulkhead.try_acquire().unwrap().success();
        assert_eq!(bulkhead.view().limit, 1);
        let waiting = waits.then(|| {
            let bulkhead = bulkhead.clone();
            tokio::spawn(async move { bulkhead.acquire().await })
        });
        sleep(4 * MILLI).await;
        assert!(bulkhead.try_acquire().is_err(), "not yet");
        sleep(MILLI).await;
        let _late = bulkhead.acquire().await.expect("by now");
        if let Some(waiting) = waiting {
            let _first = waiting.await.unwrap().expect("it was there before");
            assert_eq!(bulkhead.view().in_flight, 3);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_was_there_for_a_time_lapses_for_a_service_too() {
    for at_once in [false, true] {
        let builder = Bulkhead::builder("b").registry(&Registry::new());
        let builder = builder.algorithm(Probing::new());
        let bulkhead = builder.build().unwrap();
        let _stuck = bulkhead.try_acquire().unwrap();
        bulkhead.try_acquire().unwrap().success();
        let answers = service_fn(|(): ()| async { Ok::<_, BoxError>(()) });
        let layer = bulkhead.layer();
        let call = || async {
            if at_once {
                layer.clone().at_once().layer(answers).oneshot(()).await
            } else {
                layer.layer(answers).oneshot(()).await
            }
        };
        sleep(4 * MILLI).await;
        call().await.expect_err("not yet");
        sleep(MILLI).await;
        call().await.expect("by now");
    }
}

#[tokio::test]
async fn a_limit_that_is_set_stays() {
    let algorithm = Scripted::new(5);
    let bulkhead = bulkhead(&algorithm);
    bulkhead.set_limit(9).unwrap();
    bulkhead.try_acquire().unwrap().overload();
    assert_eq!((bulkhead.view().limit, algorithm.seen().len()), (9, 0));
}

#[tokio::test(start_paused = true)]
async fn a_place_that_is_kept_ready_is_no_slow_call() {
    let algorithm = Scripted::new(2);
    let b = Bulkhead::builder("b")
        .registry(&Registry::new())
        .algorithm(algorithm.clone())
        .build()
        .unwrap();
    let service = service_fn(|()| async {
        sleep(MILLI).await;
        Ok::<_, BoxError>(())
    });
    let mut service = b.layer().not_ready_while_full().layer(service);
    service.ready().await.unwrap();
    sleep(10_000 * MILLI).await;
    service.call(()).await.unwrap();
    assert_eq!(algorithm.seen()[0].0, MILLI);
}

#[test]
fn a_limit_is_set_although_the_configuration_says_the_same() {
    let algorithm = Scripted::new(3);
    let b = Bulkhead::builder("b")
        .registry(&Registry::new())
        .algorithm(algorithm)
        .build()
        .unwrap();
    b.set_limit(25).unwrap();
    assert_eq!(b.view().limit, 25);
}

#[tokio::test(start_paused = true)]
async fn a_limit_lapses_for_a_layer_too() {
    let b = Bulkhead::builder("b")
        .registry(&Registry::new())
        .algorithm(Probing::new())
        .build()
        .unwrap();
    let _stuck = b.try_acquire().unwrap();
    b.try_acquire().unwrap().success();
    let service = b
        .layer()
        .layer(service_fn(|()| ready(Ok::<_, BoxError>(()))));
    for _ in 0..3 {
        sleep(10_000 * MILLI).await;
        let got = service.clone().oneshot(()).await;
        assert!(got.is_ok(), "{got:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_lapses_for_who_waits() {
    let b = Bulkhead::builder("b")
        .registry(&Registry::new())
        .max_waiting(1)
        .max_wait(10_000 * MILLI)
        .algorithm(Probing::new())
        .build()
        .unwrap();
    let _stuck = b.try_acquire().unwrap();
    b.try_acquire().unwrap().success();
    assert!(b.acquire().await.is_ok());
}

#[cfg(feature = "http")]
#[tokio::test]
async fn overload_is_told_though_nobody_reads_the_body() {
    use http::{Request, Response};
    use http_body_util::Full;
    let algorithm = Scripted::new(3);
    let b = Bulkhead::builder("b")
        .registry(&Registry::new())
        .algorithm(algorithm.clone())
        .build()
        .unwrap();
    let layer = b.layer().until_body_ends().classify(
        |out: Result<&Response<Full<&'static [u8]>>, &BoxError>| match out {
            Ok(it) if it.status() == 503 => Verdict::Overload,
            _ => Verdict::Success,
        },
    );
    let service = layer.layer(service_fn(|_: Request<()>| async {
        let mut response = Response::new(Full::from(&b"busy"[..]));
        *response.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
        Ok::<_, BoxError>(response)
    }));
    drop(service.oneshot(Request::new(())).await.unwrap());
    assert_eq!(algorithm.seen()[0].2, Verdict::Overload);
}
