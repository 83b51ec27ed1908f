//! The shop as a program of its own, for a look: the tree owns the process, and a signal closes it.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use seaworthy_core::BoxError;
use seaworthy_supervisor::Runner;

use super::{DEADLINE, tree};
use crate::journal::Journal;
use crate::shop::catalogue::CURSED;
use crate::shop::database::CURSED_QUANTITY;
use crate::shop::report::Press;
use crate::shop::shipping::CURSED_WEIGHT;
use crate::trial::knock_through;

/// Keeps the shop up until a signal comes, with nobody breaking anything but the visitor.
pub(crate) fn serve(port: u16, verbose: bool) -> Result<ExitCode, BoxError> {
    let folder = tempfile::tempdir()?;
    let door = knock_through(port)?;
    print!("{}", sign(door.local_addr()?));
    let journal = Arc::new(Journal::new(verbose));
    let file = folder.path().join("orders.redb");
    let tree = tree::plant(&file, door, journal, &Press::default())?;
    Ok(Runner::new(tree).shutdown_deadline(DEADLINE).run())
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

curl http://{address}/checkout -H 'Content-Type: application/json' -d '{{\"product\":3,\"quantity\":1}}'
    places an order; quantity {CURSED_QUANTITY} crashes the database
"
    )
}
