//! Who goes first.

mod class;
mod fair;
mod plain;

use seaworthy_core::clock::Coarse;

use super::Overboard;
use super::entry::{Entry, Spot};
use crate::config::Config;

use class::Class;

/// The items that wait, by class.
#[derive(Clone, Debug)]
pub(crate) struct Line<T> {
    classes: Box<[Class<T>]>,
    len: usize,
}

impl<T> Line<T> {
    pub(crate) fn new(config: &Config) -> Self {
        let classes = 0..config.classes.max(1);
        Self {
            classes: classes.map(|_| Class::new(config)).collect(),
            len: 0,
        }
    }

    /// Goes by another configuration. If others go first by it, all line up anew.
    pub(crate) fn reconfigure(&mut self, before: &Config, after: &Config) {
        if (before.order, before.classes) != (after.order, after.classes) {
            self.line_up_anew(after);
        } else if before.codel != after.codel {
            for class in &mut self.classes {
                class.set_codel(after.codel);
            }
        }
    }

    fn line_up_anew(&mut self, config: &Config) {
        let mut entries = Vec::with_capacity(self.len);
        while let Some(entry) = self.drain_one() {
            entries.push(entry);
        }
        // Classes may have become one.
        entries.sort_unstable_by_key(|entry| entry.tag.number);
        *self = Self::new(config);
        for entry in entries {
            if entry.is_new() {
                self.push(entry);
            } else {
                self.put_back(entry);
            }
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The place of an item's class among those that there are.
    #[inline]
    pub(crate) fn class_of(&self, entry: &Entry<T>) -> usize {
        self.place_of(entry.tag.class)
    }

    #[inline]
    fn place_of(&self, class: u8) -> usize {
        usize::from(class).min(self.classes.len() - 1)
    }

    #[inline]
    pub(crate) fn push(&mut self, entry: Entry<T>) {
        self.len += 1;
        self.classes[self.class_of(&entry)].push(entry);
    }

    /// One that was delivered goes before all of its class, or of its key, that were not; among those that were, in the
    /// order in which they came in.
    pub(crate) fn put_back(&mut self, entry: Entry<T>) {
        self.len += 1;
        self.classes[self.class_of(&entry)].put_back(entry);
    }

    /// The one whose turn it is. Those that it is too late for go overboard.
    #[inline]
    pub(crate) fn pop(
        &mut self,
        now: Coarse,
        overboard: &mut Vec<Overboard<T>>,
    ) -> Option<Entry<T>> {
        if self.len == 0 {
            return None;
        }
        let before = overboard.len();
        let mut classes = self.classes.iter_mut();
        let entry = classes.find_map(|class| class.pop(now, overboard));
        self.len -= overboard.len() - before + usize::from(entry.is_some());
        entry
    }

    /// How many items there are of this class and less important ones, and how much they weigh.
    pub(crate) fn load(&self, class: usize) -> (usize, u64) {
        let classes = self.classes.get(class..).unwrap_or_default();
        let len = classes.iter().map(Class::len).sum();
        (len, classes.iter().map(Class::weight).sum())
    }

    /// The one of the least important class that has waited longest, if that is this class or a less important one; with
    /// keys, of the key that has most.
    pub(crate) fn evict(&mut self, class: usize) -> Option<Entry<T>> {
        let classes = self.classes.get_mut(class..)?;
        let entry = classes.iter_mut().rev().find_map(Class::evict)?;
        self.len -= 1;
        Some(entry)
    }

    /// The one that is here, wherever in the line that is.
    pub(crate) fn withdraw(&mut self, spot: Spot) -> Option<Entry<T>> {
        let place = self.place_of(spot.class);
        let entry = self.classes[place].withdraw(spot)?;
        self.len -= 1;
        Some(entry)
    }

    /// The next one for emptying it: the oldest of the most important class.
    pub(crate) fn drain_one(&mut self) -> Option<Entry<T>> {
        let entry = self.classes.iter_mut().find_map(Class::drain_one)?;
        self.len -= 1;
        Some(entry)
    }

    /// Since when the one waits that came first.
    pub(crate) fn oldest(&self) -> Option<Coarse> {
        self.classes.iter().filter_map(Class::oldest).min()
    }
}
