//! An item in a queue, and what the queue knows about it.

use seaworthy_core::clock::Coarse;

use crate::carried::Carried;

/// An item that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry<T> {
    pub(crate) item: T,
    pub(crate) tag: Tag,
    pub(crate) carried: Carried,
}

/// What a queue knows about an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tag {
    /// Since when it is in the queue.
    pub(crate) since: Coarse,
    /// When it is of no use any more.
    pub(crate) deadline: Coarse,
    /// The how many-th it is that came in. The queue gives it.
    pub(crate) number: u64,
    pub(crate) weight: u32,
    /// How often it was delivered before.
    pub(crate) attempts: u32,
    /// How many of those times it was not its fault.
    pub(crate) spared: u32,
    /// Whose it is.
    pub(crate) key: u64,
    /// How important: 0 before all others.
    pub(crate) class: u8,
}

/// Where an item that waits is found again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) number: u64,
    pub(crate) key: u64,
    pub(crate) class: u8,
}

/// A moment that never comes.
pub(crate) const NEVER: Coarse = Coarse::from_nanos(u64::MAX);

impl Tag {
    #[inline]
    pub(crate) fn spot(&self) -> Spot {
        let Self {
            number, key, class, ..
        } = *self;
        Spot { number, key, class }
    }

    /// Of an item about which there is nothing to know.
    pub(crate) fn plain(since: Coarse) -> Self {
        Self {
            since,
            deadline: NEVER,
            number: 0,
            weight: 1,
            attempts: 0,
            spared: 0,
            key: 0,
            class: 0,
        }
    }
}

impl<T> Entry<T> {
    /// One that carries nothing.
    pub(crate) fn new(item: T, tag: Tag) -> Self {
        let carried = Carried::default();
        Self { item, tag, carried }
    }

    /// It was never delivered.
    pub(crate) fn is_new(&self) -> bool {
        self.tag.attempts == 0
    }
}
