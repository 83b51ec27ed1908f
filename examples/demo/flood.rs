//! What became of those who came all at once, as they saw it.

use std::ops::Range;
use std::time::Duration;

use serde::Serialize;

use crate::load::{Answer, Told, Visit};
use crate::plan::{Ask, Who};
use crate::service::percentile;

/// What those who came with a flood experienced, all of whom wanted to order.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Flood {
    pub(crate) customers: usize,
    pub(crate) confirmed: usize,
    /// They know that their order was not stored, and when to come again.
    pub(crate) turned_away: usize,
    /// How long those waited who were turned away, half of them at least.
    pub(crate) turned_away_p50_ms: Option<f64>,
    /// How long those waited who were served.
    pub(crate) p99_ms: f64,
    /// What others asked for meanwhile that is no order, and what of it was answered.
    pub(crate) pages_asked: usize,
    pub(crate) pages_answered: usize,
    /// Orders of others just after the flood, for as long as it took, and those of them that were confirmed.
    pub(crate) after_asked: usize,
    pub(crate) after_confirmed: usize,
}

impl Flood {
    /// Of floods that lasted from when to when.
    pub(crate) fn measure(visits: &[Visit], floods: &[Range<Duration>]) -> Self {
        let flood = || visits.iter().filter(|it| it.arrival.who == Who::Flood);
        let waits = |is_meant: fn(Answer) -> bool| {
            let meant = flood().filter(|it| is_meant(it.answer));
            let mut waits: Vec<Duration> = meant.map(Visit::wait).collect();
            waits.sort_unstable();
            waits
        };
        let confirmed = waits(|answer| matches!(answer, Answer::Confirmed(_)));
        let turned_away = waits(|answer| answer == Answer::Told(Told::TurnedAway));
        let ordinary = || visits.iter().filter(|it| it.arrival.who == Who::Ordinary);
        let wants_to_order = |it: &&Visit| matches!(it.arrival.ask, Ask::CheckOut(_));
        let pages = || {
            let meanwhile = |it: &&Visit| floods.iter().any(|flood| flood.contains(&it.arrival.at));
            ordinary()
                .filter(meanwhile)
                .filter(move |it| !wants_to_order(it))
        };
        let after = || {
            let is_after = |flood: &Range<Duration>, at| {
                (flood.end..flood.end + (flood.end - flood.start)).contains(&at)
            };
            let soon = move |it: &&Visit| floods.iter().any(|flood| is_after(flood, it.arrival.at));
            ordinary().filter(soon).filter(wants_to_order)
        };
        let half = percentile(&turned_away, 50);
        let turned_away_p50 = (!turned_away.is_empty()).then_some(half);
        let millis = |time: Duration| time.as_secs_f64() * 1e3;
        Self {
            customers: flood().count(),
            confirmed: confirmed.len(),
            turned_away: turned_away.len(),
            turned_away_p50_ms: turned_away_p50.map(millis),
            p99_ms: millis(percentile(&confirmed, 99)),
            pages_asked: pages().count(),
            pages_answered: pages().filter(|it| it.is_answered()).count(),
            after_asked: after().count(),
            after_confirmed: after().filter(|it| it.is_answered()).count(),
        }
    }

    /// Those who do not know whether their order is stored, who got no answer at all, or for whom there was no database.
    pub(crate) fn failed(&self) -> usize {
        self.customers - self.confirmed - self.turned_away
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shop::till::Order;

    #[test]
    fn who_is_turned_away_is_told_from_who_waits_in_vain() {
        let order = Ask::CheckOut(Order {
            product: 1,
            quantity: 2,
        });
        let visits = [
            Visit::of(Who::Flood, order, 100, 130, Answer::Confirmed(1)),
            Visit::of(Who::Flood, order, 110, 310, Answer::Confirmed(2)),
            Visit::of(Who::Flood, order, 120, 121, Answer::Told(Told::TurnedAway)),
            Visit::of(Who::Flood, order, 120, 1120, Answer::Told(Told::Unsure)),
            Visit::of(Who::Flood, order, 120, 3120, Answer::Failed),
            Visit::of(Who::Ordinary, order, 120, 1120, Answer::Confirmed(3)),
            Visit::of(Who::Ordinary, Ask::Products, 120, 121, Answer::Page),
            Visit::of(Who::Ordinary, Ask::Report, 120, 121, Answer::Failed),
            Visit::of(Who::Ordinary, order, 200, 230, Answer::Confirmed(4)),
            Visit::of(Who::Ordinary, order, 299, 1299, Answer::Told(Told::Unsure)),
            Visit::of(Who::Ordinary, order, 300, 330, Answer::Confirmed(5)),
            Visit::of(Who::Ordinary, Ask::Products, 900, 901, Answer::Failed),
        ];
        let during = Duration::from_millis(100)..Duration::from_millis(200);
        let flood = Flood::measure(&visits, &[during]);
        assert_eq!(
            flood,
            Flood {
                customers: 5,
                confirmed: 2,
                turned_away: 1,
                turned_away_p50_ms: Some(1.0),
                p99_ms: 200.0,
                pages_asked: 2,
                pages_answered: 1,
                after_asked: 2,
                after_confirmed: 1,
            }
        );
        assert_eq!(flood.failed(), 2);
    }
}
