//! What the demo promises, each promise checked against the figures.

use std::fmt;

use serde::Serialize;

use crate::figures::Figures;

/// The supervised shop may turn nobody away for so long.
const LONGEST_OUTAGE_MS: f64 = 1000.0;

/// The report may be no older, whoever hangs.
const OLDEST_REPORT_MS: f64 = 2000.0;

/// A page that is shown instead of one that cannot be read may be no older.
const OLDEST_PAGE_MS: f64 = 500.0;

/// What the recommendations may take to be there again once those who make them are well: the time for which the
/// circuit may be open, and as much again.
const BACK_MS: f64 = 1000.0;

/// If the naked shop lost less, there were so few customers that most of them were probes: a breaker needs calls to
/// learn from.
const TELLING_LOSS_MS: f64 = 3000.0;

/// Who is served in a flood is served so soon, at least 99 of 100: half of the time for which a customer waits.
const FLOOD_WAIT_MS: f64 = 500.0;

/// Of those who want to order while others rush for pages, so many are served at least.
const RUSH_SHARE: f64 = 0.9;

/// If its threads were ready and waited for a processor for more than so much of each second, others had the machine, and how
/// long something took says nothing about the shop. A debug build by itself comes to half of it.
const STARVED: f64 = 0.9;

/// Whether all promises were kept, and which were not.
#[derive(Debug, Serialize)]
pub(crate) struct Verdict {
    pub(crate) passed: bool,
    promises: Vec<Promise>,
}

#[derive(Debug, Serialize)]
struct Promise {
    kept: bool,
    promise: String,
}

