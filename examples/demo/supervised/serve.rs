//! The shop as a program of its own, for a look: the tree owns the process, and a signal closes it.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::{MethodRouter, get};
use seaworthy_core::BoxError;
use seaworthy_supervisor::Runner;
use tokio::sync::watch;

use super::{DEADLINE, tree};
use crate::journal::Journal;
use crate::mood::Mood;
use crate::shop::catalogue::CURSED;
use crate::shop::database::CURSED_QUANTITY;
use crate::shop::products::Products;
use crate::shop::report::Press;
use crate::shop::shipping::CURSED_WEIGHT;
use crate::trial::{Site, knock_through};
use crate::upstream::Upstream;

/// Keeps the shop up until a signal comes, with nobody breaking anything but the visitor.
pub(crate) fn serve(port: u16, verbose: bool) -> Result<ExitCode, BoxError> {
    let folder = tempfile::tempdir()?;
    let door = knock_through(port)?;
    print!("{}", sign(door.local_addr()?));
    let journal = Arc::new(Journal::new(verbose));
    let file = folder.path().join("orders.redb");
    let upstream = Upstream::open()?;
    let products = Products::open(&folder.path().join("products.redb"))?;
    let weather = Router::new()
        .route("/upstream/{mood}", turn(upstream.mood()))
        .route("/database/{mood}", turn(products.mood()));
    let site = Site {
        file: &file,
        door,
        upstream: upstream.address(),
        products,
    };
    let tree = tree::plant(site, journal, &Press::default(), weather)?;
    Ok(Runner::new(tree).shutdown_deadline(DEADLINE).run())
}

/// Lets a visitor decide how somebody is.
fn turn(mood: &Arc<watch::Sender<Mood>>) -> MethodRouter {
    let mood = Arc::clone(mood);
    get(
        async move |Path(word): Path<String>| match Mood::from_word(&word) {
            Some(new) => {
                mood.send_replace(new);
                Ok(format!("{new}\n"))
            }
            None => Err((StatusCode::NOT_FOUND, "well, slow, down or half\n")),
        },
    )
}

/// What a visitor is told.
fn sign(address: SocketAddr) -> String {
    format!(
        "\
The shop is open at http://{address}; Ctrl-C closes it.

http://{address}/products   what is on sale; the page of number {CURSED} crashes the catalogue
http://{address}/report     the sales report
http://{address}/shipping/500  what it costs to ship 500 grams; {CURSED_WEIGHT} abort the helper
http://{address}/tree       the supervision tree
http://{address}/queues     the queues, and the bulkhead in front of the pages
http://{address}/upstream/slow  makes the recommendations on the product pages slow; well, down and half are
                            the other words
http://{address}/database/down  takes the database of the product pages away, by the same words

curl http://{address}/checkout -H 'Content-Type: application/json' -d '{{\"product\":3,\"quantity\":1}}'
    places an order; quantity {CURSED_QUANTITY} crashes the database three times, and is put aside
"
    )
}
