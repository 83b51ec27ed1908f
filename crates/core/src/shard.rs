//! What many threads touch, split so that each has its own.

use std::collections::BTreeSet;
use std::ops::Deref;
use std::sync::{Arc, OnceLock, Weak};
use std::thread;

use crate::sync::atomic::{AtomicU64, Ordering};

/// A number for this thread that no other thread has at the same time: the smallest that is free.
///
/// `None` while the thread is being torn down.
#[inline]
#[must_use]
pub fn thread() -> Option<usize> {
    NUMBER.try_with(|number| number.0).ok()
}

thread_local! {
    static NUMBER: Number = Number::take();
}

struct Number(usize);

/// The numbers that are not given out below the highest that ever was.
static FREE: std::sync::Mutex<(BTreeSet<usize>, usize)> =
    std::sync::Mutex::new((BTreeSet::new(), 0));

fn free() -> std::sync::MutexGuard<'static, (BTreeSet<usize>, usize)> {
    FREE.lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl Number {
    fn take() -> Self {
        let mut free = free();
        Self(free.0.pop_first().unwrap_or_else(|| {
            free.1 += 1;
            free.1 - 1
        }))
    }
}

impl Drop for Number {
    fn drop(&mut self) {
        free().0.insert(self.0);
    }
}

/// How many shards are worth having on this machine: twice its threads, from 4 to 64, a power of two.
#[must_use]
pub fn count() -> usize {
    // Asking the operating system takes as long as reading some files.
    static COUNT: OnceLock<usize> = OnceLock::new();
    *COUNT.get_or_init(|| {
        let threads = thread::available_parallelism().map_or(4, usize::from);
        (2 * threads).clamp(4, 64).next_power_of_two()
    })
}

/// Alone on its cache line, and on the one that is fetched with it.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(128))]
pub struct Padded<T>(pub T);

/// A shared value with a reference count for each shard: who takes a share of it here and drops it here
/// does not wait for those who do so elsewhere.
///
/// For handles that live as long as one call. `Spread` itself has one count, as an `Arc` has.
#[derive(Debug)]
pub struct Spread<T> {
    nodes: Arc<[Arc<Node<T>>]>,
}

/// A share in a [`Spread`] value, which it keeps alive.
///
/// A clone is counted in the shard of the thread that clones, as long as the `Spread` or another share of that
/// shard is alive, and otherwise with the share it is cloned from.
#[derive(Debug)]
pub struct Share<T>(Arc<Node<T>>);

#[derive(Debug)]
#[repr(align(128))]
struct Node<T> {
    value: Arc<T>,
    /// The nodes of all shards; set once all of them are made.
    peers: OnceLock<Arc<[Weak<Self>]>>,
}

impl<T> Spread<T> {
    /// As many shards as [`count`] says.
    #[must_use]
    pub fn new(value: impl Into<Arc<T>>) -> Self {
        Self::over(count(), value)
    }

    /// So many shards, rounded up to a power of two: fewer for what there are many of.
    #[must_use]
    pub fn over(shards: usize, value: impl Into<Arc<T>>) -> Self {
        let value = value.into();
        let node = |_| {
            Arc::new(Node {
                value: Arc::clone(&value),
                peers: OnceLock::new(),
            })
        };
        let shards = shards.max(1).next_power_of_two();
        let nodes: Arc<[_]> = (0..shards).map(node).collect();
        let peers: Arc<[_]> = nodes.iter().map(Arc::downgrade).collect();
        for node in nodes.iter() {
            // Nobody else has seen it.
            let _ = node.peers.set(Arc::clone(&peers));
        }
        Self { nodes }
    }

    /// A share, counted in the shard of this thread.
    #[inline]
    #[must_use]
    pub fn share(&self) -> Share<T> {
        Share(Arc::clone(&self.nodes[here(self.nodes.len())]))
    }

    /// The value, with a count of its own.
    #[must_use]
    pub fn shared(&self) -> &Arc<T> {
        &self.nodes[0].value
    }

