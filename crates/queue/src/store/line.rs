//! Who goes first.

mod fair;
mod plain;

use seaworthy_core::clock::Coarse;

use super::entry::Entry;
use crate::config::{Config, Order};

use fair::Fair;
use plain::Plain;

/// The items that wait, by class.
#[derive(Clone, Debug)]
pub(crate) struct Line<T> {
    classes: Box<[Lane<T>]>,
    len: usize,
}

/// Those of one class.
#[derive(Clone, Debug)]
enum Lane<T> {
    Plain(Plain<T>),
    Fair(Fair<T>),
}

impl<T> Line<T> {
    pub(crate) fn new(config: &Config) -> Self {
        let lane = |_| match config.order {
            Order::Fair => Lane::Fair(Fair::default()),
            order => Lane::Plain(Plain::new(order)),
        };
        Self {
            classes: (0..config.classes.max(1)).map(lane).collect(),
            len: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn push(&mut self, entry: Entry<T>) {
        self.len += 1;
        match self.lane(entry.tag.class) {
            Lane::Plain(lane) => lane.push(entry),
            Lane::Fair(lane) => lane.push(entry),
        }
    }

    /// One that was taken already goes first among those of its class, or of its key.
    pub(crate) fn put_back(&mut self, entry: Entry<T>) {
        self.len += 1;
        match self.lane(entry.tag.class) {
            Lane::Plain(lane) => lane.put_back(entry),
            Lane::Fair(lane) => lane.put_back(entry),
        }
    }

    /// One that was evicted is where it was.
    pub(crate) fn restore(&mut self, entry: Entry<T>) {
        self.len += 1;
        match self.lane(entry.tag.class) {
            Lane::Plain(lane) => lane.restore(entry),
            Lane::Fair(lane) => lane.put_back(entry),
        }
    }

    #[inline]
    fn lane(&mut self, class: u8) -> &mut Lane<T> {
        let last = self.classes.len() - 1;
        &mut self.classes[usize::from(class).min(last)]
    }

    /// The one whose turn it is.
    pub(crate) fn pop(&mut self, now: Coarse) -> Option<Entry<T>> {
        if self.len == 0 {
            return None;
        }
        let entry = self.classes.iter_mut().find_map(|lane| match lane {
            Lane::Plain(lane) => lane.pop(now),
            Lane::Fair(lane) => lane.pop(),
        })?;
        self.len -= 1;
        Some(entry)
    }

    /// The one that has waited longest, of the least important class; with keys, of the key that has most.
    pub(crate) fn evict(&mut self) -> Option<Entry<T>> {
        self.evict_above(None)
    }

    /// The same, if it is less important than this class.
    pub(crate) fn evict_less_important(&mut self, class: u8) -> Option<Entry<T>> {
        self.evict_above(Some(class))
    }

    fn evict_above(&mut self, class: Option<u8>) -> Option<Entry<T>> {
        let first = class.map_or(0, |class| usize::from(class) + 1);
        let lanes = self.classes.get_mut(first..)?;
        let entry = lanes.iter_mut().rev().find_map(|lane| match lane {
            Lane::Plain(lane) => lane.evict(),
            Lane::Fair(lane) => lane.evict(),
        })?;
        self.len -= 1;
        Some(entry)
    }

    /// The next one in whatever order, for emptying it: the oldest of the most important class.
    pub(crate) fn drain_one(&mut self) -> Option<Entry<T>> {
        let entry = self.classes.iter_mut().find_map(|lane| match lane {
            Lane::Plain(lane) => lane.evict(),
            Lane::Fair(lane) => lane.pop(),
        })?;
        self.len -= 1;
        Some(entry)
    }

    /// Since when the one waits that has waited longest.
    pub(crate) fn oldest(&self) -> Option<Coarse> {
        let oldest = self.classes.iter().filter_map(|lane| match lane {
            Lane::Plain(lane) => lane.oldest(),
            Lane::Fair(lane) => lane.oldest(),
        });
        oldest.min()
    }
}
