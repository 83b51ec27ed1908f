//! What the customers experienced: how many were served, how soon, and how long nobody was.

use std::time::Duration;

use crate::load::{Answer, Visit};
use crate::plan::{Ask, Who};

/// What the ordinary customers experienced, without the poison and the flood.
pub(crate) struct Service {
    pub(crate) requests: usize,
    pub(crate) answered: usize,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    pub(crate) longest_outage: Duration,
    /// The age of the oldest report that was served.
    pub(crate) oldest_report: Duration,
    /// Customers who asked what shipping costs, and those who were told.
    pub(crate) quotes: (usize, usize),
}

impl Service {
    /// Of a load that came for `length`.
    pub(crate) fn measure(visits: &[Visit], length: Duration) -> Self {
        let fair: Vec<&Visit> = visits
            .iter()
            .filter(|visit| visit.arrival.who == Who::Ordinary)
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
            longest_outage: longest_outage(&fair, length),
            oldest_report: oldest_report(&fair),
            quotes: quotes(&fair),
        }
    }
}

impl Visit {
    pub(crate) fn is_answered(&self) -> bool {
        !matches!(self.answer, Answer::Failed | Answer::Told(_))
    }

    pub(crate) fn wait(&self) -> Duration {
        self.left.saturating_sub(self.arrival.at)
    }
}

/// The smallest value that is not exceeded by so many of a hundred.
pub(crate) fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted
        .get(rank.saturating_sub(1))
        .copied()
        .unwrap_or_default()
}

/// So many of all; all, if there are none.
pub(crate) fn share(of: usize, all: usize) -> f64 {
    if all == 0 {
        1.0
    } else {
        of as f64 / all as f64
    }
}

fn oldest_report(visits: &[&Visit]) -> Duration {
    let ages = visits.iter().filter_map(|visit| match visit.answer {
        Answer::Report(age) => Some(age),
        _ => None,
    });
    ages.max().unwrap_or_default()
}

fn quotes(visits: &[&Visit]) -> (usize, usize) {
    let asked = visits
        .iter()
        .filter(|visit| matches!(visit.arrival.ask, Ask::Shipping(_)));
    let answered = asked.clone().filter(|visit| visit.is_answered());
    (asked.count(), answered.count())
}

/// The longest time in which customers came for pages, to check out, for the report or for a quote, and not
/// one of them was served: from the first of them to the next one of that kind who was, or to the end
/// of the load. A shop that shows its pages and takes no orders is out.
fn longest_outage(visits: &[&Visit], length: Duration) -> Duration {
    let kinds = [
        |ask| matches!(ask, Ask::Products | Ask::Product(_)),
        |ask| matches!(ask, Ask::CheckOut(_)),
        |ask| matches!(ask, Ask::Report),
        |ask| matches!(ask, Ask::Shipping(_)),
    ];
    let last = visits.iter().map(|visit| visit.left).max();
    let end = last.unwrap_or_default().max(length);
    let outage = |of_kind: fn(Ask) -> bool| {
        let mut moments = Vec::new();
        for visit in visits.iter().filter(|visit| of_kind(visit.arrival.ask)) {
            moments.push((visit.arrival.at, false));
            if visit.is_answered() {
                moments.push((visit.left, true));
            }
        }
        moments.sort_unstable();
        // Who was not served by then never was.
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
            who: Who::Ordinary,
        };
        Visit {
            arrival,
            left: Duration::from_millis(left),
            answer,
        }
    }

    fn outage(visits: &[Visit]) -> u128 {
        Service::measure(visits, Duration::from_secs(1))
            .longest_outage
            .as_millis()
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
        assert_eq!(outage(&visits), 950);
    }

    #[test]
    fn who_is_served_late_waits_but_is_no_failure() {
        let visits = [
            visit(Ask::Report, 0, 10, Answer::Page),
            visit(Ask::Report, 0, 90, Answer::Page),
            visit(Ask::Report, 0, 20, Answer::Failed),
        ];
        let service = Service::measure(&visits, Duration::ZERO);
        assert_eq!((service.requests, service.answered), (3, 2));
        assert_eq!((service.p50.as_millis(), service.p99.as_millis()), (10, 90));
    }
}
