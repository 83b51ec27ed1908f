//! The orders on disk: an embedded database in one file.

use std::collections::BTreeMap;
use std::path::Path;

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition, TableError};

use super::till::Token;

/// Product, quantity, total and token of each order, by the order's id.
const ORDERS: TableDefinition<'_, u64, (u16, u64, u64, Token)> = TableDefinition::new("orders");

/// The id of each order, by its token.
const TOKENS: TableDefinition<'_, Token, u64> = TableDefinition::new("tokens");

/// More than the demo ever needs; redb's own default is 1 GiB.
const CACHE_BYTES: usize = 16 << 20;

/// What was bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sale {
    pub(crate) product: u16,
    pub(crate) quantity: u64,
    /// In cents.
    pub(crate) total: u64,
}

/// An order as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) sale: Sale,
    pub(crate) token: Token,
}

/// Under which id an order is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) id: u64,
    /// It was not there before.
    pub(crate) is_new: bool,
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

    /// Writes some orders in one transaction, but for those that are there already, by their tokens.
    ///
    /// When this returns the orders are on disk and survive whatever comes.
    pub(crate) fn commit(&self, records: &[Record]) -> Result<Vec<Stored>, redb::Error> {
        let transaction = self.database.begin_write()?;
        let mut stored = Vec::with_capacity(records.len());
        {
            let mut orders = transaction.open_table(ORDERS)?;
            let mut tokens = transaction.open_table(TOKENS)?;
            let mut next = orders.last()?.map_or(1, |(id, _)| id.value() + 1);
            for Record { sale, token } in records {
                let there = tokens.get(token)?.map(|id| id.value());
                if there.is_none() {
                    orders.insert(next, (sale.product, sale.quantity, sale.total, *token))?;
                    tokens.insert(token, next)?;
                }
                let (id, is_new) = (there.unwrap_or(next), there.is_none());
                stored.push(Stored { id, is_new });
                next += u64::from(is_new);
            }
        }
        transaction.commit()?;
        Ok(stored)
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
            let (product, quantity, total, token) = record.value();
            let sale = Sale {
                product,
                quantity,
                total,
            };
            all.insert(id.value(), Record { sale, token });
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_that_comes_again_is_stored_once_and_keeps_its_id() {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let file = folder.path().join("orders.redb");
        let sale = Sale {
            product: 1,
            quantity: 2,
            total: 3,
        };
        let [first, second, third] = [11, 12, 13].map(|token| Record { sale, token });
        let stored = |id, is_new| Stored { id, is_new };

        let store = Store::open(&file).expect("it is made");
        let ids = store.commit(&[first, second]).expect("they are written");
        assert_eq!(ids, [stored(1, true), stored(2, true)]);
        drop(store);

        let store = Store::open(&file).expect("it is there");
        let ids = store.commit(&[second, third, third]).expect("one is");
        assert_eq!(ids, [stored(2, false), stored(3, true), stored(3, false)]);
        let on_disk = store.orders().expect("they can be read");
        assert_eq!(on_disk, [(1, first), (2, second), (3, third)].into());
    }
}
