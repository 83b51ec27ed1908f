//! What the shop sells, in a database of its own from which the product pages are read.
//!
//! It has nothing to do with the one of the orders, and is not always [well](Mood): as the copy for reading of a larger
//! one is that restarts, or has a bad day.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use redb::{Database, ReadableDatabase, TableDefinition};
use seaworthy_core::BoxError;
use tokio::sync::watch;
use tokio::time;

use super::catalogue::{self, Product};
use crate::mood::Mood;

/// Name, price and pieces of each product, by its number.
const PRODUCTS: TableDefinition<'_, u16, (&str, u64, u64)> = TableDefinition::new("products");

/// Longer than anybody waits for it.
const SLOW: Duration = Duration::from_secs(1);

/// The database; clones are the same one.
#[derive(Clone)]
pub(crate) struct Products {
    database: Arc<Database>,
    mood: Arc<watch::Sender<Mood>>,
    /// How often it was asked.
    asked: Arc<AtomicU64>,
}

impl Products {
    /// Makes the file, with all that is in the catalogue, and is well.
    pub(crate) fn open(file: &Path) -> Result<Self, redb::Error> {
        let database = Database::create(file)?;
        let transaction = database.begin_write()?;
        {
            let mut table = transaction.open_table(PRODUCTS)?;
            for product in catalogue::all() {
                let row = (&*product.name, product.price, product.pieces);
                table.insert(product.id, row)?;
            }
        }
        transaction.commit()?;
        Ok(Self {
            database: Arc::new(database),
            mood: Arc::new(watch::Sender::new(Mood::Well)),
            asked: Arc::default(),
        })
    }

    /// Tells it how to be.
    pub(crate) fn mood(&self) -> &Arc<watch::Sender<Mood>> {
        &self.mood
    }

    /// Looks a product up.
    pub(crate) async fn read(&self, id: u16) -> Result<Option<Product>, BoxError> {
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        let mood = *self.mood.borrow();
        match mood {
            Mood::Well => {}
            Mood::Slow => time::sleep(SLOW).await,
            Mood::HalfWell if number % 2 == 1 => {}
            Mood::HalfWell | Mood::Down => return Err("no connection to the products".into()),
        }
        let table = self.database.begin_read()?.open_table(PRODUCTS)?;
        let row = table.get(id)?;
        Ok(row.map(|row| {
            let (name, price, pieces) = row.value();
            Product {
                id,
                name: name.to_owned().into(),
                price,
                pieces,
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shop::catalogue::CURSED;

    #[tokio::test]
    async fn it_answers_as_it_is() {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let products = Products::open(&folder.path().join("products.redb")).expect("it is made");
        for product in catalogue::all() {
            let read = products.read(product.id).await.expect("it is well");
            let read = read.map(|it| (it.id, it.name, it.price, it.pieces));
            let name = product.name.clone();
            assert_eq!(
                read,
                Some((product.id, name, product.price, product.pieces))
            );
        }
        let next = products.read(CURSED + 1).await.expect("it is well");
        assert!(next.is_none());

        products.mood().send_replace(Mood::Slow);
        let asked = time::Instant::now();
        assert!(products.read(1).await.is_ok_and(|it| it.is_some()));
        assert!(asked.elapsed() >= SLOW);
        products.mood().send_replace(Mood::Down);
        assert!(products.read(1).await.is_err());
        products.mood().send_replace(Mood::HalfWell);
        let first = products.read(1).await.is_ok();
        assert_ne!(first, products.read(1).await.is_ok());
    }
}
