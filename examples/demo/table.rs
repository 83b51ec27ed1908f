//! The figures of both shops side by side.

use std::fmt;

use crate::figures::Figures;
use crate::rush::Served;

/// Prints the figures, a row for each.
pub(crate) struct Table<'a> {
    pub(crate) supervised: &'a Figures,
    pub(crate) naked: &'a Figures,
}

type Cell = fn(&Figures) -> String;

const ROWS: [(&str, Cell); 62] = [
    ("requests", |shop| shop.requests.to_string()),
    ("answered", |shop| shop.answered.to_string()),
    ("failed", |shop| shop.failed.to_string()),
    ("availability", |shop| percent(shop.availability)),
    ("p50", |shop| millis(shop.p50_ms)),
    ("p99", |shop| millis(shop.p99_ms)),
    ("longest outage", |shop| millis(shop.longest_outage_ms)),
    ("up at the end", |shop| {
        if shop.up_at_end { "yes" } else { "no" }.to_owned()
    }),
    ("poison requests", |shop| shop.poison.to_string()),
    ("crashes", |shop| shop.crashes.to_string()),
    ("restarts", |shop| shop.restarts.to_string()),
    ("oldest report", |shop| millis(shop.oldest_report_ms)),
    ("hung and replaced", |shop| shop.hung_replaced.to_string()),
    ("shipping quotes", |shop| {
        format!("{} of {}", shop.quotes_answered, shop.quotes_asked)
    }),
    ("shipping desks", |shop| shop.desks_started.to_string()),
    ("catalogues built", |shop| shop.catalogues_built.to_string()),
    ("recommendation calls", |shop| {
        shop.recommendation_calls.to_string()
    }),
    ("of them answered", |shop| {
        shop.recommendations_given.to_string()
    }),
    ("short-circuited", |shop| shop.short_circuited.to_string()),
    ("by the last answer", |shop| {
        shop.recommendations_kept.to_string()
    }),
    ("by best-sellers", |shop| shop.best_sellers.to_string()),
    ("pages that recommend", |shop| {
        let (with, _, all) = shop.recommending_pages();
        format!("{with} of {all}")
    }),
    ("without a fallback", |shop| {
        let (_, fresh, all) = shop.recommending_pages();
        format!("{fresh} of {all}")
    }),
    ("circuit opened", |shop| shop.circuit_opened.to_string()),
    ("back after", |shop| {
        shop.recommendations_back_ms
            .map_or("never".to_owned(), millis)
    }),
    ("lost waiting", |shop| millis(shop.lost_waiting_ms)),
    ("p95 of product pages", |shop| millis(shop.page_p95_ms)),
    ("pages by the database", |shop| {
        shop.product_pages.all.database.to_string()
    }),
    ("by a kept page", |shop| {
        shop.product_pages.all.kept.to_string()
    }),
    ("by the default page", |shop| {
        shop.product_pages.all.default.to_string()
    }),
    ("oldest page kept", |shop| {
        millis(shop.product_pages.oldest_kept_ms)
    }),
    ("pages available", |shop| {
        percent(shop.product_pages.all.availability)
    }),
    ("without a fallback", |shop| {
        percent(shop.product_pages.all.without_fallback)
    }),
    ("starved", |shop| {
        shop.starved.map_or("unknown".to_owned(), |share| {
            format!("{:.1} %", 100.0 * share)
        })
    }),
    ("orders acknowledged", |shop| {
        shop.orders.acknowledged.to_string()
    }),
    ("orders found on disk", |shop| {
        shop.orders.found_on_disk.to_string()
    }),
    ("orders lost", |shop| shop.orders.lost.to_string()),
    ("orders stored twice", |shop| shop.orders.twice.to_string()),
    ("stored, unconfirmed", |shop| {
        shop.orders.unconfirmed.to_string()
    }),
    ("flood customers", |shop| shop.flood.customers.to_string()),
    ("of them confirmed", |shop| shop.flood.confirmed.to_string()),
    ("turned away", |shop| shop.flood.turned_away.to_string()),
    ("told so after", |shop| {
        shop.flood.turned_away_p50_ms.map_or("-".to_owned(), millis)
    }),
    ("waited in vain", |shop| shop.flood.failed().to_string()),
    ("p99 of the confirmed", |shop| millis(shop.flood.p99_ms)),
    ("orders after it", |shop| {
        format!(
            "{} of {}",
            shop.flood.after_confirmed, shop.flood.after_asked
        )
    }),
    ("rush: checkout", |shop| served(&shop.rush.checkout)),
    ("turned away", |shop| turned_away(&shop.rush.checkout)),
    ("p50, p99", |shop| waits(&shop.rush.checkout)),
    ("rush: pages", |shop| served(&shop.rush.pages)),
    ("turned away", |shop| turned_away(&shop.rush.pages)),
    ("p50, p99", |shop| waits(&shop.rush.pages)),
    ("rush: reports", |shop| served(&shop.rush.reports)),
    ("turned away", |shop| turned_away(&shop.rush.reports)),
    ("p50, p99", |shop| waits(&shop.rush.reports)),
    ("orders queued", |shop| shop.queue.queued.to_string()),
    ("waiting at the most", |shop| shop.queue.peak.to_string()),
    ("rejected", |shop| shop.queue.rejected.to_string()),
    ("expired", |shop| shop.queue.expired.to_string()),
    ("redelivered", |shop| shop.queue.redelivered.to_string()),
    ("dead-lettered", |shop| shop.queue.dead_lettered.to_string()),
    ("reports dropped", |shop| shop.sheets_dropped.to_string()),
];

