//! No acknowledged order may be lost: the answers that customers got against the database file.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::load::{Answer, Visit};
use crate::plan::Ask;
use crate::shop::database;
use crate::shop::store::Record;

/// The orders that were confirmed against those that are in the database file.
#[derive(Debug, Serialize)]
pub(crate) struct Orders {
    pub(crate) acknowledged: usize,
    pub(crate) found_on_disk: usize,
    /// Confirmed and not on disk, or not as they were placed. There must be none.
    pub(crate) lost: usize,
    /// On disk though the customer was told that it is not certain.
    pub(crate) unconfirmed: usize,
}

impl Orders {
    /// Looks up every confirmed order among those on disk, each of which can stand for one only.
    pub(crate) fn audit(visits: &[Visit], mut on_disk: BTreeMap<u64, Record>) -> Self {
        let confirmed = visits
            .iter()
            .filter_map(|visit| match (visit.arrival.ask, visit.answer) {
                (Ask::CheckOut(order), Answer::Confirmed(id)) => Some((id, database::price(order))),
                _ => None,
            });
        let (mut found_on_disk, mut lost) = (0, 0);
        for (id, record) in confirmed {
            if on_disk.remove(&id) == Some(record) {
                found_on_disk += 1;
            } else {
                lost += 1;
            }
        }
        let acknowledged = found_on_disk + lost;
        Self {
            acknowledged,
            found_on_disk,
            lost,
            unconfirmed: on_disk.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::plan::Arrival;
    use crate::shop::till::Order;

    #[test]
    fn an_order_on_disk_stands_for_one_confirmation_only() {
        let order = Order {
            product: 1,
            quantity: 2,
        };
        let arrival = Arrival {
            at: Duration::ZERO,
            ask: Ask::CheckOut(order),
            poison: false,
        };
        let confirmed = |id| Visit {
            arrival,
            left: Duration::ZERO,
            answer: Answer::Confirmed(id),
        };
        let visits = [
            confirmed(1),
            confirmed(2),
            confirmed(2),
            confirmed(3),
            confirmed(4),
        ];
        let mut on_disk: BTreeMap<u64, Record> =
            [1, 2, 3, 9].map(|id| (id, database::price(order))).into();
        on_disk.get_mut(&3).expect("it is there").quantity += 1;
        let orders = Orders::audit(&visits, on_disk);
        assert_eq!((orders.acknowledged, orders.found_on_disk), (5, 2));
        assert_eq!((orders.lost, orders.unconfirmed), (3, 1));
    }
}
