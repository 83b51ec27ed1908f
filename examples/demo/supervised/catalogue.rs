//! The product pages as a service that comes back, and with somebody else to answer for it.
//!
//! ```text
//! page -> fallback -> places, timeout -> catalogue, which comes back -> database of the products
//! ```
//!
//! A page that panics costs its reader that page, and the service is built anew. While the database is away pages are as
//! they were a moment ago, and after that all the same. Both say so. Whoever orders is on another way, which has no
//! fallback: an order that is not stored is not confirmed.

use std::future::ready;
use std::time::Duration;

use seaworthy_core::event::Events;
use seaworthy_core::{BoxError, ConfigError};
use seaworthy_fallback::{self as fallback, Degraded, Fallback, LastGood};
use seaworthy_supervisor::{Builder, Supervised, Supervisor};
use tower::ServiceBuilder;

use crate::shop::catalogue;
use crate::shop::pages::{self, Page, Pages, Printer, Source};
use crate::shop::products::Products;

/// Every customer can set off the bug, so there may be many crashes before there is more to it than that.
const CRASHES: u32 = 200;

/// How old a page may be. A storm is short: prices that hold for a day may be shown for hours.
const KEPT_FOR: Duration = Duration::from_millis(500);

/// The stack in front of the service, and the supervisor that gives it its life. The stack stays while
/// instances of the service come and go.
pub(super) fn supervisor(
    products: Products,
    events: &Events,
) -> Result<(Pages, Builder), ConfigError> {
    let kept = LastGood::by(|product: &u16| *product)
        .max_age(KEPT_FOR)
        .build()?;
    let fallback = Fallback::builder("pages")
        .last_good(kept)
        .value(Some(catalogue::plain_page()))
        .events(events)
        .build()?;
    let printer = Printer { products };
    let (service, child) =
        Supervised::builder("catalogue").build(move |_cx| ready(Ok(printer.clone())))?;
    let supervisor = Supervisor::builder("pages")
        .intensity(CRASHES, Duration::from_secs(1))
        .child(child);
    let stack = ServiceBuilder::new()
        .map_response(page)
        .layer(fallback.layer().with_source())
        .service(pages::stack(service));
    Ok((Pages::new(stack), supervisor))
}

/// A page that is not what it should be says so.
fn page(answer: Degraded<Option<String>, BoxError>) -> Page {
    let (by, note) = match answer.source {
        fallback::Source::Primary => return Page::read(answer.value),
        fallback::Source::Stale { age } => {
            let seconds = age.as_secs_f64();
            let note = format!("<p>This page is as it was {seconds:.1} s ago.</p>\n");
            (Source::Kept, note)
        }
        _ => (Source::Default, String::new()),
    };
    let text = answer.value.map(|text| text + &note);
    Page { text, by }
}
