//! What a configuration may be.

use std::collections::HashSet;
use std::time::Duration;

use seaworthy_core::ConfigError;

use super::{Config, Partition};

/// The greatest limit; the word in which calls are counted has room for more.
pub(crate) const LIMIT_MAX: u32 = 1_000_000;
const WAITING_MAX: u32 = 1_000_000;
const TIME_MAX: Duration = Duration::from_secs(24 * 3600);
const PARTITIONS_MAX: usize = 64;

impl Config {
    /// Whether this can be, for the component of this name.
    pub(crate) fn check(&self, name: &str) -> Result<(), ConfigError> {
        self.limit.check(name)?;
        self.check_waiting(name)?;
        check_partitions(name, &self.partitions)
    }

    fn check_waiting(&self, name: &str) -> Result<(), ConfigError> {
        let (places, time) = (self.max_waiting, self.max_wait);
        let allowed = format_args!("at most {WAITING_MAX}");
        ConfigError::unless(places <= WAITING_MAX, name, "max_waiting", places, allowed)?;
        let shown = format_args!("{time:?}");
        let (fits, allowed) = if places == 0 {
            (time.is_zero(), "0, since `max_waiting` is 0: nobody waits")
        } else {
            let fits = !time.is_zero() && time <= TIME_MAX;
            (fits, "above 0 and at most a day, since calls may wait")
        };
        ConfigError::unless(fits, name, "max_wait", shown, allowed)
    }
}

/// Whether a bulkhead with these partitions can go by those.
pub(crate) fn check_same_partitions(
    name: &str,
    are: &[Partition],
    asked: &[Partition],
) -> Result<(), ConfigError> {
    let names = |partitions: &[Partition]| -> Vec<String> {
        partitions.iter().map(|it| it.name.clone()).collect()
    };
    let (are, asked) = (names(are), names(asked));
    let value = format_args!("{asked:?}");
    let allowed = format_args!("the same names in the same order: {are:?}");
    ConfigError::unless(are == asked, name, "partitions", value, allowed)
}

fn check_partitions(name: &str, partitions: &[Partition]) -> Result<(), ConfigError> {
    let (count, field) = (partitions.len(), "partitions");
    let allowed = format_args!("at most {PARTITIONS_MAX}");
    ConfigError::unless(count <= PARTITIONS_MAX, name, field, count, allowed)?;
    let mut names = HashSet::new();
    let mut total = 0.0;
    for partition in partitions {
        let text = format_args!("`{}`", partition.name);
        let fits = !partition.name.is_empty() && names.insert(&partition.name);
        let allowed = "a name that is not empty, and like no other";
        ConfigError::unless(fits, name, "partitions.name", text, allowed)?;
        let share = partition.guaranteed;
        // What is not a number is not within it either.
        let fits = (0.0..=1.0).contains(&share);
        let field = "partitions.guaranteed";
        let value = format_args!("{share} for `{}`", partition.name);
        ConfigError::unless(fits, name, field, value, "0 to 1")?;
        total += share;
        let value = format_args!("{total} up to `{}`", partition.name);
        let allowed = "1 at most for all together";
        // Ten times 0.1 is a little more than 1.
        ConfigError::unless(total <= 1.0 + 1e-9, name, field, value, allowed)?;
    }
    Ok(())
}
