//! Those who wait, in the order in which they came.

use std::task::Waker;

use slab::Slab;

/// A list of wakers in which each can be found again: as a list that is linked by indices, so that nobody who leaves
/// in the middle costs the others anything.
///
/// It is used under a lock, and wakers are code of whoever polls: they come in and go out as they are, and are neither
/// cloned nor dropped in here.
#[derive(Debug)]
pub(crate) struct Places<N> {
    nodes: Slab<Node<N>>,
    first: Option<usize>,
    last: Option<usize>,
    /// How many were called and have not come since.
    called: usize,
}

#[derive(Debug)]
struct Node<N> {
    /// Of one in line. It goes with the call.
    waker: Option<Waker>,
    note: N,
    before: Option<usize>,
    after: Option<usize>,
}

impl<N> Node<N> {
    /// In line, not called yet.
    fn waits(&self) -> bool {
        self.waker.is_some()
    }
}

impl<N> Default for Places<N> {
    fn default() -> Self {
        Self {
            nodes: Slab::new(),
            first: None,
            last: None,
            called: 0,
        }
    }
}

impl<N> Places<N> {
    /// Whether nobody is in line.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// How many were called and have neither lined up again nor left.
    pub(crate) fn called(&self) -> usize {
        self.called
    }

    /// A place at the end of the line. It stays with whoever has it until it is [left](Self::leave).
    pub(crate) fn join(&mut self, waker: Waker, note: N) -> usize {
        let place = self.nodes.insert(Node {
            waker: None,
            note,
            before: None,
            after: None,
        });
        self.line_up(place, waker);
        place
    }

    /// Waits on with another waker; whoever was called waits again, at the end of the line. Returns the waker it had.
    pub(crate) fn rejoin(&mut self, place: usize, waker: Waker) -> Option<Waker> {
        if self.nodes[place].waits() {
            return self.nodes[place].waker.replace(waker);
        }
        self.called -= 1;
        self.line_up(place, waker);
        None
    }

    fn line_up(&mut self, place: usize, waker: Waker) {
        let before = self.last.replace(place);
        let node = &mut self.nodes[place];
        (node.waker, node.before, node.after) = (Some(waker), before, None);
        match before {
            Some(before) => self.nodes[before].after = Some(place),
            None => self.first = Some(place),
        }
    }

    fn unlink(&mut self, place: usize) -> Option<Waker> {
        let node = &mut self.nodes[place];
        let waker = node.waker.take()?;
        let (before, after) = (node.before.take(), node.after.take());
        match before {
            Some(before) => self.nodes[before].after = after,
            None => self.first = after,
        }
        match after {
            Some(after) => self.nodes[after].before = before,
            None => self.last = before,
        }
        Some(waker)
    }

    /// The note of the first in line.
    pub(crate) fn first(&self) -> Option<&N> {
        self.first.map(|place| &self.nodes[place].note)
    }

    /// The note of one.
    pub(crate) fn note(&mut self, place: usize) -> &mut N {
        &mut self.nodes[place].note
    }

    /// Calls the first in line.
    pub(crate) fn call(&mut self) -> Option<(usize, Waker)> {
        let place = self.first?;
        Some((place, self.call_at(place)?))
    }

    /// Calls the first in line; not this one, if there is another.
    pub(crate) fn call_sparing(&mut self, spared: Option<usize>) -> Option<Waker> {
        let first = self.first?;
        let second = self.nodes[first].after;
        let place = second.filter(|_| spared == Some(first)).unwrap_or(first);
        self.call_at(place)
    }

    /// Calls this one, if it is in line.
    pub(crate) fn call_at(&mut self, place: usize) -> Option<Waker> {
        let waker = self.unlink(place)?;
        self.called += 1;
        Some(waker)
    }

    /// Whether it was called and has not lined up again.
    pub(crate) fn was_called(&self, place: usize) -> bool {
        !self.nodes[place].waits()
    }

    /// Gives a place up. The waker is to be dropped outside the lock.
    pub(crate) fn leave(&mut self, place: usize) -> (N, Option<Waker>) {
        let waker = self.unlink(place);
        if waker.is_none() {
            self.called -= 1;
        }
        let node = self.nodes.remove(place);
        (node.note, waker)
    }

    /// Gives memory back that a crowd has taken.
    pub(crate) fn shrink(&mut self) {
        if self.nodes.is_empty() && self.nodes.capacity() > 64 {
            self.nodes = Slab::new();
        }
    }
}
