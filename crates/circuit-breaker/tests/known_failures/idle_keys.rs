//! Keys that nobody asks for any more, and keys of which too many are open.

use seaworthy_circuit_breaker::CircuitBreakers;

use super::*;

fn breakers(capacity: usize, max_open: f64, config: Config) -> CircuitBreakers<u32> {
    let builder = CircuitBreakers::builder("upstreams").config(config);
    let builder = builder.capacity(capacity).max_open(max_open);
    builder
        .registry(&Registry::new())
        .build()
        .expect("it is allowed")
}

fn open(breakers: &CircuitBreakers<u32>, key: u32) {
    fail(&breakers.get(key), 2);
    assert_eq!(breakers.get(key).state(), State::Open);
}

/// Three of four upstreams have gone for good. The fourth is protected when it goes down, once it is known that
/// nobody asks for the others: after `open.at_most`.
#[tokio::test(start_paused = true)]
async fn upstreams_that_are_gone_switch_the_others_off() {
    let upstreams = breakers(100, 0.5, config());
    (0..3).for_each(|key| open(&upstreams, key));
    open(&upstreams, 3);
    admitted(&upstreams.get(3_u32)).failure();
    advance(secs(11)).await;
    assert_eq!(
        upstreams.open_count(),
        0,
        "five open, five more without a call"
    );
    upstreams.get(3_u32).reset();
    open(&upstreams, 3);
    assert_eq!(upstreams.open_count(), 1);
    rejected(&upstreams.get(3_u32));
}

/// Pods that came, failed and went.
#[tokio::test(start_paused = true)]
async fn keys_that_were_open_once_fill_the_map_for_ever() {
    let upstreams = breakers(8, 1.0, config());
    (0..8).for_each(|key| open(&upstreams, key));
    fail(&upstreams.get(100_u32), 2);
    assert_eq!(upstreams.get(100_u32).view().failures, 0, "no room yet");
    advance(secs(11)).await;
    // Half open by now, and without a probe for long.
    assert_eq!(upstreams.find(&0).expect("there").state(), State::HalfOpen);
    open(&upstreams, 100);
    assert_eq!(upstreams.len(), 8);
    let kept = upstreams.entries();
    assert!(
        kept.iter()
            .any(|(key, it)| (*key, it.state()) == (100, State::Open))
    );
}

/// Every second key is half open while too many are open.
#[tokio::test(start_paused = true)]
async fn half_open_keys_turn_calls_away_although_too_many_are_open() {
    let upstreams = breakers(100, 0.5, config());
    (0..3).for_each(|key| open(&upstreams, key));
    drop(upstreams.get(3_u32));
    advance(secs(5) + NANO).await;
    let probe = admitted(&upstreams.get(0_u32));
    assert!(probe.is_probe());
    let beside = admitted(&upstreams.get(0_u32));
    assert!(!beside.is_probe());
    beside.failure();
    assert_eq!(
        upstreams.get(0_u32).state(),
        State::HalfOpen,
        "it counts nowhere"
    );
    probe.success();
    assert_eq!(upstreams.get(0_u32).state(), State::Closed);
    // Two of four are no more than half: those limit their probes.
    let probe = admitted(&upstreams.get(1_u32));
    rejected(&upstreams.get(1_u32));
    drop(probe);
}

/// An order is not forgotten for want of room.
#[tokio::test(start_paused = true)]
async fn a_key_that_only_counts_by_order_gives_way() {
    let upstreams = breakers(1, 1.0, config());
    upstreams.get(1_u32).metrics_only();
    advance(secs(3600)).await;
    drop(upstreams.get(2_u32));
    assert_eq!(upstreams.get(1_u32).state(), State::MetricsOnly);
    assert!(upstreams.find(&2).is_none());
}

/// `reconfigure` meets keys that are being made.
#[test]
fn a_key_that_is_made_meanwhile_keeps_the_old_configuration() {
    let upstreams = breakers(10_000, 1.0, config());
    std::thread::scope(|scope| {
        for thread in 0..2_u32 {
            let upstreams = &upstreams;
            scope.spawn(move || (0..1000).for_each(|key| drop(upstreams.get(thread * 1000 + key))));
        }
        for failures in 3..50 {
            let mut config = config();
            config.consecutive_failures = Some(failures);
            upstreams.reconfigure(config).expect("it is allowed");
        }
    });
    let failures = upstreams.config().consecutive_failures;
    for (key, breaker) in upstreams.entries() {
        assert_eq!(breaker.config().consecutive_failures, failures, "{key}");
    }
}

/// The same for certain: its name, which is written while it is made, is code of the user.
#[test]
fn a_key_that_is_made_while_the_configuration_changes() {
    struct Key(std::sync::Weak<std::sync::OnceLock<CircuitBreakers<Key>>>);
    impl std::fmt::Display for Key {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            let upstreams = self.0.upgrade().expect("they are there");
            let mut config = config();
            config.consecutive_failures = Some(77);
            let upstreams = upstreams.get().expect("they are made");
            upstreams.reconfigure(config).expect("it is allowed");
            f.write_str("key")
        }
    }
    impl std::hash::Hash for Key {
        fn hash<H: std::hash::Hasher>(&self, _: &mut H) {}
    }
    impl PartialEq for Key {
        fn eq(&self, _: &Self) -> bool {
            true
        }
    }
    impl Eq for Key {}
    let cell = std::sync::Arc::new(std::sync::OnceLock::new());
    let upstreams = CircuitBreakers::builder("upstreams")
        .config(config())
        .build();
    assert!(cell.set(upstreams.expect("it is allowed")).is_ok());
    let key = Key(std::sync::Arc::downgrade(&cell));
    let breaker = cell.get().expect("made").get(key);
    assert_eq!(breaker.config().consecutive_failures, Some(77));
}

/// An order holds though too many are open.
#[tokio::test(start_paused = true)]
async fn a_key_that_was_closed_by_order_is_let_through() {
    let upstreams = breakers(100, 0.5, config());
    (0..3).for_each(|key| open(&upstreams, key));
    admitted(&upstreams.get(0_u32)).success();
    upstreams.get(3_u32).force_open();
    rejected(&upstreams.get(3_u32));
}

/// Only the instance that was ready may call the service behind it.
#[tokio::test(start_paused = true)]
async fn a_clone_of_a_ready_service_calls_what_is_not_ready() {
    use tower::{Layer, Service, ServiceExt};
    let calls = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = std::sync::Arc::clone(&calls);
    let inner = tower::service_fn(move |key: u32| {
        counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        std::future::ready(Ok::<_, seaworthy_core::BoxError>(key))
    });
    let upstreams = breakers(10, 1.0, config());
    let mut service = upstreams.layer(|key: &u32| *key).layer(inner);
    let mut clone = service.ready().await.expect("ready").clone();
    assert!(clone.call(1).await.is_err());
    service.call(1).await.expect("well");
    assert!(
        service.call(1).await.is_err(),
        "once for each time that it was ready"
    );
    assert_eq!(calls.load(std::sync::atomic::Ordering::SeqCst), 1);
}
