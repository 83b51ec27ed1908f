//! Something for each key, in bounded memory.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, Hash, RandomState};
use std::num::NonZeroUsize;

use crate::clock::{self, Coarse};
use crate::panic;
use crate::sync::Lock;

/// At most so many parts, each with a lock of its own.
const PARTS: usize = 1024;

/// Not worth a lock of their own: with few keys in each part, one would overflow while others are empty. It is also how
/// many are looked at when one has to give way.
const FEW: usize = 64;

/// A value for each key, made when it is first asked for. When there is no room, the one gives way that was asked for
/// longest ago, of those that may.
///
/// It is kept in parts by the hash of the key, each with its share of the room, which is rounded up: from twice 64 keys on
/// there is more than one. Values are handles, cheap to clone.
pub struct Keyed<K, V> {
    hasher: RandomState,
    parts: Box<[Lock<Part<K, V>>]>,
    /// How many each part may hold.
    capacity: usize,
}

type Part<K, V> = HashMap<K, Entry<V>>;

struct Entry<V> {
    value: V,
    asked: Coarse,
}

/// What somebody gets who asks for a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<V> {
    /// It was there.
    Kept(V),
    /// It was made, and is there from now on.
    New(V),
    /// It was made, and nobody else knows of it: there is no room, and nothing may give way.
    NoRoom(V),
}

impl<K, V> Keyed<K, V> {
    /// Room for so many.
    #[must_use]
    pub fn new(capacity: NonZeroUsize) -> Self {
        let parts = (capacity.get() / FEW).clamp(1, PARTS);
        Self {
            hasher: RandomState::new(),
            parts: (0..parts).map(|_| Lock::new(Part::new())).collect(),
            capacity: capacity.get().div_ceil(parts),
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parts.iter().map(|part| part.lock().len()).sum()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Looks at all of them, one part after the other, each under its lock: `look` must not come back here.
    pub fn for_each(&self, mut look: impl FnMut(&K, &V)) {
        for part in &self.parts {
            let entries = part.lock();
            entries.iter().for_each(|(key, it)| look(key, &it.value));
        }
    }

    /// All of them, in no order.
    #[must_use]
    pub fn values(&self) -> Vec<V>
    where
        V: Clone,
    {
        let mut values = Vec::new();
        self.for_each(|_, value| values.push(value.clone()));
        values
    }

    /// All of them with their keys, in no order.
    #[must_use]
    pub fn entries(&self) -> Vec<(K, V)>
    where
        K: Clone,
        V: Clone,
    {
        let mut entries = Vec::new();
        self.for_each(|key, value| entries.push((key.clone(), value.clone())));
        entries
    }

    fn part<Q: Hash + ?Sized>(&self, key: &Q) -> &Lock<Part<K, V>> {
        let hash = self.hasher.hash_one(key);
        // The lower bits are those that the map goes by.
        let index = (hash >> 32) as usize % self.parts.len();
        &self.parts[index]
    }
}

impl<K: Hash + Eq, V: Clone> Keyed<K, V> {
    /// That of this key. If there is none it is made, outside the lock: whoever is first is kept. `may_go` says of one,
    /// under the lock, whether it may give way at this time.
    pub fn get(
        &self,
        key: K,
        make: impl FnOnce(&K) -> V,
        may_go: impl Fn(&V, Coarse) -> bool,
    ) -> Found<V> {
        let asked = clock::coarse();
        let part = self.part(&key);
        if let Some(entry) = part.lock().get_mut(&key) {
            entry.asked = asked;
            return Found::Kept(entry.value.clone());
        }
        let new = make(&key);
        let mut entries = part.lock();
        if let Some(entry) = entries.get_mut(&key) {
            return Found::Kept(entry.value.clone());
        }
        let mut given_up = None;
        if entries.len() >= self.capacity {
            given_up = give_up_one(&mut entries, |value| may_go(value, asked));
            if given_up.is_none() {
                return Found::NoRoom(new);
            }
        }
        let value = new.clone();
        entries.insert(key, Entry { value: new, asked });
        drop(entries);
        // A key is a value of the user.
        panic::drop_quietly(given_up);
        Found::New(value)
    }

    /// That of this key, if there is one. It does not count as asking for it.
    #[must_use]
    pub fn find<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let entries = self.part(key).lock();
        entries.get(key).map(|entry| entry.value.clone())
    }

    /// Forgets that of this key. False if there was none.
    pub fn remove(&self, key: &K) -> bool {
        let removed = self.part(key).lock().remove_entry(key);
        let found = removed.is_some();
        panic::drop_quietly(removed);
        found
    }
}

/// The one that was asked for longest ago, of those that may go.
fn give_up_one<K: Hash + Eq, V>(
    entries: &mut Part<K, V>,
    may_go: impl Fn(&V) -> bool,
) -> Option<(K, Entry<V>)> {
    let candidates = entries.values().filter(|entry| may_go(&entry.value));
    let oldest = candidates.map(|entry| entry.asked).min()?;
    let is_it = |_: &K, entry: &mut Entry<V>| entry.asked == oldest && may_go(&entry.value);
    entries.extract_if(is_it).next()
}

impl<K, V> fmt::Debug for Keyed<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyed")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, not(seaworthy_loom)))]
mod tests {
    use super::*;

    fn room_for(keys: usize) -> Keyed<usize, usize> {
        Keyed::new(NonZeroUsize::new(keys).expect("not zero"))
    }

    #[test]
    fn it_is_made_once_and_kept() {
        let keyed = room_for(2);
        assert_eq!(keyed.get(1, |key| 10 * key, |_, _| true), Found::New(10));
        let twice = keyed.get(1, |_| unreachable!("it is there"), |_, _| true);
        assert_eq!((twice, keyed.find(&1)), (Found::Kept(10), Some(10)));
        assert!(keyed.remove(&1) && !keyed.remove(&1));
        assert!(keyed.is_empty());
    }

    #[test]
    fn what_may_not_go_stays_and_the_rest_makes_room() {
        let keyed = room_for(2);
        let is_even = |value: &usize, _| value.is_multiple_of(2);
        for key in 0..100 {
            keyed.get(key, |key| *key, is_even);
            assert!(keyed.len() <= 2);
        }
        assert_eq!(keyed.find(&1), Some(1), "it may not go");
        assert_eq!(
            keyed.find(&3),
            Some(3),
            "it took the place of the last that could"
        );
        assert_eq!(keyed.get(200, |key| *key, is_even), Found::NoRoom(200));
        assert_eq!((keyed.find(&200), keyed.len()), (None, 2));
    }

    #[test]
    fn all_that_it_has_room_for_are_there() {
        let keyed = room_for(10_000);
        for key in 0..20_000 {
            keyed.get(key, |key| *key, |_, _| true);
        }
        // Each part rounds its share of the room up.
        assert!((9_000..=10_000 + PARTS).contains(&keyed.len()));
        let (mut values, entries) = (keyed.values(), keyed.entries());
        values.sort_unstable();
        values.dedup();
        assert_eq!((values.len(), entries.len()), (keyed.len(), keyed.len()));
    }
}
