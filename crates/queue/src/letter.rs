//! Items that could not be handled.

use std::fmt;

use seaworthy_core::panic::Panicked;

use crate::carried::Carried;
use crate::store::entry::{Entry, Tag};

/// An item that was delivered as often as it may be and never acknowledged, or that its worker
/// [buried](crate::Delivery::bury).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter<T> {
    item: T,
    tag: Tag,
    last: Failure,
    carried: Carried,
}

/// How a delivery failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// The worker gave it back.
    Nacked,
    /// The worker dropped it: it was cancelled, or ended without a word.
    Dropped,
    /// The worker panicked, with this message if it is known.
    Panicked(Option<Panicked>),
    /// The worker had it for longer than its lease.
    LeaseOver,
    /// The worker said that nobody is to try again.
    Buried,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nacked => f.write_str("the worker gave it back"),
            Self::Dropped => f.write_str("the worker dropped it"),
            Self::Panicked(None) => f.write_str("the worker panicked"),
            Self::Panicked(Some(panic)) => write!(f, "the worker panicked: {}", panic.message),
            Self::LeaseOver => f.write_str("the worker had it for longer than its lease"),
            Self::Buried => f.write_str("the worker said that nobody is to try again"),
        }
    }
}

impl<T> DeadLetter<T> {
    pub(crate) fn new(entry: Entry<T>, last: Failure) -> Self {
        let Entry { item, tag, carried } = entry;
        Self {
            item,
            tag,
            last,
            carried,
        }
    }

    pub(crate) fn into_entry(self) -> Entry<T> {
        Entry {
            item: self.item,
            tag: self.tag,
            carried: self.carried,
        }
    }

    pub(crate) fn tag(&self) -> &Tag {
        &self.tag
    }

    /// The item.
    pub fn item(&self) -> &T {
        &self.item
    }

    /// The item.
    pub fn into_item(self) -> T {
        self.item
    }

    /// The span that was current where it was sent.
    #[cfg(feature = "tracing")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tracing")))]
    #[must_use]
    pub fn span(&self) -> &tracing::Span {
        self.carried.span()
    }

    /// How often it was delivered.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.tag.attempts
    }

    /// How the last delivery failed.
    #[must_use]
    pub fn last_failure(&self) -> &Failure {
        &self.last
    }
}
