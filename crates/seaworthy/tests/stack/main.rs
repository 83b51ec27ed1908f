//! All stages together: who sees what, what is off, and what changes while it runs.
#![cfg(feature = "stack")]

mod calls;
mod cancel;
mod changes;
#[cfg(feature = "http")]
mod responses;
mod rules;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use seaworthy::bulkhead::Limit;
use seaworthy::circuit_breaker::State;
use seaworthy::core::component::Registry;
use seaworthy::core::request::Info;
use seaworthy::core::{BoxError, Executed, Reason, Rejected};
use seaworthy::fallback::Source;
use seaworthy::retry::GivenUp;
use seaworthy::stack::{Config, Stack, StackBuilder};
use tokio::time::{Instant, sleep};
use tower::{Layer, Service, ServiceExt, service_fn};

const SECOND: Duration = Duration::from_secs(1);
const MILLI: Duration = Duration::from_millis(1);

fn builder() -> StackBuilder {
    Stack::builder("s").registry(&Registry::new())
}

/// Fails so many times, then answers.
fn failing(
    times: u32,
) -> (
    impl Service<u32, Response = u32, Error = BoxError, Future: Send> + Clone,
    Arc<AtomicU32>,
) {
    let calls = Arc::new(AtomicU32::new(0));
    let seen = Arc::clone(&calls);
    let service = service_fn(move |request: u32| {
        let call = calls.fetch_add(1, Ordering::SeqCst);
        async move {
            if call < times {
                Err(BoxError::from("down"))
            } else {
                Ok(request)
            }
        }
    });
    (service, seen)
}

fn idempotent(_: &u32) -> Info {
    Info::new().with_idempotent(true)
}

