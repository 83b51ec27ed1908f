//! Where the product pages came from, as those saw it who asked for them.

use std::ops::Range;
use std::time::Duration;

use serde::Serialize;

use crate::load::{Answer, Told, Visit};
use crate::plan::{Ask, Who};
use crate::service::share;
use crate::shop::pages::Source;

/// The pages of products that ordinary customers asked for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct ProductPages {
    pub(crate) all: BySource,
    /// Those of them that were asked for while the database of the products was not well.
    pub(crate) in_trouble: BySource,
    /// How long it had been since anybody left who may have had it from the database when somebody came who was shown a page
    /// that was kept, at the most: a page as old as that, or older.
    pub(crate) oldest_kept_ms: f64,
}

/// Pages by who has answered with them; those that are left have failed, or were never let in.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct BySource {
    pub(crate) asked: usize,
    pub(crate) database: usize,
    pub(crate) kept: usize,
    pub(crate) default: usize,
    /// There was no room for them.
    pub(crate) turned_away: usize,
    /// Answered of all, by whomsoever.
    pub(crate) availability: f64,
    /// The same if only the database could answer.
    pub(crate) without_fallback: f64,
}

impl ProductPages {
    /// Of a database that was not well from when to when.
    pub(crate) fn measure(visits: &[Visit], trouble: &[Range<Duration>]) -> Self {
        let ordinary = || {
            let pages = visits.iter().filter(|it| product(it).is_some());
            pages.filter(|it| it.arrival.who == Who::Ordinary)
        };
        let in_trouble = |it: &&Visit| trouble.iter().any(|range| range.contains(&it.arrival.at));
        let kept = ordinary().filter(|it| source(it) == Some(Source::Kept));
        let oldest = kept.map(|it| age(it, visits)).max();
        Self {
            all: BySource::count(ordinary()),
            in_trouble: BySource::count(ordinary().filter(in_trouble)),
            oldest_kept_ms: oldest.unwrap_or_default().as_secs_f64() * 1e3,
        }
    }
}

/// The number of the product that somebody asked for.
fn product(visit: &Visit) -> Option<u16> {
    match visit.arrival.ask {
        Ask::Product(id) => Some(id),
        _ => None,
    }
}

/// Who has answered with its page.
fn source(visit: &Visit) -> Option<Source> {
    match visit.answer {
        Answer::Product(_, by) => Some(by),
        _ => None,
    }
}

/// How old a page at least was that was kept: it may be that of anybody who came before it was shown, unless he was shown
/// another such page or turned away.
fn age(shown: &Visit, visits: &[Visit]) -> Duration {
    let may_have_read = visits.iter().filter(|it| {
        product(it) == product(shown)
            && it.arrival.at < shown.left
            && !matches!(source(it), Some(Source::Kept | Source::Default))
            && it.answer != Answer::Told(Told::TurnedAway)
    });
    let last = may_have_read.map(|it| it.left).max();
    shown.arrival.at.saturating_sub(last.unwrap_or_default())
}

impl BySource {
    fn count<'a>(pages: impl Iterator<Item = &'a Visit>) -> Self {
        let pages: Vec<&Visit> = pages.collect();
        let count = |is_it: &dyn Fn(&Visit) -> bool| pages.iter().filter(|it| is_it(it)).count();
        let by = |who| count(&|it| source(it) == Some(who));
        let asked = pages.len();
        let (database, kept, default) =
            (by(Source::Database), by(Source::Kept), by(Source::Default));
        Self {
            asked,
            database,
            kept,
            default,
            turned_away: count(&|it| it.answer == Answer::Told(Told::TurnedAway)),
            availability: share(database + kept + default, asked),
            without_fallback: share(database, asked),
        }
    }

    pub(crate) fn answered(&self) -> usize {
        self.database + self.kept + self.default
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::Advised;

    fn visit(id: u16, at: u64, left: u64, by: Option<Source>) -> Visit {
        let answer = by.map_or(Answer::Failed, |by| Answer::Product(Advised::Given, by));
        Visit::of(Who::Ordinary, Ask::Product(id), at, left, answer)
    }

    #[test]
    fn with_and_without_a_fallback_are_counted_in_one_run() {
        let (database, kept, default) = (Source::Database, Source::Kept, Source::Default);
        let mut visits = vec![
            visit(1, 0, 2, Some(database)),
            visit(1, 100, 101, Some(kept)),
            visit(1, 199, 201, Some(default)),
            visit(1, 200, 201, None),
            visit(2, 300, 301, Some(database)),
        ];
        // They count elsewhere.
        for who in [Who::Poison, Who::Rush] {
            let answer = Answer::Product(Advised::Given, default);
            visits.push(Visit::of(who, Ask::Product(1), 150, 151, answer));
        }
        let trouble = Duration::from_millis(100)..Duration::from_millis(200);
        let pages = ProductPages::measure(&visits, &[trouble]);
        let counts = |it: &BySource| (it.asked, it.database, it.kept, it.default);
        assert_eq!(counts(&pages.all), (5, 2, 1, 1));
        assert_eq!(counts(&pages.in_trouble), (2, 0, 1, 1));
        assert_eq!(
            (pages.all.availability, pages.all.without_fallback),
            (0.8, 0.4)
        );
        assert_eq!(pages.in_trouble.without_fallback, 0.0);
        assert_eq!(pages.all.answered(), 4);

        let told = Answer::Told(Told::TurnedAway);
        visits.push(Visit::of(Who::Ordinary, Ask::Product(1), 400, 401, told));
        let pages = ProductPages::measure(&visits, &[]);
        assert_eq!((pages.all.asked, pages.all.turned_away), (6, 1));
    }

    #[test]
    fn a_kept_page_is_as_old_as_the_last_look_at_the_database() {
        let oldest = |visits: &[Visit]| ProductPages::measure(visits, &[]).oldest_kept_ms;
        let kept = visit(1, 500, 501, Some(Source::Kept));
        let read = |id, at, left| visit(id, at, left, Some(Source::Database));
        assert_eq!(oldest(&[read(1, 0, 200), kept]), 300.0);
        assert_eq!(oldest(&[read(1, 0, 200), read(2, 390, 400), kept]), 300.0);
        // One who failed may have been the last to read it, and so may one who came first and left last.
        assert_eq!(
            oldest(&[read(1, 0, 200), visit(1, 390, 400, None), kept]),
            100.0
        );
        assert_eq!(oldest(&[read(1, 0, 600), kept]), 0.0);
        let told = Answer::Told(Told::TurnedAway);
        let away = Visit::of(Who::Rush, Ask::Product(1), 390, 400, told);
        assert_eq!(oldest(&[read(1, 0, 200), away, kept]), 300.0);
        // But no one who came later.
        assert_eq!(oldest(&[read(1, 0, 200), read(1, 501, 502), kept]), 300.0);
        assert_eq!(
            oldest(&[kept]),
            500.0,
            "from the beginning, if nobody ever did"
        );
        assert_eq!(oldest(&[read(1, 0, 200)]), 0.0);
    }
}
