//! The sales report: rendered from the whole database every so often, read by everyone.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::catalogue::{self, cents};
use super::store::Store;

/// How old a report may get.
pub(crate) const EVERY: Duration = Duration::from_millis(250);

/// A report, and when it was rendered.
#[derive(Clone, Debug)]
pub(crate) struct Sheet {
    pub(crate) text: String,
    pub(crate) rendered: Instant,
}

impl Sheet {
    pub(crate) fn new(text: String) -> Self {
        let rendered = Instant::now();
        Self { text, rendered }
    }
}

/// What the reports are printed on, and the third bug: after a jam, whoever prints next waits for ever.
#[derive(Clone, Debug, Default)]
pub(crate) struct Press {
    jammed: Arc<AtomicBool>,
}

impl Press {
    /// Something gets stuck.
    pub(crate) fn jam(&self) {
        self.jammed.store(true, Ordering::Relaxed);
    }

    /// Waits until the press is free. Nobody ever tells the one who waits that it is.
    pub(crate) async fn free(&self) {
        if self.jammed.swap(false, Ordering::Relaxed) {
            std::future::pending().await
        }
    }
}

/// Reads all orders and sums them up. Blocks while it reads.
pub(crate) fn render(store: &Store) -> Result<String, redb::Error> {
    let orders = store.orders()?;
    let mut sales: BTreeMap<u16, (u64, u64)> = BTreeMap::new();
    for order in orders.values().map(|record| record.sale) {
        let (quantity, total) = sales.entry(order.product).or_default();
        *quantity += order.quantity;
        *total += order.total;
    }
    let mut report = format!("{} orders\n", orders.len());
    for (id, (quantity, total)) in sales {
        let name = catalogue::find(id).map_or("(no longer sold)", |product| &*product.name);
        let total = cents(total);
        // Writing into a string cannot fail.
        let _ = writeln!(report, "{name:<20} {quantity:>8} sold {total:>14}");
    }
    Ok(report)
}