fn reason(error: &BoxError) -> (Reason, Executed) {
    let rejected = Rejected::find_in(&**error).expect("one of ours");
    (rejected.reason(), rejected.executed())
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_tried_again_and_the_breaker_sees_each_attempt() {
    let stack = builder().describe(idempotent).build().unwrap();
    let (service, calls) = failing(2);
    assert_eq!(stack.layer().layer(service).oneshot(7).await.unwrap(), 7);
    assert_eq!(calls.load(Ordering::SeqCst), 3);
    assert_eq!(stack.circuit_breaker().view().failures, 2);
    assert_eq!(stack.retry().view().retries, 2);

    // What may have been executed is not, unless it is known to do no harm.
    let stack = builder().build().unwrap();
    let (service, calls) = failing(2);
    stack.layer().layer(service).oneshot(7).await.unwrap_err();
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_takes_too_long_is_a_failure_and_all_of_them_have_one_time() {
    let mut config = Config::default();
    (config.attempt_timeout, config.total_timeout) = (Some(SECOND), Some(3 * SECOND));
    config.retry.as_mut().unwrap().attempts = 100;
    config
        .circuit_breaker
        .as_mut()
        .unwrap()
        .consecutive_failures = None;
    let stack = builder()
        .config(config)
        .describe(idempotent)
        .build()
        .unwrap();
    let hangs = service_fn(|_: u32| std::future::pending::<Result<u32, BoxError>>());
    let begun = Instant::now();
    let error = stack.layer().layer(hangs).oneshot(7).await.unwrap_err();
    assert_eq!(reason(&error), (Reason::TimedOut, Executed::Maybe));
    let took = begun.elapsed();
    assert!(took > SECOND && took <= 3 * SECOND + 10 * MILLI, "{took:?}");
    let attempts = stack.attempt_timeout().view().timed_out;
    assert!((2..=3).contains(&attempts), "{attempts}");
    assert!(stack.circuit_breaker().view().failures >= 2);
    assert_eq!(stack.bulkhead().view().in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_for_its_next_attempt_has_a_place() {
    let mut config = Config::default();
    config.bulkhead.as_mut().unwrap().limit = Limit::from(1);
    let stack = builder()
        .config(config)
        .describe(idempotent)
        .build()
        .unwrap();
    let (service, _) = failing(2);
    let service = stack.layer().layer(service);
    let first = tokio::spawn(service.clone().oneshot(7));
    tokio::task::yield_now().await;
    let error = service.clone().oneshot(8).await.unwrap_err();
    assert_eq!(reason(&error), (Reason::BulkheadFull, Executed::No));
    assert_eq!(first.await.unwrap().unwrap(), 7);
    assert_eq!(service.oneshot(8).await.unwrap(), 8);
}

#[tokio::test(start_paused = true)]
async fn who_meets_an_open_circuit_knows_at_once_or_waits_for_it_if_asked_to() {
    let mut config = Config::default();
    let breaker = config.circuit_breaker.as_mut().unwrap();
    breaker.consecutive_failures = Some(1);
    let calls = async |config: Config| {
        let stack = builder().config(config).build().unwrap();
        let (service, calls) = failing(1);
        let service = stack.layer().layer(service);
        service.clone().oneshot(7).await.unwrap_err();
        let begun = Instant::now();
        let outcome = service.oneshot(7).await;
        (
            outcome,
            begun.elapsed(),
            calls.load(Ordering::SeqCst),
            stack,
        )
    };
    let (outcome, took, called, stack) = calls(config.clone()).await;
    let error = outcome.unwrap_err();
    assert_eq!(reason(&error), (Reason::CircuitOpen, Executed::No));
    assert_eq!((took, called), (Duration::ZERO, 1));
    assert_eq!(stack.retry().view().given_up(GivenUp::RetryAfter), 1);

    config.retry.as_mut().unwrap().max_retry_after = None;
    let (outcome, took, called, _) = calls(config).await;
    assert_eq!((outcome.unwrap(), called), (7, 2));
    assert!(took > SECOND, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn an_open_circuit_is_not_waited_for_longer_than_there_is_time() {
    let mut config = Config::default();
    config.total_timeout = Some(2 * SECOND);
    config.attempt_timeout = Some(SECOND);
    let stack = builder().config(config).build().unwrap();
    stack.circuit_breaker().force_open();
    let (service, calls) = failing(0);
    let begun = Instant::now();
    let error = stack.layer().layer(service).oneshot(7).await.unwrap_err();
    assert_eq!(reason(&error), (Reason::CircuitOpen, Executed::No));
    assert!(begun.elapsed() < 2 * SECOND);
    assert_eq!(calls.load(Ordering::SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn the_fallback_answers_whatever_the_rest_turns_away() {
    let mut config = Config::default();
    config.bulkhead.as_mut().unwrap().limit = Limit::from(1);
    (config.attempt_timeout, config.total_timeout) = (Some(SECOND), Some(SECOND));
    let stack = builder()
        .config(config)
        .fallback(|it| it.value(0))
        .build()
        .unwrap();
    let layer = stack.layer().with_source();
    let (fails, _) = failing(9);
    let answer = layer.layer(fails).oneshot(7).await.unwrap();
    assert_eq!((answer.value, answer.source), (0, Source::Default));
    assert_eq!(answer.cause.unwrap().unwrap_err().to_string(), "down");

    let hangs = || service_fn(|_: u32| std::future::pending::<Result<u32, BoxError>>());
    let hanging = layer.layer(hangs());
    let place = stack.bulkhead().try_acquire().unwrap();
    let answer = hanging.clone().oneshot(7).await.unwrap();
    let cause = answer.cause.unwrap().unwrap_err();
    assert_eq!(reason(&cause).0, Reason::BulkheadFull);
    drop(place);
    let answer = hanging.clone().oneshot(7).await.unwrap();
    let cause = answer.cause.unwrap().unwrap_err();
    assert_eq!(reason(&cause), (Reason::TimedOut, Executed::Maybe));

    stack.circuit_breaker().force_open();
    let answer = hanging.oneshot(7).await.unwrap();
    let cause = answer.cause.unwrap().unwrap_err();
    assert_eq!(reason(&cause).0, Reason::CircuitOpen);
}

#[tokio::test(start_paused = true)]
async fn the_fallback_answers_for_a_service_that_panics_if_it_is_to() {
    let stack = builder().fallback(|it| it.value(0)).build().unwrap();
    let panics = service_fn(|number: u32| async move {
        assert_ne!(number, 7, "seven");
        Ok::<_, BoxError>(number)
    });
    let layer = stack.layer().catch_panics().with_source();
    let answer = layer.layer(panics).oneshot(7).await.unwrap();
    assert_eq!(answer.source, Source::Default);
    assert_eq!(stack.bulkhead().view().in_flight, 0);
    let spawned = tokio::spawn(stack.layer().layer(panics).oneshot(7));
    assert!(spawned.await.unwrap_err().is_panic());
}

#[tokio::test(start_paused = true)]
async fn what_is_off_is_as_if_it_were_not_there() {
    let stack = builder().config(Config::off()).describe(idempotent);
    let stack = stack.fallback(|it| it.value(0)).build().unwrap();
    let (service, calls) = failing(100);
    let mut service = stack.layer().layer(service);
    for call in 1..=50 {
        let error = service.ready().await.unwrap().call(7).await.unwrap_err();
        assert_eq!(error.to_string(), "down");
        assert_eq!(calls.load(Ordering::SeqCst), call, "once each");
    }
    assert_eq!(stack.circuit_breaker().state(), State::Disabled);
    let slow = service_fn(|request: u32| async move {
        sleep(3600 * SECOND).await;
        Ok::<_, BoxError>(request)
    });
    let slow = stack.layer().layer(slow);
    let all: Vec<_> = (0..2000)
        .map(|it| tokio::spawn(slow.clone().oneshot(it)))
        .collect();
    for (number, call) in all.into_iter().enumerate() {
        assert_eq!(call.await.unwrap().unwrap(), number as u32);
    }
}

#[tokio::test(start_paused = true)]
async fn it_changes_while_it_runs_and_a_configuration_that_cannot_be_changes_nothing() {
    let stack = builder()
        .describe(idempotent)
        .fallback(|it| it.value(0))
        .build()
        .unwrap();
    let (service, calls) = failing(u32::MAX);
    let service = stack.layer().layer(service);
    assert_eq!(service.clone().oneshot(7).await.unwrap(), 0);
    assert_eq!(calls.swap(0, Ordering::SeqCst), 3);

    let mut config = stack.config();
    config.retry = None;
    config.fallback = None;
    config.circuit_breaker = None;
    stack.reconfigure(config.clone()).unwrap();
    assert_eq!(stack.config(), config);
    service.clone().oneshot(7).await.unwrap_err();
    assert_eq!(calls.swap(0, Ordering::SeqCst), 1);
    assert_eq!(stack.circuit_breaker().state(), State::Disabled);

    let good = Config::default();
    stack.reconfigure(good.clone()).unwrap();
    assert_eq!(stack.circuit_breaker().state(), State::Closed);
    let mut bad = Config::off();
    (bad.attempt_timeout, bad.total_timeout) = (Some(2 * SECOND), Some(SECOND));
    let error = stack.reconfigure(bad).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`s`: field `attempt_timeout` is 2s, allowed: at most `total_timeout`"
    );
    assert_eq!(stack.config(), good);
    assert_eq!(service.oneshot(7).await.unwrap(), 0);
    assert_eq!(
        calls.load(Ordering::SeqCst),
        3,
        "it still goes by the last good one"
    );
}

#[tokio::test(start_paused = true)]
async fn a_stage_that_does_not_change_keeps_what_it_was_told_by_hand() {
    let stack = builder().fallback(|it| it.value(0)).build().unwrap();
    let mut config = stack.config();
    stack.bulkhead().set_limit(7).unwrap();
    stack.total_timeout().set(7 * SECOND).unwrap();
    stack.attempt_timeout().set(SECOND).unwrap();
    let mut retry = stack.retry().config();
    retry.attempts = 7;
    stack.retry().reconfigure(retry).unwrap();
    stack.circuit_breaker().force_open();
    let limit = || stack.bulkhead().view().limit;
    let hand = || {
        let times = [stack.total_timeout(), stack.attempt_timeout()];
        let attempts = stack.retry().view().attempts;
        (times.map(|it| it.config().after), attempts)
    };
    let by_hand = ([Some(7 * SECOND), Some(SECOND)], 7);

    config.bulkhead.as_mut().unwrap().limit = Limit::from(8);
    stack.reconfigure(config.clone()).unwrap();
    assert_eq!((limit(), hand()), (8, by_hand));
    assert_eq!(stack.circuit_breaker().state(), State::ForcedOpen);

    // How long a trial of the breaker keeps its place depends on how long an attempt may take.
    (config.total_timeout, config.attempt_timeout) = (Some(9 * SECOND), Some(2 * SECOND));
    config.retry.as_mut().unwrap().attempts = 9;
    stack.reconfigure(config).unwrap();
    assert_eq!(hand(), ([Some(9 * SECOND), Some(2 * SECOND)], 9));
    assert_eq!(
        (limit(), stack.circuit_breaker().state()),
        (8, State::ForcedOpen)
    );
}

#[test]
fn a_configuration_that_cannot_be_is_refused_by_the_stage_that_cannot_be_so() {
    type Change = fn(&mut Config);
    let refused = |change: Change| {
        let mut config = Config::default();
        change(&mut config);
        builder().config(config).build().unwrap_err().to_string()
    };
    let cases: [(Change, &str); 7] = [
        (
            |it| it.bulkhead.as_mut().unwrap().limit = Limit::from(0),
            "`s`: field `limit` is 0",
        ),
        (
            |it| {
                let class = seaworthy::bulkhead::Partition::new("class");
                it.bulkhead.as_mut().unwrap().partitions.push(class);
            },
            "`s`: field `bulkhead.partitions` is 1, allowed: none",
        ),
        (
            |it| it.total_timeout = Some(Duration::ZERO),
            "`s/total`: field `after` is 0ns",
        ),
        (
            // Longer than a trial of the breaker may keep its place.
            |it| it.attempt_timeout = Some(Duration::MAX),
            "`s/attempt`: field `after` is",
        ),
        (
            |it| it.retry.as_mut().unwrap().attempts = 0,
            "`s`: field `attempts` is 0",
        ),
        (
            |it| it.circuit_breaker.as_mut().unwrap().failure_rate = Some(1.5),
            "`s`: field `failure_rate` is 1.5",
        ),
        (
            |it| it.fallback.as_mut().unwrap().max_concurrent = 0,
            "`s`: field `max_concurrent` is 0",
        ),
    ];
    for (change, expected) in cases {
        let said = refused(change);
        assert!(said.starts_with(expected), "{said}");
    }
}

#[test]
fn a_trial_keeps_its_place_for_longer_than_an_attempt_may_take() {
    let lease = |config: Config| {
        let stack = builder().config(config).build().unwrap();
        stack.circuit_breaker().config().half_open.lease
    };
    let mut config = Config::default();
    assert_eq!(lease(config.clone()), Some(11 * SECOND));
    config.attempt_timeout = Some(SECOND);
    assert_eq!(lease(config.clone()), Some(10 * SECOND), "as it is set");
    let breaker = config.circuit_breaker.as_mut().unwrap();
    breaker.half_open.lease = None;
    assert_eq!(lease(config), None);
}

#[cfg(feature = "serde")]
#[test]
fn it_can_be_read_from_a_file_and_written() {
    let read = |text: &str| toml::from_str::<Config>(text);
    assert_eq!(read("").unwrap(), Config::default());
    let config = read(
        r#"
        fallback = "off"
        total_timeout = "off"
        attempt_timeout = "250ms"
        retry = "off"
        circuit_breaker = "off"

        [bulkhead]
        limit = 7
        "#,
    );
    let config = config.unwrap();
    let mut expected = Config::off();
    expected.attempt_timeout = Some(250 * MILLI);
    let mut bulkhead = seaworthy::bulkhead::Config::default();
    bulkhead.limit = Limit::from(7);
    expected.bulkhead = Some(bulkhead);
    assert_eq!(config, expected);
    for config in [config, Config::default()] {
        let written = toml::to_string(&config).unwrap();
        assert_eq!(read(&written).unwrap(), config, "{written}");
    }
    for wrong in [
        "timeout = \"1s\"",
        "[retry]\nattempt = 3",
        "bulkhead = \"on\"",
    ] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}
