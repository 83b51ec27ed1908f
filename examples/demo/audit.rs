//! No acknowledged order may be lost and none stored twice: the answers that customers got against the database file.

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;

use crate::load::{Answer, Told, Visit};
use crate::plan::{Ask, Who};
use crate::shop::database;
use crate::shop::store::Record;

/// The orders that were confirmed against those that are in the database file.
#[derive(Debug, Serialize)]
pub(crate) struct Orders {
    pub(crate) placed: usize,
    pub(crate) acknowledged: usize,
    pub(crate) found_on_disk: usize,
    /// Confirmed and not on disk, or not as they were placed. There must be none.
    pub(crate) lost: usize,
    /// On disk though the customer was told that it is not certain.
    pub(crate) unconfirmed: usize,
    /// On disk, and already there under another id. There must be none.
    pub(crate) twice: usize,
    /// Neither confirmed, nor was the customer told what that means.
    pub(crate) unexplained: usize,
    /// Those that no worker can handle.
    pub(crate) cursed: usize,
    /// Those of them whose customers were told so; the others were turned away, or came too late.
    pub(crate) cursed_given_up: usize,
    /// Orders that anybody could have handled, whose customers were told that nobody can. There must be none.
    pub(crate) innocent_given_up: usize,
}

impl Orders {
    /// Looks up every confirmed order among those on disk, each of which can stand for one only.
    pub(crate) fn audit(visits: &[Visit], mut on_disk: BTreeMap<u64, Record>) -> Self {
        let mut tokens = HashSet::new();
        let again = on_disk.values().filter(|it| !tokens.insert(it.token));
        let twice = again.count();
        let placed = || {
            let orders = visits.iter();
            orders.filter(|it| matches!(it.arrival.ask, Ask::CheckOut(_)))
        };
        let of = |who: fn(Who) -> bool, answer: Option<Answer>| {
            let meant = placed().filter(|it| who(it.arrival.who));
            meant
                .filter(|it| answer.is_none_or(|answer| it.answer == answer))
                .count()
        };
        let is_cursed = |who| who == Who::Poison;
        let given_up = Some(Answer::Told(Told::GivenUp));
        let confirmed = visits
            .iter()
            .filter_map(|visit| match (visit.arrival.ask, visit.answer) {
                (Ask::CheckOut(order), Answer::Confirmed(id)) => Some((id, database::price(order))),
                _ => None,
            });
        let (mut found_on_disk, mut lost) = (0, 0);
        for (id, sale) in confirmed {
            if on_disk.remove(&id).map(|record| record.sale) == Some(sale) {
                found_on_disk += 1;
            } else {
                lost += 1;
            }
        }
        let acknowledged = found_on_disk + lost;
        Self {
            placed: of(|_| true, None),
            acknowledged,
            found_on_disk,
            lost,
            unconfirmed: on_disk.len(),
            twice,
            unexplained: of(|_| true, Some(Answer::Failed)),
            cursed: of(is_cursed, None),
            cursed_given_up: of(is_cursed, given_up),
            innocent_given_up: of(|who| who != Who::Poison, given_up),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shop::till::Order;

    const ORDER: Order = Order {
        product: 1,
        quantity: 2,
    };

    fn visit(who: Who, answer: Answer) -> Visit {
        Visit::of(who, Ask::CheckOut(ORDER), 0, 0, answer)
    }

    /// An order under each id, with these tokens.
    fn disk(orders: &[(u64, u128)]) -> BTreeMap<u64, Record> {
        let sale = database::price(ORDER);
        let records = orders.iter().map(|(id, token)| {
            let token = *token;
            (*id, Record { sale, token })
        });
        records.collect()
    }

    #[test]
    fn an_order_on_disk_stands_for_one_confirmation_only() {
        let visits = [1, 2, 2, 3, 4].map(|id| visit(Who::Ordinary, Answer::Confirmed(id)));
        let mut on_disk = disk(&[(1, 11), (2, 12), (3, 13), (9, 19)]);
        on_disk.get_mut(&3).expect("it is there").sale.quantity += 1;
        let orders = Orders::audit(&visits, on_disk);
        assert_eq!((orders.acknowledged, orders.found_on_disk), (5, 2));
        assert_eq!((orders.lost, orders.unconfirmed), (3, 1));
        assert_eq!(orders.twice, 0);
    }

    #[test]
    fn an_order_is_on_disk_twice_if_its_token_is() {
        let orders = Orders::audit(&[], disk(&[(1, 11), (2, 12), (3, 11), (4, 11)]));
        assert_eq!(orders.twice, 2);
    }

    #[test]
    fn nobody_is_left_without_a_word() {
        let told = Answer::Told;
        let visits = [
            visit(Who::Ordinary, Answer::Failed),
            visit(Who::Flood, told(Told::TurnedAway)),
            visit(Who::Flood, told(Told::GivenUp)),
            visit(Who::Poison, told(Told::GivenUp)),
            visit(Who::Poison, told(Told::Unsure)),
        ];
        let orders = Orders::audit(&visits, BTreeMap::new());
        assert_eq!((orders.placed, orders.unexplained), (5, 1));
        assert_eq!((orders.cursed, orders.cursed_given_up), (2, 1));
        assert_eq!(orders.innocent_given_up, 1);
    }
}
