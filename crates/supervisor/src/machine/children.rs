//! The children of one supervisor in start order: constant time for everything but a walk.

use std::sync::Arc;

use crate::config::Restart;
use crate::id::ChildId;

/// Names one child of one supervisor for as long as its specification is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    index: u32,
    /// Tells a child from an earlier one whose place it took.
    generation: u32,
}

impl Key {
    /// Whether it was added before the other one. (They are never two billion apart.)
    pub(super) fn is_older_than(self, other: Self) -> bool {
        other.generation.wrapping_sub(self.generation).cast_signed() > 0
    }
}

/// What the supervisor believes about a child. (Whether the process lives is another matter: its
/// exit notice may still be in the inbox.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    /// No process, and none is wanted.
    Vacant,
    /// Started.
    Running,
    /// A restart failed, or is under way; it will be tried again.
    Restarting,
}

/// One child: what the decisions need, and a payload that they never look at.
#[derive(Debug)]
pub(crate) struct Entry<P> {
    pub(crate) id: ChildId,
    pub(crate) payload: P,
    pub(crate) incarnation: u64,
    /// The last incarnation that was ready: attempts to start that failed do not count.
    pub(super) ran: u64,
    next: u32,
    previous: u32,
    generation: u32,
    pub(crate) restart: Restart,
    pub(crate) significant: bool,
    pub(crate) supervisor: bool,
    pub(super) slot: Slot,
    pub(super) alive: bool,
    /// A crash is followed by a pause.
    pub(super) paused: bool,
    /// Failed the same way too often: not restarted when it ends.
    pub(super) hopeless: bool,
    /// Its restart waits for those it needs.
    pub(super) waits: bool,
    /// The siblings that have to run when it is restarted.
    pub(super) needs: Option<Needs>,
}

/// Names of siblings.
pub(crate) type Needs = Arc<[Arc<str>]>;

impl<P> Entry<P> {
    pub(crate) fn slot(&self) -> Slot {
        self.slot
    }

    /// Whether a process exists, be it only starting.
    pub(crate) fn is_alive(&self) -> bool {
        self.alive
    }
}

/// A child to be added.
#[derive(Debug)]
pub(crate) struct NewChild<P> {
    pub(crate) restart: Restart,
    pub(crate) significant: bool,
    pub(crate) supervisor: bool,
    /// Whether a crash is followed by a pause, of which the shell knows how long it is.
    pub(crate) paused: bool,
    pub(crate) needs: Option<Needs>,
    pub(crate) payload: P,
}

const END: u32 = u32::MAX;

/// A list in start order, linked by indexes so that a child keeps its place and its key.
#[derive(Debug)]
pub(crate) struct Children<P> {
    entries: slab::Slab<Entry<P>>,
    first: u32,
    last: u32,
    generation: u32,
}

impl<P> Children<P> {
    pub(crate) fn new() -> Self {
        Self {
            entries: slab::Slab::new(),
            first: END,
            last: END,
            generation: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn push(&mut self, id: ChildId, child: NewChild<P>) -> Key {
        let NewChild {
            restart,
            significant,
            supervisor,
            paused,
            needs,
            payload,
        } = child;
        self.generation = self.generation.wrapping_add(1);
        let key = Key {
            // Four billion children would need a terabyte before this saturates.
            index: u32::try_from(self.entries.vacant_key()).unwrap_or(END),
            generation: self.generation,
        };
        self.entries.insert(Entry {
            id,
            payload,
            incarnation: 0,
            ran: 0,
            next: END,
            previous: self.last,
            generation: key.generation,
            restart,
            significant,
            supervisor,
            slot: Slot::Vacant,
            alive: false,
            paused,
            hopeless: false,
            waits: false,
            needs,
        });
        match self.entries.get_mut(self.last as usize) {
            Some(last) => last.next = key.index,
            None => self.first = key.index,
        }
        self.last = key.index;
        key
    }

    pub(crate) fn remove(&mut self, key: Key) -> Option<(ChildId, P)> {
        self.get(key)?;
        let entry = self.entries.remove(key.index as usize);
        match self.entries.get_mut(entry.previous as usize) {
            Some(previous) => previous.next = entry.next,
            None => self.first = entry.next,
        }
        match self.entries.get_mut(entry.next as usize) {
            Some(next) => next.previous = entry.previous,
            None => self.last = entry.previous,
        }
        Some((entry.id, entry.payload))
    }

    pub(crate) fn get(&self, key: Key) -> Option<&Entry<P>> {
        self.entries
            .get(key.index as usize)
            .filter(|entry| entry.generation == key.generation)
    }

    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut Entry<P>> {
        self.entries
            .get_mut(key.index as usize)
            .filter(|entry| entry.generation == key.generation)
    }

    pub(crate) fn first(&self) -> Option<Key> {
        self.key_at(self.first)
    }

    pub(crate) fn last(&self) -> Option<Key> {
        self.key_at(self.last)
    }

    pub(crate) fn after(&self, key: Key) -> Option<Key> {
        self.key_at(self.get(key)?.next)
    }

    pub(crate) fn before(&self, key: Key) -> Option<Key> {
        self.key_at(self.get(key)?.previous)
    }

    /// All children in start order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Key, &Entry<P>)> {
        std::iter::successors(self.first(), |key| self.after(*key))
            .filter_map(|key| Some((key, self.get(key)?)))
    }

    pub(crate) fn into_payloads(self) -> impl Iterator<Item = P> {
        self.entries.into_iter().map(|(_, entry)| entry.payload)
    }

    /// All children, last started first.
    pub(crate) fn iter_back(&self) -> impl Iterator<Item = (Key, &Entry<P>)> {
        std::iter::successors(self.last(), |key| self.before(*key))
            .filter_map(|key| Some((key, self.get(key)?)))
    }

    fn key_at(&self, index: u32) -> Option<Key> {
        let entry = self.entries.get(index as usize)?;
        Some(Key {
            index,
            generation: entry.generation,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> ChildId {
        ChildId::Name(name.into())
    }

    fn child(payload: &'static str) -> NewChild<&'static str> {
        NewChild {
            restart: Restart::Permanent,
            significant: false,
            supervisor: false,
            paused: false,
            needs: None,
            payload,
        }
    }

    fn order(children: &Children<&'static str>) -> Vec<&'static str> {
        children.iter().map(|(_, entry)| entry.payload).collect()
    }

    #[test]
    fn keeps_start_order_through_removals() {
        let mut children = Children::new();
        let [a, b, c] = ["a", "b", "c"].map(|name| children.push(id(name), child(name)));
        assert_eq!(children.remove(b), Some((id("b"), "b")));
        assert_eq!(order(&children), ["a", "c"]);
        let d = children.push(id("d"), child("d"));
        assert_eq!(order(&children), ["a", "c", "d"]);
        assert_eq!((children.first(), children.last()), (Some(a), Some(d)));
        assert_eq!((children.before(d), children.after(a)), (Some(c), Some(c)));
        for key in [a, c, d] {
            children.remove(key);
        }
        assert_eq!(
            (children.first(), children.last(), children.len()),
            (None, None, 0)
        );
    }

    #[test]
    fn a_key_does_not_name_the_successor_in_its_place() {
        let mut children = Children::new();
        let old = children.push(id("old"), child("old"));
        children.remove(old);
        let new = children.push(id("new"), child("new"));
        assert_eq!(new.index, old.index);
        assert!(children.get(old).is_none());
        assert_eq!(children.remove(old), None);
        assert_eq!(order(&children), ["new"]);
    }
}
