//! Timeouts and retries with the other patterns, one in the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use seaworthy::bulkhead::Bulkhead;
use seaworthy::circuit_breaker::CircuitBreaker;
use seaworthy::core::backoff::{Backoff, Jitter};
use seaworthy::core::request::Info;
use seaworthy::core::{BoxError, Reason, Rejected};
use seaworthy::retry::{GivenUp, Retry};
use seaworthy::timeout::Timeout;
use tokio::time::{Instant, sleep};
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};

const MILLI: Duration = Duration::from_millis(1);

/// A stack of all stages, and what is in it.
struct Stages {
    total: Timeout,
    retry: Retry,
    breaker: CircuitBreaker,
    attempt: Timeout,
    /// How many calls of the service are slow or broken, from the first on.
    bad: u32,
    calls: Arc<AtomicU32>,
}

/// What is sent: how long the service takes over it while it is bad; it is idempotent.
type Request = Duration;

impl Stages {
    fn new(bad: u32) -> Self {
        let backoff = Backoff::exponential(100 * MILLI, 1000 * MILLI);
        let backoff = backoff.jitter(Jitter::None).build().expect("allowed");
        let retry = Retry::builder("retry")
            .backoff(backoff)
            .attempts(4)
            .max_retry_after(None);
        let total = 2000 * MILLI;
        let breaker = CircuitBreaker::builder("breaker").consecutive_failures(2);
        Self {
            total: Timeout::new("total", total).expect("allowed"),
            retry: retry.within(total).build().expect("allowed"),
            breaker: breaker.build().expect("allowed"),
            attempt: Timeout::new("attempt", 250 * MILLI).expect("allowed"),
            bad,
            calls: Arc::default(),
        }
    }

    fn service(
        &self,
    ) -> impl Service<Request, Response = u32, Error = BoxError, Future: Send> + Clone + use<> {
        let bulkhead = Bulkhead::builder("bulkhead").build().expect("allowed");
        let (bad, calls) = (self.bad, Arc::clone(&self.calls));
        ServiceBuilder::new()
            .layer(bulkhead.layer())
            .layer(self.total.layer())
            .layer(
                self.retry
                    .layer()
                    .describe(|_: &Request| Info::new().with_idempotent(true)),
            )
            .layer(self.breaker.layer())
            .layer(self.attempt.layer())
            .service(service_fn(move |takes: Request| {
                let call = calls.fetch_add(1, SeqCst) + 1;
                async move {
                    if call <= bad {
                        sleep(takes).await;
                        return Err("broken".into());
                    }
                    Ok::<_, BoxError>(call)
                }
            }))
    }

    async fn call(&self, takes: Request) -> (Result<u32, Reason>, Duration) {
        let begun = Instant::now();
        let task = tokio::spawn(self.service().oneshot(takes));
        let outcome = task.await.expect("no panic");
        let outcome = outcome.map_err(|error| {
            let rejected = Rejected::find_in(error.as_ref());
            rejected.expect("turned away").reason()
        });
        (outcome, begun.elapsed())
    }
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_times_out_is_made_again() {
    let stages = Stages::new(1);
    let (answer, took) = stages.call(1000 * MILLI).await;
    assert_eq!((answer, took), (Ok(2), 350 * MILLI));
    assert_eq!(stages.attempt.view().timed_out, 1);
    assert_eq!(stages.total.view().timed_out, 0);
}

/// The breaker says when to come back; there is time enough if it is within the total, and nobody waits if it is not.
#[tokio::test(start_paused = true)]
async fn an_open_breaker_is_waited_for_if_there_is_time() {
    for (open, expected) in [(1000, true), (5000, false)] {
        let stages = Stages::new(2);
        let mut config = stages.breaker.config();
        config.consecutive_failures = Some(2);
        config.open.first = open * MILLI;
        config.open.jitter = Jitter::None;
        let _ = stages.breaker.reconfigure(config).expect("allowed");
        // Two failures at 0 and 100 ms open it; the attempt at 300 ms is turned away, and told when to come back.
        let (outcome, took) = stages.call(Duration::ZERO).await;
        let view = stages.retry.view();
        if expected {
            assert_eq!(outcome, Ok(3));
            let took = took.as_millis();
            assert!((1100..1103).contains(&took), "{took}");
            assert_eq!((view.retries, view.recovered), (3, 1));
        } else {
            assert_eq!(outcome, Err(Reason::CircuitOpen));
            assert_eq!(took, 300 * MILLI);
            assert_eq!(view.given_up(GivenUp::Deadline), 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_total_time_ends_whatever_is_going_on() {
    let stages = Stages::new(u32::MAX);
    stages.attempt.set(None).expect("allowed");
    let (outcome, took) = stages.call(5000 * MILLI).await;
    assert_eq!((outcome, took), (Err(Reason::TimedOut), 2000 * MILLI));
    assert_eq!(stages.total.view().timed_out, 1);
    assert_eq!(stages.calls.load(SeqCst), 1);
}
