//! How many calls there may be, and who waits: plain data, checked in one place.

mod check;

use std::time::Duration;

use crate::limit::Limit;

pub(crate) use check::{LIMIT_MAX, check_same_partitions};

/// How many calls there may be at once, how many more may wait, and what is whose.
///
/// Plain data, with sensible defaults. What does not fit together is refused when a bulkhead is made of it, with the name
/// of the field, its value and what is allowed.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct Config {
    /// How many calls there may be at once. Default: 25.
    pub limit: Limit,
    /// How many calls may wait for a place, in each partition: at most a million. Default: 0, whoever finds no place is
    /// turned away.
    pub max_waiting: u32,
    /// For how long a call may wait: at most a day. Above 0 if calls may wait at all, and 0 otherwise. Default: 0.
    #[cfg_attr(feature = "serde", serde(with = "seaworthy_core::duration"))]
    pub max_wait: Duration,
    /// Classes of calls, at most 64, the most important first. Default: none, all calls are alike.
    pub partitions: Vec<Partition>,
}

/// A class of calls, and what of the limit is its own.
///
/// ```
/// use seaworthy_bulkhead::{Bulkhead, Partition};
///
/// let shop = Bulkhead::builder("shop")
///     .max_concurrent(40)
///     .partition(Partition::new("checkout").guaranteed(0.5).lends(false))
///     .partition(Partition::new("pages").guaranteed(0.25))
///     .partition(Partition::new("reports").borrows(false).guaranteed(0.1))
///     .build()?;
/// # Ok::<(), seaworthy_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Partition {
    /// What it is called: not empty, and like no other.
    pub name: String,
    /// The share of the limit that is its own, from 0 to 1; 1 at most for all together. It is rounded down to whole calls,
    /// but if there are any left over, a share above 0 is one call at least, for the important ones first. Default: 0.
    #[cfg_attr(feature = "serde", serde(default))]
    pub guaranteed: f64,
    /// Whether it may have more than that while others do not need it. If not, it has its guarantee, or one call at a
    /// time if that is less. Default: true.
    #[cfg_attr(feature = "serde", serde(default = "yes"))]
    pub borrows: bool,
    /// Whether others may have what it does not use. If so, and it needs it back, it gets every place that becomes free
    /// until it has all that is its own: none of it is lent from the moment when a call of it finds no place until 5 s
    /// after the last one that did not. If not, a call within its guarantee never finds its place taken; but it may find
    /// one of its class waiting that is so heavy that it has to borrow. Default: true.
    #[cfg_attr(feature = "serde", serde(default = "yes"))]
    pub lends: bool,
}

#[cfg(feature = "serde")]
fn yes() -> bool {
    true
}

impl Default for Config {
    fn default() -> Self {
        Self {
            limit: Limit::from(25),
            max_waiting: 0,
            max_wait: Duration::ZERO,
            partitions: Vec::new(),
        }
    }
}

impl Partition {
    /// A class to which nothing is guaranteed, which borrows.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            guaranteed: 0.0,
            borrows: true,
            lends: true,
        }
    }

    /// So great a share of the limit is its own, from 0 to 1.
    #[must_use]
    pub fn guaranteed(mut self, share: f64) -> Self {
        self.guaranteed = share;
        self
    }

    /// Whether it may have more than its own while others do not need it.
    #[must_use]
    pub fn borrows(mut self, borrows: bool) -> Self {
        self.borrows = borrows;
        self
    }

    /// Whether others may have of its own what it does not use.
    #[must_use]
    pub fn lends(mut self, lends: bool) -> Self {
        self.lends = lends;
        self
    }
}
