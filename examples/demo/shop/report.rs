//! The sales report: rendered from the whole database every so often, read by everyone.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use super::catalogue::{self, cents};
use super::store::Store;

/// How old a report may get.
pub(crate) const EVERY: Duration = Duration::from_millis(250);

/// Reads all orders and sums them up. Blocks while it reads.
pub(crate) fn render(store: &Store) -> Result<String, redb::Error> {
    let orders = store.orders()?;
    let mut sales: BTreeMap<u16, (u64, u64)> = BTreeMap::new();
    for order in orders.values() {
        let (quantity, total) = sales.entry(order.product).or_default();
        *quantity += order.quantity;
        *total += order.total;
    }
    let mut report = format!("{} orders\n", orders.len());
    for (id, (quantity, total)) in sales {
        let name = catalogue::find(id).map_or("(no longer sold)", |product| product.name);
        let total = cents(total);
        // Writing into a string cannot fail.
        let _ = writeln!(report, "{name:<20} {quantity:>8} sold {total:>14}");
    }
    Ok(report)
}