impl Verdict {
    pub(crate) fn on(supervised: &Figures, naked: &Figures) -> Self {
        let orders = &supervised.orders;
        let (ours, theirs) = (supervised.availability, naked.availability);
        let (outage, report) = (supervised.longest_outage_ms, supervised.oldest_report_ms);
        let (lost, their_loss) = (supervised.lost_waiting_ms, naked.lost_waiting_ms);
        let (opened, back) = (
            supervised.circuit_opened,
            supervised.recommendations_back_ms,
        );
        let (flood, their_flood) = (&supervised.flood, &naked.flood);
        // The naked shop could serve them all soon.
        let shallow = their_flood.p99_ms < FLOOD_WAIT_MS;
        let (pages, pages_asked) = (flood.pages_answered, flood.pages_asked);
        let (after, after_asked) = (flood.after_confirmed, flood.after_asked);
        let (checkout, their_checkout) = (
            supervised.rush.checkout.share(),
            naked.rush.checkout.share(),
        );
        // The naked shop could serve both.
        let calm = their_checkout >= 0.99;
        let dead = supervised.queue.dead_lettered as usize;
        let cursed = orders.cursed;
        let few = their_loss < TELLING_LOSS_MS;
        let unsaid = if few {
            " (too few customers to tell)"
        } else {
            ""
        };
        let (recommending, fresh, product_pages) = supervised.recommending_pages();
        let pages_read = &supervised.product_pages;
        let (trouble, their_trouble) = (&pages_read.in_trouble, &naked.product_pages.in_trouble);
        let starved = supervised.starved.is_some_and(|share| share > STARVED);
        // What takes time, or customers who have enough of it.
        let timely = |kept: bool, promise: String| Promise {
            kept: kept || starved,
            promise: if kept || !starved {
                promise
            } else {
                format!("{promise} (others had the machine)")
            },
        };
        let promises = vec![
            Promise {
                kept: orders.lost == 0,
                promise: format!(
                    "no acknowledged order is lost: {} of {} found on disk",
                    orders.found_on_disk, orders.acknowledged
                ),
            },
            Promise {
                kept: orders.twice == 0,
                promise: format!(
                    "no order is on disk twice, though {} came again to another worker",
                    supervised.queue.redelivered
                ),
            },
            timely(
                orders.unexplained == 0,
                format!(
                    "every order is confirmed, or the customer told what became of it: {} of {}",
                    orders.placed - orders.unexplained,
                    orders.placed
                ),
            ),
            Promise {
                // A cursed customer who was turned away, or gave up before, may have left no dead letter.
                kept: orders.innocent_given_up == 0
                    && (orders.cursed_given_up..=cursed).contains(&dead),
                promise: format!(
                    "what crashes workers is put aside, and nothing else: {dead} of {cursed} cursed orders{}",
                    if dead < cursed {
                        " (the others were turned away, or too late)"
                    } else {
                        ""
                    }
                ),
            },
            timely(
                checkout >= RUSH_SHARE && checkout > their_checkout || calm,
                format!(
                    "checkout stays up while others rush for pages and reports: {:.1} % of {} answered, to {:.1} %{}",
                    100.0 * checkout,
                    supervised.rush.checkout.asked,
                    100.0 * their_checkout,
                    if calm { " (no rush to speak of)" } else { "" }
                ),
            ),
            timely(
                flood.p99_ms < FLOOD_WAIT_MS && pages * 10 >= pages_asked * 9 || shallow,
                format!(
                    "who is served in the flood is served within half a second, {:.1} ms to {:.1} ms, \
                     and {pages} of {pages_asked} pages came meanwhile{}",
                    flood.p99_ms,
                    their_flood.p99_ms,
                    if shallow {
                        " (no flood to speak of)"
                    } else {
                        ""
                    }
                ),
            ),
            timely(
                // With many customers a second there is no end to the flood.
                after * 2 >= after_asked || after > their_flood.after_confirmed,
                format!(
                    "who orders just after the flood is served: {after} of {after_asked}, to {}",
                    their_flood.after_confirmed
                ),
            ),
            Promise {
                kept: supervised.up_at_end,
                promise: "the supervised shop is up at the end".to_owned(),
            },
            timely(
                ours > theirs,
                format!(
                    "it is more available than the naked one: {:.2} % to {:.2} %",
                    100.0 * ours,
                    100.0 * theirs
                ),
            ),
            timely(
                outage < LONGEST_OUTAGE_MS,
                format!("it is never out for a second: {outage:.1} ms at the longest"),
            ),
            timely(
                report < OLDEST_REPORT_MS,
                format!(
                    "who hangs while he prints reports is replaced, no report older than 2 s: {report:.1} ms"
                ),
            ),
            timely(
                lost < their_loss / 2.0 || few,
                format!(
                    "pages lose less than half the time to bad recommendations: \
                     {lost:.1} ms to {their_loss:.1} ms{unsaid}"
                ),
            ),
            Promise {
                kept: recommending == product_pages && (recommending > fresh || few),
                promise: format!(
                    "every page of a product recommends something: {recommending} of {product_pages}, \
                     {fresh} of them without a fallback{unsaid}"
                ),
            },
            timely(
                trouble.answered() == trouble.asked - trouble.turned_away,
                format!(
                    "whoever is let in has a page while the database of the products is not well: {} of {}, \
                     {} by the database, {} kept, {} by default; in the naked shop {} of {}",
                    trouble.answered(),
                    trouble.asked - trouble.turned_away,
                    trouble.database,
                    trouble.kept,
                    trouble.default,
                    their_trouble.answered(),
                    their_trouble.asked
                ),
            ),
            Promise {
                kept: pages_read.oldest_kept_ms <= OLDEST_PAGE_MS,
                promise: format!(
                    "no kept page is older than half a second: {:.1} ms",
                    pages_read.oldest_kept_ms
                ),
            },
            timely(
                opened > 0 && back.is_some_and(|back| back < BACK_MS) || few,
                format!(
                    "the circuit opened {opened} times, recommendations are back within a second: {}{unsaid}",
                    back.map_or("never".to_owned(), |back| format!("{back:.1} ms"))
                ),
            ),
        ];
        Self {
            passed: promises.iter().all(|promise| promise.kept),
            promises,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Promise { kept, promise } in &self.promises {
            let mark = if *kept { "kept" } else { "BROKEN" };
            writeln!(f, "{mark:<7}{promise}")?;
        }
        Ok(())
    }
}
