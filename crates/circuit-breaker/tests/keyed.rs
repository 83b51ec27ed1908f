//! A breaker for each key: bounded, apart, and open to all if too many are not.

use std::time::Duration;

use seaworthy_circuit_breaker::{CircuitBreakers, Config, State};
use seaworthy_core::component::Registry;
use seaworthy_core::{Reason, Rejected};
use tower::{Service, ServiceExt, service_fn};

#[derive(Debug)]
enum Problem {
    Rejected(Rejected),
    Down,
}

impl From<Rejected> for Problem {
    fn from(rejected: Rejected) -> Self {
        Self::Rejected(rejected)
    }
}

fn breakers(capacity: usize, max_open: f64) -> CircuitBreakers<u32> {
    let builder = CircuitBreakers::builder("upstreams").capacity(capacity);
    builder.max_open(max_open).build().expect("it is allowed")
}

fn open(breakers: &CircuitBreakers<u32>, key: u32) {
    for _ in 0..5 {
        breakers.get(key).try_acquire().expect("closed").failure();
    }
}

#[tokio::test(start_paused = true)]
async fn one_key_fails_and_the_others_do_not() {
    let upstreams = breakers(100, 1.0);
    let layer = upstreams.layer(|request: &u32| *request);
    let mut service = tower::ServiceBuilder::new()
        .layer(layer)
        .service(service_fn(|request: u32| async move {
            if request == 7 {
                Err(Problem::Down)
            } else {
                Ok(request)
            }
        }));
    for _ in 0..5 {
        let failed = service.ready().await.expect("ready").call(7).await;
        assert!(matches!(failed, Err(Problem::Down)));
    }
    let rejected = service.ready().await.expect("ready").call(7).await;
    let Err(Problem::Rejected(rejected)) = rejected else {
        panic!("not rejected: {rejected:?}")
    };
    assert_eq!(rejected.reason(), Reason::CircuitOpen);
    assert_eq!(rejected.component().to_string(), "upstreams/7");
    assert_eq!(
        service
            .ready()
            .await
            .expect("ready")
            .call(8)
            .await
            .expect("well"),
        8
    );
    assert_eq!((upstreams.open_count(), upstreams.len()), (1, 2));
}

/// A hundred thousand keys that somebody makes up.
#[tokio::test(start_paused = true)]
async fn keys_that_are_made_up_take_no_memory_and_push_out_nothing_that_protects() {
    let upstreams = breakers(64, 1.0);
    open(&upstreams, 0);
    for key in 1..100_000_u32 {
        upstreams.get(key).try_acquire().expect("closed").failure();
        assert!(upstreams.len() <= 64, "{}", upstreams.len());
    }
    assert_eq!(upstreams.get(0_u32).state(), State::Open);
    assert_eq!(upstreams.open_count(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_one_that_was_asked_for_longest_ago_gives_way() {
    // So few that all of them compete.
    let upstreams = breakers(2, 1.0);
    let later = async || tokio::time::advance(Duration::from_secs(1)).await;
    for key in [1_u32, 2] {
        upstreams.get(key).try_acquire().expect("closed").failure();
        later().await;
    }
    // The older one of the two, and the one that was asked for last.
    drop(upstreams.get(1_u32));
    later().await;
    drop(upstreams.get(3_u32));
    assert_eq!(upstreams.len(), 2);
    assert_eq!(upstreams.get(1_u32).view().failures, 1, "it is kept");
    assert_eq!(upstreams.get(2_u32).view().failures, 0, "it is new");
}

#[tokio::test(start_paused = true)]
async fn a_key_for_which_there_is_no_room_is_let_through() {
    let registry = Registry::new();
    let builder = CircuitBreakers::builder("upstreams").capacity(1);
    let upstreams: CircuitBreakers<u32> = builder
        .max_open(1.0)
        .registry(&registry)
        .build()
        .expect("it is allowed");
    open(&upstreams, 1);
    for _ in 0..20 {
        upstreams
            .get(2_u32)
            .try_acquire()
            .expect("let through")
            .failure();
    }
    assert_eq!(upstreams.len(), 1);
    assert_eq!(upstreams.get(1_u32).state(), State::Open);
    let shown = registry.snapshot()[0].to_string();
    assert!(shown.contains("overflowed 20"), "{shown}");
    assert!(shown.contains("breaker upstreams/1: open"), "{shown}");
}

/// Four of ten may be open; with a fifth, the trouble is more likely here.
#[tokio::test(start_paused = true)]
async fn with_too_many_open_nothing_is_turned_away() {
    let upstreams = breakers(100, 0.4);
    (0..10_u32).for_each(|key| drop(upstreams.get(key)));
    (0..4).for_each(|key| open(&upstreams, key));
    for key in 0..4_u32 {
        assert!(upstreams.get(key).try_acquire().is_err(), "{key}");
    }
    open(&upstreams, 4);
    for key in 0..5_u32 {
        upstreams
            .get(key)
            .try_acquire()
            .expect("let through")
            .success();
        assert_eq!(
            upstreams.get(key).state(),
            State::Open,
            "what it knows stays"
        );
    }
    // By order is by order.
    upstreams.get(4_u32).force_open();
    upstreams.get(5_u32).force_open();
    assert!(upstreams.get(5_u32).try_acquire().is_err());
    // Four again.
    assert!(upstreams.get(0_u32).try_acquire().is_err());
    assert!(upstreams.remove(&0));
    assert_eq!(upstreams.open_count(), 3, "one that is gone does not count");
}

#[tokio::test(start_paused = true)]
async fn all_are_reconfigured_and_so_are_new_ones() {
    let upstreams = breakers(10, 1.0);
    drop(upstreams.get(1_u32));
    let mut config = Config::default();
    config.consecutive_failures = Some(1);
    upstreams
        .reconfigure(config.clone())
        .expect("it is allowed");
    for key in 1..3_u32 {
        upstreams.get(key).try_acquire().expect("closed").failure();
        assert_eq!(upstreams.get(key).state(), State::Open);
    }
    config.minimum_calls = 0;
    let error = upstreams.reconfigure(config).expect_err("refused");
    assert_eq!(error.field, "minimum_calls");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let build = |capacity, share| {
        let builder = CircuitBreakers::builder("upstreams").capacity(capacity);
        builder.max_open(share).build::<u32>().map(|_| ())
    };
    assert_eq!(build(0, 0.5).expect_err("refused").field, "capacity");
    for share in [0.0, -1.0, 1.1, f64::NAN] {
        assert_eq!(build(1, share).expect_err("refused").field, "max_open");
    }
}
