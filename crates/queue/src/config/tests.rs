//! What is allowed, and what is said of the rest.

use std::time::Duration;

use super::check::Given;
use super::{Codel, Config, Deliveries, Order, Overload};

const NONE: Given = Given {
    class: false,
    key: false,
    weight: false,
};
const WEIGHT: Given = Given {
    weight: true,
    ..NONE
};
const KEY: Given = Given { key: true, ..NONE };
const CLASS: Given = Given {
    class: true,
    ..NONE
};

const YEAR: Duration = Duration::from_secs(365 * 86_400);

fn changed(change: impl FnOnce(&mut Config)) -> Config {
    let mut config = Config::default();
    change(&mut config);
    config
}

fn delivering(change: impl FnOnce(&mut Deliveries)) -> Config {
    changed(|config| change(&mut config.deliveries))
}

fn controlled(target: Duration, interval: Duration) -> Config {
    changed(|config| config.codel = Some(Codel { target, interval }))
}

#[track_caller]
fn is_allowed(config: &Config, given: Given) {
    assert_eq!(config.check("jobs", given), Ok(()));
}

#[track_caller]
fn is_refused(config: &Config, given: Given, text: &str) {
    let error = config.check("jobs", given).expect_err("it is refused");
    assert_eq!(error.to_string(), format!("`jobs`: field {text}"));
}

#[test]
fn the_defaults_are_allowed_and_bounded() {
    let config = Config::default();
    is_allowed(&config, NONE);
    assert_eq!(config.capacity, 1024);
    assert_eq!(
        (config.overload, config.order),
        (Overload::Wait, Order::Fifo)
    );
    let codel = Codel::default();
    let (target, interval) = (Duration::from_millis(5), Duration::from_millis(100));
    assert_eq!((codel.target, codel.interval), (target, interval));
    let deliveries = config.deliveries;
    assert_eq!(deliveries.lease, Some(Duration::from_secs(30)));
    assert_eq!(
        (deliveries.max_attempts, deliveries.dead_letters),
        (5, 1024)
    );
}

#[test]
fn a_capacity_is_from_one_to_a_hundred_million() {
    for capacity in [1, 100_000_000] {
        is_allowed(&changed(|config| config.capacity = capacity), NONE);
    }
    for capacity in [0, 100_000_001] {
        let text = format!(
            "`capacity` is {capacity}, allowed: 1 to 100000000: to hand items over without a queue, use a channel of \
             capacity 1"
        );
        is_refused(&changed(|config| config.capacity = capacity), NONE, &text);
    }
}

#[test]
fn classes_go_with_a_function_that_tells_them() {
    for classes in [2, 16] {
        is_allowed(&changed(|config| config.classes = classes), CLASS);
        let text = format!(
            "`classes` is {classes}, allowed: more than 1 with a function `class`, and 1 without"
        );
        is_refused(&changed(|config| config.classes = classes), NONE, &text);
    }
    let text = "`classes` is 1, allowed: more than 1 with a function `class`, and 1 without";
    is_refused(&Config::default(), CLASS, text);
    for classes in [0, 17] {
        let text = format!("`classes` is {classes}, allowed: 1 to 16");
        is_refused(&changed(|config| config.classes = classes), CLASS, &text);
    }
}

#[test]
fn a_weight_is_for_a_limit_or_for_fairness() {
    for weight in [1, u64::MAX] {
        is_allowed(&changed(|config| config.max_weight = Some(weight)), WEIGHT);
    }
    let none = changed(|config| config.max_weight = Some(0));
    is_refused(&none, WEIGHT, "`max_weight` is 0, allowed: at least 1");
    is_refused(
        &changed(|config| config.max_weight = Some(9)),
        NONE,
        "`max_weight` is 9, allowed: only with a function `weight`: without it, `capacity` says it all",
    );
    is_refused(
        &Config::default(),
        WEIGHT,
        "`max_weight` is off, allowed: at least 1 with a function `weight`, unless it is for `Fair` only",
    );
    let fair = changed(|config| config.order = Order::Fair);
    let both = Given {
        key: true,
        ..WEIGHT
    };
    is_allowed(&fair, both);
}

