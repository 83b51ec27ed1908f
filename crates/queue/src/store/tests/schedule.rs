//! Random configurations, and what is done.

use std::panic::resume_unwind;
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::Index;
use seaworthy_core::panic::{self, Panicked};

use super::ms;
use crate::config::check::Given;
use crate::config::{Codel, Config, Deliveries, Order, Overload};
use crate::store::Ending;

#[derive(Clone, Debug)]
pub(super) enum Action {
    Offer(Sketch),
    Take,
    /// Without a departure, the copy for the worker is still being made.
    Board {
        departs: bool,
    },
    Depart(Index),
    End(Index, Ending),
    /// Of a delivery that ended long ago, maybe.
    EndAgain(Index, Ending),
    Extend(Index),
    Demand(u64),
    Reserve(u32),
    Fill(Index, Sketch),
    Unreserve(Index),
    /// Of an item that may be gone, or with a worker.
    Withdraw(Index),
    Reconfigure(Box<Config>),
    Advance(Duration),
    GoBack(Duration),
    /// To the moment at which something is due.
    AdvanceToDue,
    TakeDead,
    DrainOne,
}

/// What is random of an item.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sketch {
    pub(super) weight: u32,
    pub(super) key: u64,
    pub(super) class: u8,
    /// In milliseconds.
    pub(super) useful_for: Option<u64>,
}

fn order() -> impl Strategy<Value = Order> {
    prop_oneof![
        2 => Just(Order::Fifo),
        2 => Just(Order::Lifo),
        2 => (1u64..20).prop_map(|time| Order::AdaptiveLifo(ms(time))),
        4 => Just(Order::Fair),
    ]
}

fn overload() -> impl Strategy<Value = Overload> {
    prop_oneof![
        1 => Just(Overload::Reject),
        1 => Just(Overload::Wait),
        1 => Just(Overload::WaitFor(ms(5))),
        1 => Just(Overload::DropNewest),
        2 => Just(Overload::DropOldest),
        2 => Just(Overload::DropLeastImportant),
    ]
}

fn deliveries() -> impl Strategy<Value = Deliveries> {
    let lease = prop::option::of((1u64..20).prop_map(ms));
    let in_flight = prop::option::of(1usize..4);
    (lease, 1u32..4, in_flight, 0usize..3).prop_map(
        |(lease, max_attempts, max_in_flight, dead_letters)| Deliveries {
            lease,
            max_attempts,
            max_in_flight,
            dead_letters,
        },
    )
}

fn codel() -> impl Strategy<Value = Codel> {
    (1u64..4, 1u64..12).prop_map(|(target, more)| Codel {
        target: ms(target),
        interval: ms(target + more),
    })
}

pub(super) fn config() -> impl Strategy<Value = Config> {
    let size = (1usize..8, prop::option::of(1u64..16));
    let rest = (1u8..4, prop::option::of(codel()), prop::bool::weighted(0.2));
    (size, overload(), order(), rest, deliveries()).prop_map(
        |((capacity, max_weight), overload, order, (classes, codel, on_demand), deliveries)| {
            let mut config = Config {
                capacity,
                max_weight,
                overload,
                order,
                classes,
                codel,
                on_demand,
                deliveries,
            };
            mend(&mut config);
            config
        },
    )
}

/// Makes it one that is allowed.
fn mend(config: &mut Config) {
    let most = &mut config.deliveries.max_in_flight;
    *most = most.map(|most| most.min(config.capacity));
    match config.overload {
        Overload::DropLeastImportant => {
            config.classes = config.classes.max(2);
            config.on_demand = false;
        }
        Overload::DropOldest | Overload::DropNewest => config.on_demand = false,
        _ => {}
    }
    let given = Given {
        class: config.classes > 1,
        key: config.order == Order::Fair,
        weight: config.max_weight.is_some(),
    };
    assert_eq!(config.check("schedule", given), Ok(()));
}

fn sketch() -> impl Strategy<Value = Sketch> {
    let weight = prop_oneof![4 => Just(1u32), 4 => 0u32..6, 1 => 6u32..18];
    let useful_for = prop::option::weighted(0.2, 0u64..15);
    (weight, 0u64..4, 0u8..4, useful_for).prop_map(|(weight, key, class, useful_for)| Sketch {
        weight,
        key,
        class,
        useful_for,
    })
}

fn a_panic() -> Option<Panicked> {
    let caught = panic::catch(|| resume_unwind(Box::new("no")));
    caught.err()
}

pub(super) fn ending() -> impl Strategy<Value = Ending> {
    prop_oneof![
        6 => Just(Ending::Ack),
        2 => Just(Ending::Nack(Duration::ZERO)),
        4 => (1u64..20).prop_map(|time| Ending::Nack(ms(time))),
        1 => Just(Ending::Nack(Duration::MAX)),
        3 => Just(Ending::Dropped),
        1 => Just(Ending::Panicked(None)),
        1 => Just(Ending::Panicked(a_panic())),
        2 => Just(Ending::Spared),
        1 => Just(Ending::Bury),
    ]
}

fn action() -> impl Strategy<Value = Action> {
    let index = any::<Index>;
    prop_oneof![
        30 => sketch().prop_map(Action::Offer),
        10 => Just(Action::Take),
        20 => prop::bool::weighted(0.9).prop_map(|departs| Action::Board { departs }),
        4 => index().prop_map(Action::Depart),
        16 => (index(), ending()).prop_map(|(which, how)| Action::End(which, how)),
        2 => (index(), ending()).prop_map(|(which, how)| Action::EndAgain(which, how)),
        2 => index().prop_map(Action::Extend),
        6 => (0u64..4).prop_map(Action::Demand),
        4 => (0u32..4).prop_map(Action::Reserve),
        4 => (index(), sketch()).prop_map(|(which, sketch)| Action::Fill(which, sketch)),
        2 => index().prop_map(Action::Unreserve),
        6 => index().prop_map(Action::Withdraw),
        1 => config().prop_map(|config| Action::Reconfigure(Box::new(config))),
        12 => (0u64..12).prop_map(|time| Action::Advance(ms(time))),
        1 => (0u64..12).prop_map(|time| Action::GoBack(ms(time))),
        1 => Just(Action::Advance(ms(86_400_000))),
        4 => Just(Action::AdvanceToDue),
        2 => Just(Action::TakeDead),
        1 => Just(Action::DrainOne),
    ]
}

pub(super) fn schedule() -> impl Strategy<Value = Vec<Action>> {
    prop::collection::vec(action(), 1..80)
}