    /// Whether there is no other handle, and no share. It stays so as long as nobody makes one of this.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        let mut nodes = self.nodes.iter();
        let no_handle = Arc::strong_count(&self.nodes) == 1;
        // Shares are made of handles: what the last of these has made is seen.
        std::sync::atomic::fence(Ordering::Acquire);
        no_handle && nodes.all(|node| Arc::strong_count(node) == 1)
    }
}

#[inline]
fn here(shards: usize) -> usize {
    thread().unwrap_or(0) & (shards - 1)
}

impl<T> Clone for Spread<T> {
    fn clone(&self) -> Self {
        Self {
            nodes: Arc::clone(&self.nodes),
        }
    }
}

impl<T> Deref for Spread<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.nodes[0].value
    }
}

impl<T> Clone for Share<T> {
    #[inline]
    fn clone(&self) -> Self {
        let peer = self.0.peers.get().map(|peers| &peers[here(peers.len())]);
        // Of its own shard there is one for certain.
        let other = peer.filter(|peer| peer.as_ptr() != Arc::as_ptr(&self.0));
        let share = other.and_then(Weak::upgrade);
        Self(share.unwrap_or_else(|| Arc::clone(&self.0)))
    }
}

impl<T> Deref for Share<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0.value
    }
}

/// A count to which many threads add and that few read.
///
/// Each of the first threads has a cell that only it writes, so that adding needs no atomic update;
/// the others share one.
#[derive(Debug)]
pub struct Count {
    cells: Box<[Padded<AtomicU64>]>,
}

impl Count {
    /// Zero, with as many cells as [`count`] says and one for the rest.
    #[must_use]
    pub fn new() -> Self {
        Self::over(count())
    }

    /// Zero, with so many cells and one for the rest.
    #[must_use]
    pub fn over(cells: usize) -> Self {
        Self {
            cells: (0..=cells).map(|_| Padded::default()).collect(),
        }
    }

    /// One more.
    #[inline]
    pub fn increment(&self) {
        let (rest, own) = (&self.cells[self.cells.len() - 1], thread());
        match own.filter(|own| *own < self.cells.len() - 1) {
            Some(own) => {
                // Nobody else writes here.
                let cell = &self.cells[own].0;
                cell.store(cell.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
            }
            None => {
                rest.0.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// The sum of what was added before; what is added meanwhile may be in it.
    #[must_use]
    pub fn get(&self) -> u64 {
        let cells = self.cells.iter();
        cells.map(|cell| cell.0.load(Ordering::Relaxed)).sum()
    }
}

impl Default for Count {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, not(seaworthy_loom)))]
mod tests {
    use super::*;

    #[test]
    fn threads_that_live_at_once_have_different_numbers() {
        let barrier = std::sync::Barrier::new(8);
        let mut numbers: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        let number = thread();
                        barrier.wait();
                        number
                    })
                })
                .collect();
            threads.into_iter().map(|it| it.join().unwrap()).collect()
        });
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 8);
    }

    #[test]
    fn nothing_that_was_added_is_lost() {
        let sum = Count::new();
        let threads = 3 * count();
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| (0..1000).for_each(|_| sum.increment()));
            }
        });
        assert_eq!(sum.get(), 1000 * threads as u64);
    }

    #[test]
    fn it_is_alone_without_other_handles_and_shares() {
        let spread = Spread::over(4, ());
        assert!(spread.is_alone());
        let share = spread.share();
        assert!(!spread.is_alone());
        let elsewhere = thread::scope(|scope| scope.spawn(|| share.clone()).join().unwrap());
        drop(share);
        assert!(!spread.is_alone());
        drop(elsewhere);
        assert!(spread.is_alone());
        let other = spread.clone();
        assert!(!spread.is_alone() && !other.is_alone());
    }

    #[test]
    fn the_value_goes_with_the_last_share() {
        let value = Arc::new(());
        let spread: Spread<()> = Spread::new(Arc::clone(&value));
        let share = spread.share();
        drop(spread);
        assert_eq!(Arc::strong_count(&value), 2);
        let clone = share.clone();
        drop(share);
        assert_eq!(Arc::strong_count(&value), 2);
        drop(clone);
        assert_eq!(Arc::strong_count(&value), 1);
    }
}