#[test]
fn fair_goes_with_a_key() {
    let fair = changed(|config| config.order = Order::Fair);
    is_allowed(&fair, KEY);
    let allowed = "allowed: `Fair` with a function `key`, and any other without";
    is_refused(&fair, NONE, &format!("`order` is Fair, {allowed}"));
    is_refused(
        &Config::default(),
        KEY,
        &format!("`order` is Fifo, {allowed}"),
    );
}

#[test]
fn times_are_above_zero_and_at_most_a_year() {
    let over = YEAR + Duration::from_nanos(1);
    type Make = fn(Duration) -> Config;
    let fields: [(&str, Make); 3] = [
        ("order.adaptive_lifo", |time| {
            changed(|config| config.order = Order::AdaptiveLifo(time))
        }),
        ("overload.wait_for", |time| {
            changed(|config| config.overload = Overload::WaitFor(time))
        }),
        ("deliveries.lease", |time| {
            delivering(|deliveries| deliveries.lease = Some(time))
        }),
    ];
    for (field, make) in fields {
        for time in [Duration::from_nanos(1), YEAR] {
            is_allowed(&make(time), NONE);
        }
        for time in [Duration::ZERO, over, Duration::MAX] {
            let text = format!("`{field}` is {time:?}, allowed: above 0 s and at most a year");
            is_refused(&make(time), NONE, &text);
        }
    }
    is_allowed(&delivering(|deliveries| deliveries.lease = None), NONE);
}

#[test]
fn the_interval_of_codel_is_longer_than_its_target() {
    let ms = Duration::from_millis;
    is_allowed(&controlled(ms(5), ms(6)), NONE);
    let text = "`codel.interval` is 5ms, allowed: longer than the target of 5ms";
    is_refused(&controlled(ms(5), ms(5)), NONE, text);
    let text = "`codel.target` is 0ns, allowed: above 0 s and at most a year";
    is_refused(&controlled(ms(0), ms(5)), NONE, text);
    let text = "`codel.interval` is 0ns, allowed: above 0 s and at most a year";
    is_refused(&controlled(ms(5), ms(0)), NONE, text);
}

#[test]
fn the_least_important_is_dropped_only_where_there_are_classes() {
    let overload = Overload::DropLeastImportant;
    let text = "`overload` is DropLeastImportant, allowed: only with more than one class";
    is_refused(&changed(|config| config.overload = overload), NONE, text);
    let classes = changed(|config| (config.overload, config.classes) = (overload, 2));
    is_allowed(&classes, CLASS);
}

#[test]
fn on_demand_nothing_is_dropped() {
    let wait = Overload::WaitFor(Duration::from_secs(1));
    for overload in [Overload::Reject, Overload::Wait, wait] {
        let config = changed(|config| (config.overload, config.on_demand) = (overload, true));
        is_allowed(&config, NONE);
    }
    let drops = [
        Overload::DropOldest,
        Overload::DropNewest,
        Overload::DropLeastImportant,
    ];
    for overload in drops {
        let config = changed(|config| {
            (config.overload, config.on_demand, config.classes) = (overload, true, 2);
        });
        let text = format!(
            "`overload` is {overload:?}, allowed: `Reject`, `Wait` or `WaitFor` on demand: dropping an item is no answer \
             to who was not asked"
        );
        is_refused(&config, CLASS, &text);
    }
}

#[test]
fn deliveries_are_bounded() {
    let none = delivering(|deliveries| deliveries.max_attempts = 0);
    let text = "`deliveries.max_attempts` is 0, allowed: at least 1";
    is_refused(&none, NONE, text);
    is_allowed(&delivering(|deliveries| deliveries.max_attempts = 1), NONE);

    for flights in [1, 1024] {
        let config = delivering(|deliveries| deliveries.max_in_flight = Some(flights));
        is_allowed(&config, NONE);
    }
    for flights in [0, 1025] {
        let config = delivering(|deliveries| deliveries.max_in_flight = Some(flights));
        let text = format!(
            "`deliveries.max_in_flight` is {flights}, allowed: 1 to the capacity, which is 1024"
        );
        is_refused(&config, NONE, &text);
    }

    for letters in [0, 100_000_000] {
        let config = delivering(|deliveries| deliveries.dead_letters = letters);
        is_allowed(&config, NONE);
    }
    let many = delivering(|deliveries| deliveries.dead_letters = 100_000_001);
    let text = "`deliveries.dead_letters` is 100000001, allowed: 0 to 100000000";
    is_refused(&many, NONE, text);
}
