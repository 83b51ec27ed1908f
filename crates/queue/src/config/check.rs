//! What is allowed.

use std::ops::RangeInclusive;
use std::time::Duration;

use seaworthy_core::ConfigError;

use super::{Config, Order, Overload};

const CAPACITY: RangeInclusive<usize> = 1..=100_000_000;
const CLASSES: RangeInclusive<u8> = 1..=16;
/// A year.
pub(crate) const TIME_MAX: Duration = Duration::from_secs(365 * 86_400);

/// Which functions of items the builder was given.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Given {
    pub(crate) class: bool,
    pub(crate) key: bool,
    pub(crate) weight: bool,
}

impl Config {
    pub(crate) fn check(&self, name: &str, given: Given) -> Result<(), ConfigError> {
        let capacity = self.capacity;
        let fits = CAPACITY.contains(&capacity);
        let allowed =
            "1 to 100000000: to hand items over without a queue, use a channel of capacity 1";
        ConfigError::unless(fits, name, "capacity", capacity, allowed)?;
        let classes = self.classes;
        let fits = CLASSES.contains(&classes);
        ConfigError::unless(fits, name, "classes", classes, "1 to 16")?;
        let fits = given.class == (classes > 1);
        let allowed = "more than 1 with a function `class`, and 1 without";
        ConfigError::unless(fits, name, "classes", classes, allowed)?;
        if let Some(weight) = self.max_weight {
            ConfigError::unless(weight > 0, name, "max_weight", weight, "at least 1")?;
            let allowed = "only with a function `weight`: without it, `capacity` says it all";
            ConfigError::unless(given.weight, name, "max_weight", weight, allowed)?;
        } else {
            let fits = !given.weight || self.order == Order::Fair;
            let allowed = "at least 1 with a function `weight`, unless it is for `Fair` only";
            ConfigError::unless(fits, name, "max_weight", "off", allowed)?;
        }
        self.check_order(name, given)?;
        self.check_overload(name)?;
        if let Some(codel) = self.codel {
            time(name, "codel.target", codel.target)?;
            time(name, "codel.interval", codel.interval)?;
            let fits = codel.interval > codel.target;
            let value = format_args!("{:?}", codel.interval);
            let allowed = format_args!("longer than the target of {:?}", codel.target);
            ConfigError::unless(fits, name, "codel.interval", value, allowed)?;
        }
        self.check_deliveries(name)
    }

    fn check_order(&self, name: &str, given: Given) -> Result<(), ConfigError> {
        let fair = self.order == Order::Fair;
        let value = format_args!("{:?}", self.order);
        let allowed = "`Fair` with a function `key`, and any other without";
        ConfigError::unless(given.key == fair, name, "order", value, allowed)?;
        match self.order {
            Order::AdaptiveLifo(standing) => time(name, "order.adaptive_lifo", standing),
            Order::Fifo | Order::Lifo | Order::Fair => Ok(()),
        }
    }

    fn check_overload(&self, name: &str) -> Result<(), ConfigError> {
        let value = format_args!("{:?}", self.overload);
        match self.overload {
            Overload::WaitFor(at_most) => time(name, "overload.wait_for", at_most)?,
            Overload::DropLeastImportant => {
                let fits = self.classes > 1;
                let allowed = "only with more than one class";
                ConfigError::unless(fits, name, "overload", value, allowed)?;
            }
            _ => {}
        }
        let waits = matches!(
            self.overload,
            Overload::Reject | Overload::Wait | Overload::WaitFor(_)
        );
        let allowed = "`Reject`, `Wait` or `WaitFor` on demand: dropping an item is no answer to who was not asked";
        ConfigError::unless(waits || !self.on_demand, name, "overload", value, allowed)
    }

    fn check_deliveries(&self, name: &str) -> Result<(), ConfigError> {
        let deliveries = self.deliveries;
        if let Some(lease) = deliveries.lease {
            time(name, "deliveries.lease", lease)?;
        }
        let attempts = deliveries.max_attempts;
        let field = "deliveries.max_attempts";
        ConfigError::unless(attempts > 0, name, field, attempts, "at least 1")?;
        if let Some(flights) = deliveries.max_in_flight {
            let field = "deliveries.max_in_flight";
            let fits = (1..=self.capacity).contains(&flights);
            let allowed = format_args!("1 to the capacity, which is {}", self.capacity);
            ConfigError::unless(fits, name, field, flights, allowed)?;
        }
        let letters = deliveries.dead_letters;
        let fits = letters <= *CAPACITY.end();
        let field = "deliveries.dead_letters";
        ConfigError::unless(fits, name, field, letters, "0 to 100000000")
    }
}

fn time(name: &str, field: &'static str, time: Duration) -> Result<(), ConfigError> {
    let fits = time > Duration::ZERO && time <= TIME_MAX;
    let value = format_args!("{time:?}");
    ConfigError::unless(fits, name, field, value, "above 0 s and at most a year")
}
