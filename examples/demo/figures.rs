//! What was measured, and how.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::load::{Answer, Visit};
use crate::plan::{Ask, Plan};
use crate::shop::database;
use crate::shop::store::Record;

/// How one shop did.
#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    /// Customers, without those whose request is poison.
    pub(crate) requests: usize,
    pub(crate) answered: usize,
    pub(crate) failed: usize,
    /// Answered of all requests.
    pub(crate) availability: f64,
    /// Of those answered, from the instant the customer came.
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    /// Requests that run into a bug of the shop; they count nowhere else.
    pub(crate) poison: usize,
    /// Tasks that ended by a panic, an error or a kill.
    pub(crate) crashes: u64,
    /// Tasks that were started again, supervisors among them.
    pub(crate) restarts: u64,
    pub(crate) longest_outage_ms: f64,
    /// Whether a page, an order and the report were to be had once the storm was over.
    pub(crate) up_at_end: bool,
    pub(crate) orders: Orders,
}

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

impl Figures {
    pub(crate) fn new(service: &Service, orders: Orders, plan: &Plan, tally: Tally) -> Self {
        let Service {
            requests,
            answered,
            p50,
            p99,
            longest_outage,
        } = *service;
        let millis = |time: Duration| time.as_secs_f64() * 1e3;
        Self {
            requests,
            answered,
            failed: requests - answered,
            availability: answered as f64 / requests.max(1) as f64,
            p50_ms: millis(p50),
            p99_ms: millis(p99),
            poison: plan
                .arrivals
                .iter()
                .filter(|arrival| arrival.poison)
                .count(),
            crashes: tally.crashes,
            restarts: tally.restarts,
            longest_outage_ms: millis(longest_outage),
            up_at_end: tally.up_at_end,
            orders,
        }
    }
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

/// What is known about a shop from the inside.
pub(crate) struct Tally {
    pub(crate) crashes: u64,
    pub(crate) restarts: u64,
    pub(crate) up_at_end: bool,
}

/// What the customers experienced, poison aside.
pub(crate) struct Service {
    pub(crate) requests: usize,
    pub(crate) answered: usize,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    pub(crate) longest_outage: Duration,
}

impl Service {
    pub(crate) fn measure(visits: &[Visit]) -> Self {
        let fair: Vec<&Visit> = visits
            .iter()
            .filter(|visit| !visit.arrival.poison)
            .collect();
        let mut waits: Vec<Duration> = fair
            .iter()
            .filter(|visit| visit.is_answered())
            .map(|visit| visit.wait())
            .collect();
        waits.sort_unstable();
        Self {
            requests: fair.len(),
            answered: waits.len(),
            p50: percentile(&waits, 50),
            p99: percentile(&waits, 99),
            longest_outage: longest_outage(&fair),
        }
    }
}

impl Visit {
    fn is_answered(&self) -> bool {
        self.answer != Answer::Failed
    }

    fn wait(&self) -> Duration {
        self.left.saturating_sub(self.arrival.at)
    }
}

/// The smallest value that is not exceeded by so many of a hundred.
fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted
        .get(rank.saturating_sub(1))
        .copied()
        .unwrap_or_default()
}

/// The longest time in which customers came for pages, or to check out, or for the report, and not
/// one of them was served: from the first of them to the next one of that kind who was. A shop that
/// shows its pages and takes no orders is out.
fn longest_outage(visits: &[&Visit]) -> Duration {
    let kinds = [
        |ask| matches!(ask, Ask::Products | Ask::Product(_)),
        |ask| matches!(ask, Ask::CheckOut(_)),
        |ask| matches!(ask, Ask::Report),
    ];
    let end = visits
        .iter()
        .map(|visit| visit.left)
        .max()
        .unwrap_or_default();
    let outage = |of_kind: fn(Ask) -> bool| {
        let mut moments = Vec::new();
        for visit in visits.iter().filter(|visit| of_kind(visit.arrival.ask)) {
            moments.push((visit.arrival.at, false));
            if visit.is_answered() {
                moments.push((visit.left, true));
            }
        }
        moments.sort_unstable();
        // Who is still waiting for the first success after this never got one.
        moments.push((end, true));
        let (mut longest, mut since) = (Duration::ZERO, None);
        for (at, served) in moments {
            let begun = *since.get_or_insert(at);
            if served {
                longest = longest.max(at.saturating_sub(begun));
                since = None;
            }
        }
        longest
    };
    kinds.into_iter().map(outage).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Arrival;
    use crate::shop::till::Order;

    const ORDER: Order = Order {
        product: 1,
        quantity: 2,
    };

    fn visit(ask: Ask, at: u64, left: u64, answer: Answer) -> Visit {
        let arrival = Arrival {
            at: Duration::from_millis(at),
            ask,
            poison: false,
        };
        Visit {
            arrival,
            left: Duration::from_millis(left),
            answer,
        }
    }

    fn outage(visits: &[Visit]) -> u128 {
        Service::measure(visits).longest_outage.as_millis()
    }

    #[test]
    fn an_outage_lasts_from_the_first_who_waits_to_the_next_who_is_served() {
        let visits = [
            visit(Ask::Products, 0, 1, Answer::Page),
            visit(Ask::Products, 100, 101, Answer::Failed),
            visit(Ask::Products, 150, 300, Answer::Page),
            visit(Ask::Products, 900, 902, Answer::Page),
        ];
        assert_eq!(outage(&visits), 200);
    }

    #[test]
    fn pages_do_not_make_up_for_a_checkout_that_never_comes_back() {
        let visits = [
            visit(Ask::CheckOut(ORDER), 0, 1, Answer::Confirmed(1)),
            visit(Ask::CheckOut(ORDER), 50, 51, Answer::Failed),
            visit(Ask::Products, 60, 61, Answer::Page),
            visit(Ask::Products, 400, 401, Answer::Page),
        ];
        assert_eq!(outage(&visits), 351);
    }

    #[test]
    fn who_is_served_late_waits_but_is_no_failure() {
        let service = Service::measure(&[
            visit(Ask::Report, 0, 10, Answer::Page),
            visit(Ask::Report, 0, 90, Answer::Page),
            visit(Ask::Report, 0, 20, Answer::Failed),
        ]);
        assert_eq!((service.requests, service.answered), (3, 2));
        assert_eq!((service.p50.as_millis(), service.p99.as_millis()), (10, 90));
    }

    #[test]
    fn an_order_on_disk_stands_for_one_confirmation_only() {
        let confirmed = |id| visit(Ask::CheckOut(ORDER), 0, 1, Answer::Confirmed(id));
        let visits = [
            confirmed(1),
            confirmed(2),
            confirmed(2),
            confirmed(3),
            confirmed(4),
        ];
        let mut on_disk: BTreeMap<u64, Record> =
            [1, 2, 3, 9].map(|id| (id, database::price(ORDER))).into();
        on_disk.get_mut(&3).expect("it is there").quantity += 1;
        let orders = Orders::audit(&visits, on_disk);
        assert_eq!((orders.acknowledged, orders.found_on_disk), (5, 2));
        assert_eq!((orders.lost, orders.unconfirmed), (3, 1));
    }
}
