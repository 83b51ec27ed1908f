//! Who may come in: a bulkhead in front of all pages, with a share for each class of requests.
//!
//! Whoever finds no place is told so at once, with a 429, before anything is done for him. How many there may be is the
//! number that come in a second, times how long one stays (Little's law):
//!
//! - Checkout: 180 orders are stored in a second, and those that wait for it do so for a third of a second at most. That
//!   makes 60. They cost next to nothing while they wait, and nobody else may have their places.
//! - Pages: 200 come in a second, and stay for 10 ms, or for 110 ms while the recommendations are slow. That makes 22, and
//!   36 leave room for more at a time, and for a machine that is busy.
//! - Reports: four, and as many more as pages leave room for. Each keeps a line to the warehouse busy for ten times as long
//!   as a page, so it counts for three: without that, those who rush for reports before the pages need their places would
//!   make for half a second of work there, and checkout waits for that with everybody else.
//!
//! A place is taken for as long as a request is in here, whatever it waits for. On a machine that others have, where a page
//! takes a second since it waits for a processor again and again, that is soon all of them: two of three are turned away then.

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use seaworthy_bulkhead::{Bulkhead, Demand, Partition};
use seaworthy_core::component::Registry;
use seaworthy_core::event::Events;
use seaworthy_core::{ConfigError, http};

use crate::shop::class::Class;

const PLACES: u32 = 112;
const FOR_CHECKOUT: f64 = 64.0 / 112.0;
const FOR_PAGES: f64 = 36.0 / 112.0;

/// How many places a report takes.
const REPORT: u32 = 3;

/// The bulkhead around these pages.
pub(super) fn admit(
    pages: Router,
    events: &Events,
    registry: &Registry,
) -> Result<Router, ConfigError> {
    // In the order of `Class`.
    let shop = Bulkhead::builder("shop")
        .max_concurrent(PLACES)
        .partition(
            Partition::new("checkout")
                .guaranteed(FOR_CHECKOUT)
                .lends(false),
        )
        .partition(Partition::new("pages").guaranteed(FOR_PAGES))
        .partition(Partition::new("reports"))
        .events(events)
        .registry(registry)
        .build()?;
    let layer = shop
        .layer()
        .demand(|request: &Request<Body>| {
            let class = Class::of(request.uri().path());
            let weight = if class == Class::Reports { REPORT } else { 1 };
            Demand::default().partition(class as usize).weight(weight)
        })
        .respond(http::respond::<Body>);
    Ok(pages.layer(layer))
}
