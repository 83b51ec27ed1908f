//! Names of components as values that cost nothing to copy.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// How many names are remembered after the last component that kept them is gone.
const REMEMBERED: usize = 4096;

/// The name of a component, as two numbers; the text is looked up when it is shown.
///
/// A rejection names its component without a reference count or an allocation. The text is known for as
/// long as a component [keeps](Kept) it, and after that until 4096 more names have come out of use: memory
/// is bounded by the components, however many names there are in the life of a process. A name that was
/// forgotten shows as `(gone)`.
///
/// ```
/// use seaworthy_core::Name;
///
/// let name = Name::from("payments");
/// assert_eq!(name, Name::from("payments"));
/// assert_eq!(name.to_string(), "payments");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Name {
    index: u32,
    /// Tells it from an earlier name in the same place.
    generation: u32,
}

/// Keeps the text of a name known.
#[derive(Debug)]
pub struct Kept {
    name: Name,
    text: Arc<str>,
}

#[derive(Default)]
struct Table {
    entries: Vec<Entry>,
    free: Vec<u32>,
    by_text: HashMap<Arc<str>, u32>,
    /// Names that came out of use, oldest first; some may be in use again.
    unused: VecDeque<(Name, u64)>,
    /// How often a name came out of use.
    clock: u64,
}

#[derive(Default)]
struct Entry {
    text: Option<Arc<str>>,
    generation: u32,
    keepers: usize,
    /// When it last came out of use.
    unused_at: u64,
}

/// Of the process, and so of no loom model: the lock is `std`'s even where all others are loom's.
fn table() -> MutexGuard<'static, Table> {
    static TABLE: OnceLock<Mutex<Table>> = OnceLock::new();
    let table = TABLE.get_or_init(Mutex::default);
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Table {
    fn intern(&mut self, text: &Arc<str>) -> Name {
        if let Some(&index) = self.by_text.get(text) {
            return self.name_at(index);
        }
        let index = self.free.pop().unwrap_or_else(|| {
            self.entries.push(Entry::default());
            // Each takes more than a hundred bytes: memory is at its end long before the numbers are.
            u32::try_from(self.entries.len() - 1).unwrap_or(u32::MAX)
        });
        self.entries[index as usize].text = Some(Arc::clone(text));
        self.by_text.insert(Arc::clone(text), index);
        let name = self.name_at(index);
        self.put_out_of_use(name);
        name
    }

    fn name_at(&self, index: u32) -> Name {
        let generation = self.entries[index as usize].generation;
        Name { index, generation }
    }

    fn get(&self, name: Name) -> Option<&Arc<str>> {
        let entry = self.entries.get(name.index as usize)?;
        let known = entry.generation == name.generation;
        entry.text.as_ref().filter(|_| known)
    }

    fn put_out_of_use(&mut self, name: Name) {
        self.clock += 1;
        self.entries[name.index as usize].unused_at = self.clock;
        self.unused.push_back((name, self.clock));
        while self.unused.len() > REMEMBERED {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some((name, at)) = self.unused.pop_front() else {
            return;
        };
        let entry = &mut self.entries[name.index as usize];
        // In use again, or out of it again later.
        if entry.generation != name.generation || entry.keepers > 0 || entry.unused_at != at {
            return;
        }
        entry.generation = entry.generation.wrapping_add(1);
        if let Some(text) = entry.text.take() {
            self.by_text.remove(&text);
        }
        self.free.push(name.index);
    }
}

impl Name {
    /// The text, if it is still known.
    #[must_use]
    pub fn text(self) -> Option<Arc<str>> {
        table().get(self).cloned()
    }
}

impl From<&Arc<str>> for Name {
    fn from(text: &Arc<str>) -> Self {
        table().intern(text)
    }
}

impl From<Arc<str>> for Name {
    fn from(text: Arc<str>) -> Self {
        Self::from(&text)
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        Self::from(Arc::from(text))
    }
}

impl From<String> for Name {
    fn from(text: String) -> Self {
        Self::from(Arc::from(text))
    }
}

impl From<&Kept> for Name {
    fn from(kept: &Kept) -> Self {
        kept.name
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.text().as_deref().unwrap_or("(gone)"))
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.text().as_deref().unwrap_or("(gone)"), f)
    }
}

impl Kept {
    /// Keeps `text` known for as long as this lives.
    #[must_use]
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        let text = text.into();
        let mut table = table();
        let name = table.intern(&text);
        table.entries[name.index as usize].keepers += 1;
        drop(table);
        Self { name, text }
    }

    /// The name, to be copied.
    #[inline]
    #[must_use]
    pub fn name(&self) -> Name {
        self.name
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let mut table = table();
        let entry = &mut table.entries[self.name.index as usize];
        entry.keepers -= 1;
        if entry.keepers == 0 {
            table.put_out_of_use(self.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One test, since all share one table.
    #[test]
    fn what_is_kept_is_known_and_the_rest_is_forgotten_in_the_end() {
        let kept = Kept::new("kept");
        let brief = Name::from("brief");
        let twice = [Kept::new("twice"), Kept::new("twice")];
        assert_eq!(twice[0].name(), twice[1].name());
        let [first, second] = twice;
        drop(first);
        for number in 0..2 * REMEMBERED {
            let _ = Name::from(format!("name {number}"));
        }
        assert_eq!(kept.name().to_string(), "kept");
        assert_eq!(second.name().to_string(), "twice");
        assert_eq!(Name::from("kept"), kept.name());
        assert_eq!(brief.to_string(), "(gone)");
        assert_eq!(brief.text(), None);
        // The place was taken by another; a new one of the same text is another as well.
        assert_ne!(Name::from("brief"), brief);
        let entries = table().entries.len();
        assert!(entries <= REMEMBERED + 16, "{entries}");
        let (first, second) = (second.name(), {
            drop(second);
            Kept::new("twice")
        });
        assert_eq!(first, second.name(), "it was out of use for a moment only");
    }
}
