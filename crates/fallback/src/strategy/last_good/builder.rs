//! Making room for last good answers.

use std::fmt;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use quick_cache::sync::Cache;
use seaworthy_core::ConfigError;

use super::flights::Flights;
use super::{Inner, Key, LastGood, Pick};

const NAME: &str = "last_good";

/// Makes a [`LastGood`].
#[must_use = "nothing is made before `build`"]
pub struct LastGoodBuilder<Req, K, Res> {
    key: Key<Req, K>,
    store_if: Option<Pick<Res>>,
    max_age: Duration,
    max_entries: usize,
    one_at_a_time: bool,
}

impl<Req, K: Hash + Eq + Clone, Res: Clone> LastGoodBuilder<Req, K, Res> {
    pub(super) fn new(key: Key<Req, K>) -> Self {
        Self {
            key,
            store_if: None,
            max_age: Duration::from_secs(600),
            max_entries: 1000,
            one_at_a_time: false,
        }
    }

    /// An answer that is older is none. Above 0; default: 10 minutes.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = age;
        self
    }

    /// So many answers are kept; those that are of least use give way. At least 1; default: 1000.
    pub fn max_entries(mut self, entries: usize) -> Self {
        self.max_entries = entries;
        self
    }

    /// Keeps only responses of which this is true. Default: all that are [no failure](crate::FallbackBuilder::handle).
    pub fn store_if(mut self, pick: impl Fn(&Res) -> bool + Send + Sync + 'static) -> Self {
        self.store_if = Some(Box::new(pick));
        self
    }

    /// After the service has failed for a key, asks it for that key by one call at a time: the others that come meanwhile
    /// are answered with what is kept, at once, until it is well again. Without it each call asks.
    ///
    /// If nothing is kept for the key, or it is too old, each call asks all the same. Only the first of a chain's last good
    /// answers that is asked to do so does it.
    pub fn one_at_a_time(mut self) -> Self {
        self.one_at_a_time = true;
        self
    }

    /// Makes it.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], if `max_age` or `max_entries` is 0.
    pub fn build(self) -> Result<LastGood<Req, K, Res>, ConfigError> {
        let Self {
            max_age,
            max_entries,
            ..
        } = self;
        let given = format_args!("{max_age:?}");
        ConfigError::unless(!max_age.is_zero(), NAME, "max_age", given, "above 0")?;
        let allowed = "at least 1";
        ConfigError::unless(max_entries > 0, NAME, "max_entries", max_entries, allowed)?;
        let inner = Inner {
            key: self.key,
            store_if: self.store_if,
            max_age,
            entries: Cache::new(max_entries),
            flights: self.one_at_a_time.then(|| Flights::new(max_entries)),
        };
        Ok(LastGood {
            inner: Arc::new(inner),
        })
    }
}

impl<Req, K, Res> fmt::Debug for LastGoodBuilder<Req, K, Res> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LastGoodBuilder")
            .field("max_age", &self.max_age)
            .field("max_entries", &self.max_entries)
            .field("one_at_a_time", &self.one_at_a_time)
            .finish_non_exhaustive()
    }
}
