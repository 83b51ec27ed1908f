//! Configurations as they stand in files.
#![cfg(feature = "serde")]

use std::time::Duration;

use seaworthy_queue::{Codel, Config, Deliveries, Order, Overload, Queue};

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn all() -> Config {
    let mut config = Config::default();
    (config.capacity, config.max_weight) = (500, Some(1_000_000));
    (config.overload, config.order) = (Overload::WaitFor(ms(2000)), Order::AdaptiveLifo(ms(50)));
    (config.classes, config.on_demand) = (3, true);
    let mut codel = Codel::default();
    (codel.target, codel.interval) = (ms(10), ms(200));
    config.codel = Some(codel);
    let deliveries = &mut config.deliveries;
    (deliveries.lease, deliveries.max_attempts) = (Some(ms(60_000)), 3);
    (deliveries.max_in_flight, deliveries.dead_letters) = (Some(9), 0);
    config
}

#[test]
fn everything_can_be_said() {
    let json = r#"{
        "capacity": 500,
        "max_weight": 1000000,
        "overload": { "wait_for": "2s" },
        "order": { "adaptive_lifo": "50ms" },
        "classes": 3,
        "codel": { "target": "10ms", "interval": "200ms" },
        "on_demand": true,
        "deliveries": { "lease": "1m", "max_attempts": 3, "max_in_flight": 9, "dead_letters": 0 }
    }"#;
    let toml = r#"
        capacity = 500
        max_weight = 1000000
        overload = { wait_for = "2s" }
        order = { adaptive_lifo = "50ms" }
        classes = 3
        codel = { target = "10ms", interval = "200ms" }
        on_demand = true
        deliveries = { lease = "1m", max_attempts = 3, max_in_flight = 9, dead_letters = 0 }
    "#;
    assert_eq!(serde_json::from_str::<Config>(json).expect("read"), all());
    assert_eq!(toml::from_str::<Config>(toml).expect("read"), all());
    let builder = Queue::builder("q").config(all());
    let builder = builder.classes(3, |_: &u32| 0).weight(1_000_000, |_| 1);
    builder.build().expect("it is allowed");
}

#[track_caller]
fn survives(config: &Config) {
    let text = serde_json::to_string(config).expect("it can be written");
    assert_eq!(
        &serde_json::from_str::<Config>(&text).expect("read"),
        config,
        "{text}"
    );
    let text = toml::to_string(config).expect("it can be written");
    assert_eq!(
        &toml::from_str::<Config>(&text).expect("read"),
        config,
        "{text}"
    );
}

#[test]
fn what_is_written_is_read_again() {
    survives(&Config::default());
    survives(&all());
}

/// TOML has no null, so there is a word for it.
#[test]
fn what_can_be_switched_off() {
    let text = r#"
        max_weight = "off"
        codel = "off"
        deliveries = { lease = "off", max_in_flight = "off" }
    "#;
    let mut config = all();
    (config.max_weight, config.codel) = (None, None);
    (config.deliveries.lease, config.deliveries.max_in_flight) = (None, None);
    survives(&config);
    let config: Config = toml::from_str(text).expect("read");
    let mut expected = Config::default();
    expected.deliveries.lease = None;
    assert_eq!(config, expected);
    let null = r#"{ "codel": null, "deliveries": { "lease": null } }"#;
    assert_eq!(
        serde_json::from_str::<Config>(null).expect("read"),
        expected
    );
}

#[test]
fn what_is_left_out_is_the_default() {
    assert_eq!(
        toml::from_str::<Config>("").expect("read"),
        Config::default()
    );
    let text = r#"{ "codel": { "interval": "1s" }, "deliveries": { "max_attempts": 1 } }"#;
    let config: Config = serde_json::from_str(text).expect("read");
    let codel = config.codel.expect("it is on");
    assert_eq!((codel.target, codel.interval), (ms(5), ms(1000)));
    let deliveries = Deliveries::default();
    assert_eq!(config.deliveries.lease, deliveries.lease);
    assert_eq!(config.deliveries.max_attempts, 1);
}

/// By the names that the documentation shows.
#[test]
fn every_choice_has_a_name() {
    let overload: [Overload; 5] = serde_json::from_str(
        r#"["reject", "wait", "drop_oldest", "drop_newest", "drop_least_important"]"#,
    )
    .expect("read");
    use Overload::{DropLeastImportant, DropNewest, DropOldest, Reject, Wait};
    assert_eq!(
        overload,
        [Reject, Wait, DropOldest, DropNewest, DropLeastImportant]
    );
    let order: [Order; 3] = serde_json::from_str(r#"["fifo", "lifo", "fair"]"#).expect("read");
    assert_eq!(order, [Order::Fifo, Order::Lifo, Order::Fair]);
    for overload in overload {
        survives(&{
            let mut config = all();
            config.overload = overload;
            config
        });
    }
}

#[test]
fn what_is_misspelt_is_not_passed_over() {
    for (text, word) in [
        ("capacty = 1", "capacty"),
        ("codel = { targt = \"1ms\" }", "targt"),
        ("codel = \"of\"", "of"),
        ("deliveries = { leese = \"1s\" }", "leese"),
        ("deliveries = { lease = \"soon\" }", "soon"),
        ("overload = { wait_for = \"a while\" }", "a while"),
        ("overload = \"drop\"", "drop"),
        ("order = { adaptive_lifo = 3 }", "3"),
    ] {
        let error = toml::from_str::<Config>(text).expect_err("refused");
        assert!(error.to_string().contains(word), "{text}: {error}");
    }
}
