//! What was measured, and how.

use std::time::Duration;

use serde::Serialize;

use crate::advised::Recommendations;
use crate::audit::Orders;
use crate::flood::Flood;
use crate::ledger::Queued;
use crate::plan::{Plan, Who};
use crate::rush::Rush;
use crate::service::Service;
use crate::sources::ProductPages;

/// How one shop did.
#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    /// Customers, without those who come with the flood or the rush and those whose request is poison.
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
    /// The age of the oldest report that was served.
    pub(crate) oldest_report_ms: f64,
    /// Workers that hung, were found and replaced.
    pub(crate) hung_replaced: u64,
    /// What was asked and answered of the shipping desk, a process of its own.
    pub(crate) quotes_asked: usize,
    pub(crate) quotes_answered: usize,
    /// How often that process was started.
    pub(crate) desks_started: u64,
    /// How often the catalogue was built.
    pub(crate) catalogues_built: u64,
    /// Pages of products for which recommendations were asked over HTTP, and those that came with some.
    pub(crate) recommendation_calls: usize,
    pub(crate) recommendations_given: usize,
    /// Pages for which nobody was asked, since the circuit was open.
    pub(crate) short_circuited: usize,
    /// Pages with what was recommended some time ago, and with what sells well.
    pub(crate) recommendations_kept: usize,
    pub(crate) best_sellers: usize,
    pub(crate) circuit_opened: u64,
    /// From the moment at which those who recommend were well again to the first page that shows it, at the longest.
    pub(crate) recommendations_back_ms: Option<f64>,
    /// For how long customers waited for pages that then came without fresh recommendations, all of them together.
    pub(crate) lost_waiting_ms: f64,
    /// Of the pages of products.
    pub(crate) page_p95_ms: f64,
    /// Who has answered with them.
    pub(crate) product_pages: ProductPages,
    /// Whether a page, an order and the report were to be had once the storm was over.
    pub(crate) up_at_end: bool,
    /// Those who came with the flood; they count nowhere else but among the orders.
    pub(crate) flood: Flood,
    /// Each class of requests while there was a rush for pages and reports.
    pub(crate) rush: Rush,
    /// The orders on their way to the database.
    pub(crate) queue: Queued,
    /// Reports that were never printed, as there was a newer one.
    pub(crate) sheets_dropped: u64,
    pub(crate) orders: Orders,
    /// For how long its threads were ready and waited for a processor, of each second: where the system says so.
    pub(crate) starved: Option<f64>,
}

/// What is known about a shop from the inside.
pub(crate) struct Tally {
    pub(crate) crashes: u64,
    pub(crate) restarts: u64,
    pub(crate) up_at_end: bool,
    pub(crate) hung_replaced: u64,
    pub(crate) desks_started: u64,
    pub(crate) catalogues_built: u64,
    pub(crate) circuit_opened: u64,
    pub(crate) queued: Queued,
    pub(crate) sheets_dropped: u64,
    pub(crate) starved: Option<Duration>,
}

impl Figures {
    /// Pages of products that recommend something, those of them that do so without a fallback, and all of them.
    pub(crate) fn recommending_pages(&self) -> (usize, usize, usize) {
        let fresh = self.recommendations_given;
        let all = self.recommendation_calls + self.short_circuited;
        let with = fresh + self.recommendations_kept + self.best_sellers;
        (with, fresh, all)
    }

    pub(crate) fn new(
        service: &Service,
        advised: &Recommendations,
        (flood, rush, product_pages): (Flood, Rush, ProductPages),
        orders: Orders,
        plan: &Plan,
        tally: Tally,
    ) -> Self {
        let Service {
            requests,
            answered,
            p50,
            p99,
            longest_outage,
            oldest_report,
            quotes: (quotes_asked, quotes_answered),
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
                .filter(|arrival| arrival.who == Who::Poison)
                .count(),
            crashes: tally.crashes,
            restarts: tally.restarts,
            longest_outage_ms: millis(longest_outage),
            oldest_report_ms: millis(oldest_report),
            hung_replaced: tally.hung_replaced,
            quotes_asked,
            quotes_answered,
            desks_started: tally.desks_started,
            catalogues_built: tally.catalogues_built,
            recommendation_calls: advised.given + advised.missing,
            recommendations_given: advised.given,
            short_circuited: advised.short_circuited,
            recommendations_kept: advised.kept,
            best_sellers: advised.best_sellers,
            circuit_opened: tally.circuit_opened,
            recommendations_back_ms: advised.back_after.map(millis),
            lost_waiting_ms: millis(advised.lost),
            page_p95_ms: millis(advised.p95),
            product_pages,
            up_at_end: tally.up_at_end,
            flood,
            rush,
            queue: tally.queued,
            sheets_dropped: tally.sheets_dropped,
            orders,
            starved: tally
                .starved
                .map(|waited| waited.as_secs_f64() / plan.length.as_secs_f64()),
        }
    }
}
