//! Those who wait, in the order in which they came.

use std::task::Waker;

use slab::Slab;

/// A list of wakers in which each can be found again: as a list that is linked by indices, so that nobody who leaves
/// in the middle costs the others anything.
#[derive(Debug)]
pub(crate) struct Places<N> {
    nodes: Slab<Node<N>>,
    first: Option<usize>,
    last: Option<usize>,
}

#[derive(Debug)]
struct Node<N> {
    waker: Waker,
    note: N,
    /// In line, not called yet.
    waits: bool,
    before: Option<usize>,
    after: Option<usize>,
}

impl<N> Default for Places<N> {
    fn default() -> Self {
        Self {
            nodes: Slab::new(),
            first: None,
            last: None,
        }
    }
}

impl<N> Places<N> {
    /// Whether anybody is in line.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// A place at the end of the line. It stays with whoever has it until it is [left](Self::leave).
    pub(crate) fn join(&mut self, waker: Waker, note: N) -> usize {
        let place = self.nodes.insert(Node {
            waker,
            note,
            waits: false,
            before: None,
            after: None,
        });
        self.line_up(place);
        place
    }

    /// Whoever was called and found nothing waits again, at the end of the line. Returns the waker it had.
    pub(crate) fn rejoin(&mut self, place: usize, waker: Waker) -> Waker {
        let before = std::mem::replace(&mut self.nodes[place].waker, waker);
        if !self.nodes[place].waits {
            self.line_up(place);
        }
        before
    }

    fn line_up(&mut self, place: usize) {
        let before = self.last.replace(place);
        let node = &mut self.nodes[place];
        (node.waits, node.before, node.after) = (true, before, None);
        match before {
            Some(before) => self.nodes[before].after = Some(place),
            None => self.first = Some(place),
        }
    }

    fn unlink(&mut self, place: usize) {
        let node = &mut self.nodes[place];
        node.waits = false;
        let (before, after) = (node.before.take(), node.after.take());
        match before {
            Some(before) => self.nodes[before].after = after,
            None => self.first = after,
        }
        match after {
            Some(after) => self.nodes[after].before = before,
            None => self.last = before,
        }
    }

    /// The note of the first in line.
    pub(crate) fn first(&self) -> Option<&N> {
        self.first.map(|place| &self.nodes[place].note)
    }

    pub(crate) fn first_place(&self) -> Option<usize> {
        self.first
    }

    /// Calls the first in line.
    pub(crate) fn call(&mut self) -> Option<(&mut N, Waker)> {
        let place = self.first?;
        self.unlink(place);
        let node = &mut self.nodes[place];
        Some((&mut node.note, node.waker.clone()))
    }

    /// Whether it was called and has not lined up again.
    pub(crate) fn was_called(&self, place: usize) -> bool {
        !self.nodes[place].waits
    }

    /// Gives a place up. The waker is to be dropped outside the lock.
    pub(crate) fn leave(&mut self, place: usize) -> (N, Waker) {
        if self.nodes[place].waits {
            self.unlink(place);
        }
        let node = self.nodes.remove(place);
        (node.note, node.waker)
    }

    /// Gives memory back that a crowd has taken.
    pub(crate) fn shrink(&mut self) {
        if self.nodes.is_empty() && self.nodes.capacity() > 64 {
            self.nodes = Slab::new();
        }
    }
}