const NOTES: &str = "
requests       of ordinary customers: those of the flood and the rush are further down; poison requests, which
               run into a bug of the shop, are left out
answered       in full, and without an error; who is turned away, in the flood, in the rush or after it, has failed
p50, p99       of those answered, from the instant the customer came
longest outage while customers came for pages, to check out, for the report or for a quote, and not one of
               them was served
crashes        tasks that panicked, failed or were killed, a handler's connection among them
oldest report  the age of the oldest one that a customer got; whoever prints it hangs once in a while
hung           tasks that were silent for too long, and were ended and started again for that
shipping desks processes that were started to say what shipping costs; they abort on a cursed parcel
catalogues     services that were built to make the product pages; they panic on the cursed product
recommendation pages of products ask another service over HTTP what goes well with it, and wait for at most
calls          0.1 s; it becomes slow, refuses connections, fails every other call and is well again. Short-circuited
               are pages that did not even ask then
by the last    pages that show what was recommended within the last second for the same product, or else what sells
answer         well: a fallback. In the naked shop such a page comes without recommendations
without a      what there would be if only those could answer who know: of pages that recommend, and of product pages
fallback
back after     from the moment at which that service was well again to the first page with recommendations
pages by the   pages of products are read from a database of their own, which for a while answers too late, and then
database       refuses connections. They are then as they were at most 0.5 s ago, as long as one is kept, and after
               that a default page that says that nothing can be said: a fallback too. In the naked shop they fail.
               Orders have no fallback. How old a kept page was is told by when customers last had it from the
               database
pages          those of products that were answered, of all that were asked for
available
starved        for how much of each second threads were ready and waited for a processor: by half a debug build does so
               by itself; by much more, and others had the machine
lost waiting   what customers waited for pages that then came without fresh recommendations, all of them together
stored,        orders on disk whose customers do not know it; stored twice are those that are there under two ids
unconfirmed
flood          for a while many more want to order than the database can store, which is four orders in some 20 ms.
               Who is turned away knows that his order is not stored; half of them know it as soon as that. Who
               waits in vain gives up after 1 s and does not know, or finds a shop without a database. A bounded
               queue does not serve more of a flood; it serves them soon, and those who come after it as well
orders after   those of others, confirmed of all, from the end of the flood for as long as it took
it
rush           for a while three times as many want to see pages and reports, which need the same eight lines to an old
               system as checkout does, and reports for long. In the naked shop all of them wait for a line, and
               those go empty-handed who get none in 0.3 s. In the supervised one a bulkhead lets in so many of each
               class, and turns the others away with a 429 before anything is done for them: checkout has places of
               its own, pages some that reports may have while pages do not need them. The times are of those answered
orders queued  those of all customers that waited for the database
rejected       there was no room for them; expired are those that had waited for too long when it was their turn
redelivered    given to another worker, since the one who had them crashed; dead-lettered are those that crashed
               three. The naked shop has nothing of that kind: its orders wait until somebody gives up
reports        never printed, as there was a newer one before the press was free; it hangs once in a while
dropped
";

fn millis(millis: f64) -> String {
    format!("{millis:.1} ms")
}

fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

fn served(class: &Served) -> String {
    format!("{} of {}", class.answered, class.asked)
}

fn turned_away(class: &Served) -> String {
    class.turned_away.to_string()
}

fn waits(class: &Served) -> String {
    format!("{:.0}, {:.0} ms", class.p50_ms, class.p99_ms)
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<22}{:>14}{:>14}", "", "supervised", "naked")?;
        for (name, cell) in ROWS {
            writeln!(
                f,
                "{name:<22}{:>14}{:>14}",
                cell(self.supervised),
                cell(self.naked)
            )?;
        }
        f.write_str(NOTES)
    }
}
