//! The lists on disk: an embedded database in one file.

use std::path::Path;

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition, TableError};
use tokio::sync::oneshot;

/// The entries by user and number, from 0.
const ENTRIES: TableDefinition<'_, (&str, u64), &str> = TableDefinition::new("entries");

/// More than a few lists need; redb's own default is 1 GiB.
const CACHE_BYTES: usize = 4 << 20;

/// What came of writing an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// It is there, and survives whatever comes. It may have been there already.
    OnDisk,
    /// Another one has its number.
    Taken,
}

/// The open file. It is locked: nobody else can open it, of this process or another.
pub(crate) struct Store {
    database: Database,
    /// Dropped after the file is closed, by which [`Closed`] is told.
    _open: oneshot::Sender<()>,
}

/// Ready when the file is closed, with an error, as nobody sends anything.
pub(crate) type Closed = oneshot::Receiver<()>;

impl Store {
    /// Opens the file, and makes it if there is none. What a crash left unfinished is rolled back.
    pub(crate) fn open(file: &Path) -> Result<(Self, Closed), redb::Error> {
        let database = Database::builder()
            .set_cache_size(CACHE_BYTES)
            .create(file)?;
        let (_open, closed) = oneshot::channel();
        Ok((Self { database, _open }, closed))
    }

    /// Writes an entry, unless there is one of its number. To write it twice is to write it once: a delivery may come
    /// again after its worker has written it and crashed before it said so.
    pub(crate) fn write(
        &self,
        user: &str,
        number: u64,
        text: &str,
    ) -> Result<Written, redb::Error> {
        let transaction = self.database.begin_write()?;
        {
            let mut entries = transaction.open_table(ENTRIES)?;
            let there = entries.get((user, number))?;
            let there = there.map(|entry| entry.value() == text);
            match there {
                Some(true) => return Ok(Written::OnDisk),
                Some(false) => return Ok(Written::Taken),
                None => entries.insert((user, number), text)?,
            };
        }
        transaction.commit()?;
        Ok(Written::OnDisk)
    }

    /// A user's entries, in order.
    pub(crate) fn load(&self, user: &str) -> Result<Vec<String>, redb::Error> {
        let entries = match self.database.begin_read()?.open_table(ENTRIES) {
            Ok(entries) => entries,
            // The first entry makes it.
            Err(TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        };
        let mut list = Vec::new();
        for entry in entries.range((user, 0)..=(user, u64::MAX))? {
            let (_, text) = entry?;
            list.push(text.value().to_owned());
        }
        Ok(list)
    }
}
