//! What became of the recommendations, as the customers saw it.

use std::time::Duration;

use crate::load::{Advised, Answer, Visit};
use crate::plan::{Ask, Who};
use crate::service::percentile;
use crate::shop::recommender::By;

/// What those who looked at a product experienced, poison aside.
pub(crate) struct Recommendations {
    /// Pages that came with recommendations.
    pub(crate) given: usize,
    /// Pages that waited for some in vain.
    pub(crate) missing: usize,
    /// Pages for which nobody was asked, since the circuit was open.
    pub(crate) short_circuited: usize,
    /// Pages with what was recommended some time ago, and with what sells well.
    pub(crate) kept: usize,
    pub(crate) best_sellers: usize,
    /// How long those who got none waited for their pages, all of them together.
    pub(crate) lost: Duration,
    pub(crate) p95: Duration,
    /// From the moment at which the upstream was well again to the first page with recommendations, at the longest;
    /// `None` if they never came back.
    pub(crate) back_after: Option<Duration>,
}

impl Recommendations {
    /// Of an upstream that became well again at these moments.
    pub(crate) fn measure(visits: &[Visit], well: &[Duration]) -> Self {
        let pages = || {
            let fair = visits
                .iter()
                .filter(|visit| visit.arrival.who != Who::Poison);
            fair.filter_map(|visit| match (visit.arrival.ask, visit.answer) {
                (Ask::Product(_), Answer::Product(advised, _)) => Some((visit, advised)),
                _ => None,
            })
        };
        let count = |is_it: fn(Advised) -> bool| {
            let counted = pages().filter(|(_, advised)| is_it(*advised));
            counted.count()
        };
        let without = pages().filter(|(_, advised)| *advised != Advised::Given);
        let mut waits: Vec<Duration> = pages().map(|(visit, _)| visit.wait()).collect();
        waits.sort_unstable();
        let back = |well: &Duration| {
            let given = pages().filter(|(_, advised)| *advised == Advised::Given);
            let left = given.map(|(visit, _)| visit.left);
            left.filter(|left| left >= well)
                .min()
                .map(|left| left - *well)
        };
        let backs: Option<Vec<Duration>> = well.iter().map(back).collect();
        Self {
            given: count(|it| it == Advised::Given),
            missing: count(|it| matches!(it, Advised::Missing(_))),
            short_circuited: count(|it| matches!(it, Advised::ShortCircuited(_))),
            kept: count(|it| it.by() == Some(By::Kept)),
            best_sellers: count(|it| it.by() == Some(By::BestSellers)),
            lost: without.map(|(visit, _)| visit.wait()).sum(),
            p95: percentile(&waits, 95),
            back_after: backs.and_then(|backs| backs.into_iter().max()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shop::pages::Source;

    fn visit(at: u64, left: u64, advised: Advised) -> Visit {
        let answer = Answer::Product(advised, Source::Database);
        Visit::of(Who::Ordinary, Ask::Product(1), at, left, answer)
    }

    #[test]
    fn who_waits_in_vain_is_told_from_who_does_not_wait() {
        let visits = [
            visit(0, 2, Advised::Given),
            visit(10, 110, Advised::Missing(Some(By::BestSellers))),
            visit(120, 121, Advised::ShortCircuited(Some(By::Kept))),
            visit(300, 303, Advised::Given),
        ];
        let well = [Duration::from_millis(200)];
        let seen = Recommendations::measure(&visits, &well);
        assert_eq!((seen.given, seen.missing, seen.short_circuited), (2, 1, 1));
        assert_eq!((seen.kept, seen.best_sellers), (1, 1));
        assert_eq!((seen.lost.as_millis(), seen.p95.as_millis()), (101, 100));
        assert_eq!(seen.back_after, Some(Duration::from_millis(103)));
    }

    #[test]
    fn what_never_came_back_is_not_back() {
        let visits = [
            visit(0, 2, Advised::Given),
            visit(300, 301, Advised::Missing(None)),
        ];
        let well = [Duration::ZERO, Duration::from_millis(200)];
        assert_eq!(
            Recommendations::measure(&visits, &well).back_after,
            None,
            "the first time they did, the second time they did not"
        );
    }
}
