//! What a queue is told about its items, by code of the user.

use std::fmt;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;
use std::time::Duration;

use seaworthy_core::clock::Coarse;
use seaworthy_core::panic;

use crate::config::check::Given;
use crate::dropped::Dropped;
use crate::log::Log;
use crate::store::entry::{Entry, NEVER, Tag};
use crate::why::Why;

type Function<T, R> = Arc<dyn Fn(&T) -> R + Send + Sync>;

/// The functions that the builder was given.
///
/// Each is called outside the lock. One that panics says what none would have said, and the item goes its way.
pub(crate) struct Functions<T> {
    pub(crate) class: Option<Function<T, u8>>,
    pub(crate) key: Option<Function<T, u64>>,
    pub(crate) weight: Option<Function<T, u32>>,
    pub(crate) useful_for: Option<Function<T, Option<Duration>>>,
    pub(crate) on_drop: Option<Arc<dyn Fn(Dropped<T>) + Send + Sync>>,
}

impl<T> Default for Functions<T> {
    fn default() -> Self {
        Self {
            class: None,
            key: None,
            weight: None,
            useful_for: None,
            on_drop: None,
        }
    }
}

impl<T> Clone for Functions<T> {
    fn clone(&self) -> Self {
        Self {
            class: self.class.clone(),
            key: self.key.clone(),
            weight: self.weight.clone(),
            useful_for: self.useful_for.clone(),
            on_drop: self.on_drop.clone(),
        }
    }
}

impl<T> Functions<T> {
    pub(crate) fn hashed<K: Hash>(
        key: impl Fn(&T) -> K + Send + Sync + 'static,
    ) -> Function<T, u64> {
        let hasher = RandomState::new();
        Arc::new(move |item| hasher.hash_one(key(item)))
    }

    pub(crate) fn given(&self) -> Given {
        Given {
            class: self.class.is_some(),
            key: self.key.is_some(),
            weight: self.weight.is_some(),
        }
    }

    /// They say nothing about any item.
    pub(crate) fn are_silent(&self) -> bool {
        self.class.is_none()
            && self.key.is_none()
            && self.weight.is_none()
            && self.useful_for.is_none()
    }

    #[inline]
    pub(crate) fn weigh(&self, item: &T, log: &Log) -> u32 {
        self.weight
            .as_deref()
            .and_then(|weight| ask(log, "weight", || weight(item)))
            .unwrap_or(1)
    }

    /// An item with all that there is to know about it.
    #[inline]
    pub(crate) fn tag(&self, item: T, weight: u32, now: Coarse, log: &Log) -> Entry<T> {
        let mut tag = Tag::plain(now);
        tag.weight = weight;
        if let Some(class) = &self.class {
            tag.class = ask(log, "class", || class(&item)).unwrap_or(u8::MAX);
        }
        if let Some(key) = &self.key {
            tag.key = ask(log, "key", || key(&item)).unwrap_or_default();
        }
        if let Some(useful_for) = &self.useful_for {
            let time = ask(log, "useful_for", || useful_for(&item)).flatten();
            tag.deadline = time.map_or(NEVER, |time| now.saturating_add(time));
        }
        Entry::new(item, tag)
    }

    /// An item leaves the queue, and its last owner sees it.
    #[cold]
    pub(crate) fn throw(&self, entry: Entry<T>, why: Why, log: &Log) {
        let Entry { item, tag, carried } = entry;
        let dropped = Dropped::new(item, why, tag.attempts);
        match &self.on_drop {
            Some(on_drop) => ask(log, "on_drop", || carried.run(|| on_drop(dropped))),
            None => ask(log, "drop", || carried.run(|| drop(dropped.item))),
        };
    }
}

/// What code of the user says, if it does not panic.
#[inline]
fn ask<R>(log: &Log, function: &'static str, question: impl FnOnce() -> R) -> Option<R> {
    let answer = panic::catch(question);
    answer
        .map_err(|panicked| log.panicked(function, &panicked))
        .ok()
}

impl<T> fmt::Debug for Functions<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Functions").finish_non_exhaustive()
    }
}
