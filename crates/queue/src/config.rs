//! How much a queue holds, who goes first, and what becomes of the rest: plain data, checked in one place.

pub(crate) mod check;
#[cfg(test)]
mod tests;

use std::time::Duration;

/// How much a queue holds, who goes first, and what becomes of the rest.
///
/// Plain data, with sensible defaults. What does not fit together is refused when a queue is made of it, with the name
/// of the field, its value and what is allowed. What depends on an item, such as its class or its key, is a function
/// that is given to the [builder](crate::QueueBuilder).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct Config {
    /// How many items it holds at most: those that wait, those that were delivered and not acknowledged, and the places
    /// that are reserved. From 1 to a hundred million. Default: 1024. Memory is taken as items come.
    pub capacity: usize,
    /// How much all of them may weigh together, by the weights that the builder's
    /// [`weight`](crate::QueueBuilder::weight) gives them, such as bytes. At least 1. `None`, which is the default: any,
    /// and then weights are of use to [`Order::Fair`] only.
    #[cfg_attr(feature = "serde", serde(with = "seaworthy_core::off"))]
    pub max_weight: Option<u64>,
    /// What becomes of an item for which there is no room.
    pub overload: Overload,
    /// Which item goes first, among those of the same class.
    pub order: Order,
    /// How many classes there are, from 1 to 16; those of class 0 go before all others. Default: 1.
    pub classes: u8,
    /// Items are dropped that have waited for too long in a queue that does not become empty. `None`, which is the
    /// default: however long it takes.
    #[cfg_attr(feature = "serde", serde(with = "seaworthy_core::off"))]
    pub codel: Option<Codel>,
    /// Items are let in only as far as receivers have [asked for them](crate::Receiver::demand). Who has asked for five
    /// receives five: if one is dropped, because it expired for instance, another one is let in. What is delivered again
    /// needs no asking. Default: no.
    pub on_demand: bool,
    /// What becomes of items that were delivered.
    pub deliveries: Deliveries,
}

/// What becomes of an item for which there is no room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
pub enum Overload {
    /// It is handed back at once.
    Reject,
    /// `send` waits until there is room; `try_send` hands it back.
    #[default]
    Wait,
    /// As [`Wait`](Self::Wait), but for so long at most: then it is handed back.
    WaitFor(#[cfg_attr(feature = "serde", serde(with = "seaworthy_core::duration"))] Duration),
    /// The item that has waited longest makes room for it: of the least important class, if there are classes, as long as
    /// that is not more important than the new item's; of the key that has most, with [`Order::Fair`]. As many give way as
    /// it takes. If that is not enough, because the rest is with workers, none does, and the new item is dropped.
    DropOldest,
    /// It is dropped.
    DropNewest,
    /// As [`DropOldest`](Self::DropOldest), but only items of less important classes make room for it. If that is not
    /// enough, it is handed back at once.
    DropLeastImportant,
}

/// Which item goes first.
///
/// One that was [delivered](crate::Receiver::recv_delivery) and comes again goes before all others of its class, or of
/// its key with [`Fair`](Self::Fair), in every order. Among several of them the order is the one in which they were sent
/// (the reverse with [`Lifo`](Self::Lifo)), whichever failed first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
pub enum Order {
    /// The one that came first.
    #[default]
    Fifo,
    /// The one that came last: under load some are served in time, and the others not at all.
    Lifo,
    /// The one that came first, while the oldest has waited for no longer than this; the one that came last otherwise.
    AdaptiveLifo(#[cfg_attr(feature = "serde", serde(with = "seaworthy_core::duration"))] Duration),
    /// In turn by the [key](crate::QueueBuilder::fair_by) of the items, each key as much as the others, by weight; the
    /// one that came first among those of one key. Keys without items cost nothing. What is dropped when it is its turn
    /// does not count against its key.
    Fair,
}

/// When items have waited for too long: [controlled delay](https://queue.acm.org/detail.cfm?id=2209336), as folly does
/// it for requests.
///
/// If the least time that any item has waited in a whole interval is above the target, the queue stands: in the next
/// interval items are dropped that have waited for more than twice the target when it is their turn. The first one of
/// an interval is not, nor is the last one in the queue: once that becomes empty, it does not stand any more. Items that
/// come again are left alone. Each class is looked at on its own, so that an important one that goes through at once does
/// not hide that another one stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct Codel {
    /// Above 0, at most a year. Default: 5 ms.
    #[cfg_attr(feature = "serde", serde(with = "seaworthy_core::duration"))]
    pub target: Duration,
    /// Longer than the target, at most a year. Default: 100 ms.
    #[cfg_attr(feature = "serde", serde(with = "seaworthy_core::duration"))]
    pub interval: Duration,
}

/// What becomes of items that were [delivered](crate::Receiver::recv_delivery).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct Deliveries {
    /// A delivery that was not acknowledged after this time is made again, to whoever asks: its worker hangs. One that is
    /// acknowledged at that very moment is too late. Above 0, at most a year. `None`: it may take any time. Default: 30 s.
    #[cfg_attr(feature = "serde", serde(with = "seaworthy_core::off::duration"))]
    pub lease: Option<Duration>,
    /// After so many deliveries without an acknowledgement an item is a dead letter. At least 1. Default: 5.
    pub max_attempts: u32,
    /// How many may be under way at the same time. From 1 to the capacity. `None`, which is the default: as many as the
    /// queue holds.
    #[cfg_attr(feature = "serde", serde(with = "seaworthy_core::off"))]
    pub max_in_flight: Option<usize>,
    /// How many dead letters are kept; the oldest is dropped for one more. They do not count against the capacity. From 0,
    /// which is to drop them at once, to a hundred million. Default: 1024.
    pub dead_letters: usize,
}

impl Config {
    /// Whether what becomes of an item depends on how long it has waited.
    pub(crate) fn is_timed(&self) -> bool {
        self.codel.is_some() || matches!(self.order, Order::AdaptiveLifo(_))
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            capacity: 1024,
            max_weight: None,
            overload: Overload::default(),
            order: Order::default(),
            classes: 1,
            codel: None,
            on_demand: false,
            deliveries: Deliveries::default(),
        }
    }
}

impl Default for Codel {
    fn default() -> Self {
        Self {
            target: Duration::from_millis(5),
            interval: Duration::from_millis(100),
        }
    }
}

impl Default for Deliveries {
    fn default() -> Self {
        Self {
            lease: Some(Duration::from_secs(30)),
            max_attempts: 5,
            max_in_flight: None,
            dead_letters: 1024,
        }
    }
}
