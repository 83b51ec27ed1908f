//! What a rush for pages and reports does to each class of requests, as those saw it who came meanwhile.

use std::ops::Range;
use std::time::Duration;

use serde::Serialize;

use crate::load::{Answer, Told, Visit};
use crate::plan::Who;
use crate::service::{percentile, share};
use crate::shop::class::Class;

/// All classes, while there was a rush.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Rush {
    pub(crate) checkout: Served,
    pub(crate) pages: Served,
    pub(crate) reports: Served,
}

/// What those of one class experienced, poison aside.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Served {
    pub(crate) asked: usize,
    pub(crate) answered: usize,
    /// They were told so at once, and nothing was done for them.
    pub(crate) turned_away: usize,
    /// How long those waited who were answered.
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

impl Rush {
    /// Of rushes that lasted from when to when.
    pub(crate) fn measure(visits: &[Visit], rushes: &[Range<Duration>]) -> Self {
        let of = |class| {
            let meant = visits.iter().filter(|it| {
                it.arrival.who != Who::Poison
                    && it.arrival.ask.class() == class
                    && rushes.iter().any(|rush| rush.contains(&it.arrival.at))
            });
            Served::measure(meant)
        };
        Self {
            checkout: of(Class::Checkout),
            pages: of(Class::Pages),
            reports: of(Class::Reports),
        }
    }
}

impl Served {
    fn measure<'a>(visits: impl Iterator<Item = &'a Visit> + Clone) -> Self {
        let answered = visits.clone().filter(|it| it.is_answered());
        let mut waits: Vec<Duration> = answered.map(Visit::wait).collect();
        waits.sort_unstable();
        let turned_away = |it: &&Visit| it.answer == Answer::Told(Told::TurnedAway);
        let millis = |percent| percentile(&waits, percent).as_secs_f64() * 1e3;
        Self {
            asked: visits.clone().count(),
            answered: waits.len(),
            turned_away: visits.filter(turned_away).count(),
            p50_ms: millis(50),
            p99_ms: millis(99),
        }
    }

    /// Answered of all; all, if nobody asked.
    pub(crate) fn share(&self) -> f64 {
        share(self.answered, self.asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::Advised;
    use crate::plan::Ask;
    use crate::shop::pages::Source;
    use crate::shop::till::Order;

    #[test]
    fn each_class_is_measured_while_there_is_a_rush() {
        let order = Ask::CheckOut(Order {
            product: 1,
            quantity: 2,
        });
        let page = Answer::Product(Advised::Given, Source::Database);
        let visits = [
            Visit::of(Who::Ordinary, order, 100, 130, Answer::Confirmed(1)),
            Visit::of(Who::Ordinary, order, 110, 111, Answer::Failed),
            Visit::of(Who::Ordinary, order, 200, 201, Answer::Failed),
            Visit::of(Who::Rush, Ask::Product(1), 120, 124, page),
            Visit::of(Who::Ordinary, Ask::Products, 120, 140, Answer::Page),
            Visit::of(Who::Poison, Ask::Product(13), 120, 140, Answer::Failed),
            Visit::of(
                Who::Rush,
                Ask::Report,
                120,
                121,
                Answer::Told(Told::TurnedAway),
            ),
        ];
        let during = Duration::from_millis(100)..Duration::from_millis(200);
        let rush = Rush::measure(&visits, &[during]);
        let served = |asked, answered, turned_away, p50_ms, p99_ms| Served {
            asked,
            answered,
            turned_away,
            p50_ms,
            p99_ms,
        };
        assert_eq!(rush.checkout, served(2, 1, 0, 30.0, 30.0));
        assert_eq!(rush.pages, served(2, 2, 0, 4.0, 20.0));
        assert_eq!(rush.reports, served(1, 0, 1, 0.0, 0.0));
        assert_eq!((rush.checkout.share(), rush.reports.share()), (0.5, 0.0));
    }
}
