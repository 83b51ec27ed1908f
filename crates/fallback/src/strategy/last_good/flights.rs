//! Who asks a service that fails.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use seaworthy_core::sync::Lock;
use seaworthy_core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// For which keys the service has failed, and whether somebody asks it.
#[derive(Debug)]
pub(super) struct Flights<K> {
    /// How many keys there are, so that nobody has to look while all is well.
    len: AtomicUsize,
    /// True where somebody asks.
    keys: Lock<HashMap<K, Arc<AtomicBool>>>,
    max: usize,
}

/// Whether a call is to ask. By default it is: the service is well, as far as anybody knows.
#[derive(Debug, Default)]
pub(super) struct Turn {
    /// Somebody else asks.
    pub(super) others: bool,
    /// It asks, and the others that come meanwhile do not.
    _own: Option<Own>,
}

/// The turn of one call, until this is dropped.
#[derive(Debug)]
struct Own {
    asks: Arc<AtomicBool>,
}

impl<K: Hash + Eq + Clone> Flights<K> {
    /// For at most so many keys.
    pub(super) fn new(max: usize) -> Self {
        Self {
            len: AtomicUsize::new(0),
            keys: Lock::new(HashMap::new()),
            max,
        }
    }

    /// A call begins.
    pub(super) fn board(&self, key: &K) -> Turn {
        if self.len.load(Ordering::Acquire) == 0 {
            return Turn::default();
        }
        let Some(asks) = self.keys.lock().get(key).map(Arc::clone) else {
            return Turn::default();
        };
        let others = asks.swap(true, Ordering::AcqRel);
        Turn {
            others,
            _own: (!others).then(|| Own { asks }),
        }
    }

    /// The service has failed. Of keys for which there is no room it is asked by all.
    pub(super) fn failed(&self, key: &K) {
        let mut keys = self.keys.lock();
        if keys.len() < self.max && !keys.contains_key(key) {
            keys.insert(key.clone(), Arc::default());
            self.len.store(keys.len(), Ordering::Release);
        }
    }

    /// The service has answered.
    pub(super) fn well(&self, key: &K) {
        if self.len.load(Ordering::Acquire) > 0 {
            let mut keys = self.keys.lock();
            keys.remove(key);
            self.len.store(keys.len(), Ordering::Release);
        }
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        self.asks.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_keys_are_known_than_there_is_room_for() {
        let flights = Flights::new(2);
        (0..9).for_each(|key| flights.failed(&key));
        assert_eq!(flights.keys.lock().len(), 2);
        let known = flights.board(&0);
        assert!(!known.others && flights.board(&0).others);
        drop(known);
        assert!(!flights.board(&0).others, "its turn is over");
        assert!(!flights.board(&8).others && !flights.board(&8).others);
        flights.well(&0);
        flights.failed(&8);
        let _known = flights.board(&8);
        assert!(flights.board(&8).others, "there is room again");
    }
}
