//! A server at work, on virtual time.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use crate::model::{Model, Shape};

/// Requests by number. All that are worked on are equally fast, so each is done when the work that one of them could have
/// got since the beginning has reached a mark that never moves.
#[derive(Debug)]
pub(crate) struct Server<'a> {
    model: &'a Model,
    now: f64,
    /// The work that one request could have got.
    done: f64,
    speed: f64,
    running: BinaryHeap<Reverse<(Mark, u32)>>,
    line: VecDeque<(u32, f64)>,
    /// When each slot will be free that is not, if nobody else comes.
    slots: Vec<f64>,
}

/// A positive number, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Mark(u64);

impl Mark {
    fn new(value: f64) -> Self {
        // Positive floats are in the order of their bits.
        Self(value.to_bits())
    }

    fn get(self) -> f64 {
        f64::from_bits(self.0)
    }
}

impl<'a> Server<'a> {
    pub(crate) fn new(model: &'a Model) -> Self {
        Self {
            model,
            now: 0.0,
            done: 0.0,
            speed: model.speed(0.0),
            running: BinaryHeap::new(),
            line: VecDeque::new(),
            slots: match model.shape {
                Shape::Slots(slots) => vec![0.0; slots as usize],
                _ => Vec::new(),
            },
        }
    }

    fn rate(&self) -> f64 {
        self.speed * self.model.shape.speed_of_each(self.running.len())
    }

    /// When the next request is done, if nothing else happens.
    pub(crate) fn next(&self) -> f64 {
        match self.running.peek() {
            None => f64::INFINITY,
            Some(Reverse((mark, _))) => self.now + (mark.get() - self.done).max(0.0) / self.rate(),
        }
    }

    /// It is later, and nothing was done by then.
    pub(crate) fn advance(&mut self, now: f64) {
        if !self.running.is_empty() {
            self.done += (now - self.now) * self.rate();
        }
        self.now = now;
    }

    /// The speed may have changed just now.
    pub(crate) fn change(&mut self) {
        self.speed = self.model.speed(self.now);
    }

    pub(crate) fn add(&mut self, request: u32, work: f64) {
        if let Some(slot) = first(&mut self.slots) {
            *slot = slot.max(self.done) + work;
        }
        if self.running.len() < self.model.shape.slots() {
            self.start(request, work);
        } else {
            self.line.push_back((request, work));
        }
    }

    fn start(&mut self, request: u32, work: f64) {
        let mark = Mark::new(self.done + work);
        self.running.push(Reverse((mark, request)));
    }

    /// Takes the request that is done now.
    pub(crate) fn take(&mut self) -> Option<u32> {
        let Reverse((mark, request)) = self.running.pop()?;
        self.done = self.done.max(mark.get());
        if let Some((next, work)) = self.line.pop_front() {
            self.start(next, work);
        }
        Some(request)
    }

    /// How many seconds from now a request would be done that came now, in a server with slots: the work of those before
    /// it is known.
    pub(crate) fn wait_for(&self, work: f64) -> f64 {
        let free = self.slots.iter().copied().fold(f64::INFINITY, f64::min);
        let begins = free.max(self.done) - self.done;
        self.model.time_for(begins + work, self.now)
    }
}

/// The slot that is free first.
fn first(slots: &mut [f64]) -> Option<&mut f64> {
    slots.iter_mut().min_by(|a, b| a.total_cmp(b))
}
