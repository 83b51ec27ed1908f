//! One shop goes through the storm, and what is left of it is measured.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use seaworthy_core::BoxError;
use tokio::time::Instant;

use crate::advised::Recommendations;
use crate::args::BadArgs;
use crate::audit::Orders;
use crate::figures::{Figures, Tally};
use crate::flood::Flood;
use crate::journal::Journal;
use crate::load::{Customers, Visit};
use crate::plan::{Arrival, Ask, Plan, Who};
use crate::progress::Progress;
use crate::rush::Rush;
use crate::service::Service;
use crate::shop::products::Products;
use crate::shop::store::Store;
use crate::shop::till::Order;
use crate::shop::{catalogue, shipping};
use crate::sources::ProductPages;
use crate::starved::waited_for_processors;
use crate::storm::{self, Blow};
use crate::upstream::Upstream;

/// From the opening of the shop to its first customer.
const CALM: Duration = Duration::from_millis(100);

/// Where a shop is.
pub(crate) struct Site<'a> {
    /// Where its orders go.
    pub(crate) file: &'a Path,
    /// Where its customers come in.
    pub(crate) door: TcpListener,
    /// Whom it asks for recommendations.
    pub(crate) upstream: SocketAddr,
    /// Where its product pages are read from.
    pub(crate) products: Products,
}

/// A build of the shop, as the storm sees it.
pub(crate) trait Build: Sized {
    const NAME: &'static str;

    /// Opens the shop.
    async fn open(site: Site<'_>, journal: Arc<Journal>) -> Result<Self, BoxError>;

    /// Breaks something.
    async fn strike(&self, blow: Blow);

    /// How many tasks have ended by a panic, an error or a kill.
    fn crashes(&self, journal: &Journal) -> u64;

    /// What runs, as a picture, if the shop has one of itself.
    fn picture(&self) -> Option<String>;

    /// Stops everything in order.
    async fn close(self) -> Result<(), BoxError>;
}

/// How it went.
pub(crate) struct Outcome {
    pub(crate) figures: Figures,
    pub(crate) picture: Option<String>,
}

/// Sends the planned customers and blows to a new shop, closes it, and looks at what is on disk.
pub(crate) async fn run<B: Build>(
    plan: &Plan,
    port: u16,
    journal: Journal,
    progress: &Progress,
) -> Result<Outcome, BoxError> {
    progress.turn(B::NAME);
    journal.log(format_args!("-- {} --", B::NAME));
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("orders.redb");
    let door = knock_through(port)?;
    let customers = Customers::of(door.local_addr()?);
    let journal = Arc::new(journal);
    let upstream = Upstream::open()?;
    let products = Products::open(&folder.path().join("products.redb"))?;
    let site = Site {
        file: &file,
        door,
        upstream: upstream.address(),
        products: products.clone(),
    };
    let shop = B::open(site, journal.clone()).await?;

    let (start, waited) = (Instant::now() + CALM, waited_for_processors());
    let (mut visits, (), (), ()) = tokio::join!(
        customers.come(start, &plan.arrivals, progress),
        storm::rage(&shop, start, &plan.blows, progress),
        storm::change(
            "recommendations",
            upstream.mood(),
            start,
            &plan.weather,
            progress
        ),
        storm::change("products", products.mood(), start, &plan.reading, progress),
    );
    let starved = waited_for_processors().zip(waited);
    let starved = starved.map(|(after, before)| after.saturating_sub(before));
    let service = Service::measure(&visits, plan.length);
    let advised = Recommendations::measure(&visits, &plan.well());
    let flood = Flood::measure(&visits, &plan.floods);
    let rush = Rush::measure(&visits, &plan.rushes);
    let pages = ProductPages::measure(&visits, &plan.trouble());
    let last = look_around(&customers, start).await;
    let up_at_end = last.iter().all(Visit::is_answered);
    visits.extend(last);

    let picture = shop.picture();
    let (crashes, restarts) = (shop.crashes(&journal), journal.restarts());
    let (hung_replaced, sheets_dropped) = (journal.hung(), journal.sheets_dropped());
    shop.close().await?;
    upstream.close()?;
    let orders = Orders::audit(&visits, Store::open(&file)?.orders()?);
    let tally = Tally {
        crashes,
        restarts,
        up_at_end,
        hung_replaced,
        desks_started: journal.starts_of("shipping"),
        catalogues_built: journal.starts_of("catalogue"),
        circuit_opened: journal.circuit_opened(),
        queued: journal.orders.read(),
        sheets_dropped,
        starved,
    };
    let figures = Figures::new(
        &service,
        &advised,
        (flood, rush, pages),
        orders,
        plan,
        tally,
    );
    Ok(Outcome { figures, picture })
}

/// The door of a shop. It is made before the shop and not by it, so that it stays where it is when
/// the one who stands in it is replaced.
pub(crate) fn knock_through(port: u16) -> Result<TcpListener, BoxError> {
    let door = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|error| {
        BadArgs(format!(
            "--port {port}: {error}; allowed is a free port, or 0 for any"
        ))
    })?;
    door.set_nonblocking(true)?;
    Ok(door)
}

/// After the storm: is there a page, the report, a quote, and can one order?
async fn look_around(customers: &Customers, start: Instant) -> Vec<Visit> {
    let order = Order {
        product: catalogue::all()[0].id,
        quantity: 1,
    };
    let mut visits = Vec::new();
    let mut asks = vec![Ask::Products, Ask::Report, Ask::CheckOut(order)];
    if shipping::EXISTS {
        asks.push(Ask::Shipping(500));
    }
    for ask in asks {
        let arrival = Arrival {
            at: start.elapsed(),
            ask,
            who: Who::Ordinary,
        };
        let answer = customers.ask(ask).await;
        visits.push(Visit {
            arrival,
            left: start.elapsed(),
            answer,
        });
    }
    visits
}
