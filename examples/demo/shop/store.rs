//! The orders on disk: an embedded database in one file.

use std::collections::BTreeMap;
use std::path::Path;

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition, TableError};

/// Product, quantity and total of each order, by the order's id.
const ORDERS: TableDefinition<'_, u64, (u16, u64, u64)> = TableDefinition::new("orders");

/// More than the demo ever needs; redb's own default is 1 GiB.
const CACHE_BYTES: usize = 16 << 20;

/// An order as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) product: u16,
    pub(crate) quantity: u64,
    /// In cents.
    pub(crate) total: u64,
}

/// The open database file.
///
/// The file is locked while it is open: a second `Store` of the same file is an error. So whoever opens
/// it anew after a crash must be sure that the one before is gone.
pub(crate) struct Store {
    database: Database,
}

impl Store {
    /// Opens the file, and makes it if there is none. What a crash left unfinished is rolled back.
    pub(crate) fn open(file: &Path) -> Result<Self, redb::Error> {
        let database = Database::builder()
            .set_cache_size(CACHE_BYTES)
            .create(file)?;
        Ok(Self { database })
    }

    /// Writes some orders in one transaction and returns the id of the first; the others follow it.
    ///
    /// When this returns the orders are on disk and survive whatever comes.
    pub(crate) fn commit(&self, records: &[Record]) -> Result<u64, redb::Error> {
        let transaction = self.database.begin_write()?;
        let first = {
            let mut orders = transaction.open_table(ORDERS)?;
            let first = orders.last()?.map_or(1, |(id, _)| id.value() + 1);
            for (
                id,
                Record {
                    product,
                    quantity,
                    total,
                },
            ) in (first..).zip(records)
            {
                orders.insert(id, (*product, *quantity, *total))?;
            }
            first
        };
        transaction.commit()?;
        Ok(first)
    }

    /// All orders on disk, by id.
    pub(crate) fn orders(&self) -> Result<BTreeMap<u64, Record>, redb::Error> {
        let mut all = BTreeMap::new();
        let orders = match self.database.begin_read()?.open_table(ORDERS) {
            Ok(orders) => orders,
            // The first order makes it.
            Err(TableError::TableDoesNotExist(_)) => return Ok(all),
            Err(error) => return Err(error.into()),
        };
        for entry in orders.iter()? {
            let (id, record) = entry?;
            let (product, quantity, total) = record.value();
            all.insert(
                id.value(),
                Record {
                    product,
                    quantity,
                    total,
                },
            );
        }
        Ok(all)
    }
}
