//! Results on their way out, in the order of their items or as they come.

use std::collections::VecDeque;

use seaworthy_core::panic;

use crate::tasks::error::TaskError;

type Outcome<T> = Result<T, TaskError>;

/// The place of an item among all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Turn(u64);

/// What is not handed out yet.
pub(super) struct Outbox<T> {
    /// Items that have a turn and are not handed out.
    open: usize,
    turns: u64,
    waiting: Waiting<T>,
}

enum Waiting<T> {
    /// From the first that is not handed out; `None` for those that have no result yet.
    Ordered(VecDeque<Option<Outcome<T>>>),
    Unordered(VecDeque<Outcome<T>>),
}

impl<T> Outbox<T> {
    pub(super) fn ordered() -> Self {
        Self {
            open: 0,
            turns: 0,
            waiting: Waiting::Ordered(VecDeque::new()),
        }
    }

    /// As long as it is empty.
    pub(super) fn unordered(&mut self) {
        self.waiting = Waiting::Unordered(VecDeque::new());
    }

    /// Items that have a turn and are not handed out.
    pub(super) fn open(&self) -> usize {
        self.open
    }

    /// The next item.
    pub(super) fn enter(&mut self) -> Turn {
        self.open += 1;
        self.turns += 1;
        if let Waiting::Ordered(window) = &mut self.waiting {
            window.push_back(None);
        }
        Turn(self.turns)
    }

    pub(super) fn put(&mut self, turn: Turn, result: Outcome<T>) {
        match &mut self.waiting {
            Waiting::Ordered(window) => {
                let behind = usize::try_from(self.turns - turn.0).ok();
                let at = behind.and_then(|behind| window.len().checked_sub(behind + 1));
                if let Some(place) = at.and_then(|at| window.get_mut(at)) {
                    *place = Some(result);
                }
            }
            Waiting::Unordered(results) => results.push_back(result),
        }
    }

    /// The next result, if it is there.
    pub(super) fn pop(&mut self) -> Option<Outcome<T>> {
        let result = match &mut self.waiting {
            Waiting::Ordered(window) => {
                let result = window.front_mut()?.take()?;
                window.pop_front();
                result
            }
            Waiting::Unordered(results) => results.pop_front()?,
        };
        self.open -= 1;
        Some(result)
    }
}

impl<T> Drop for Outbox<T> {
    fn drop(&mut self) {
        // One at a time: whatever panics takes nothing else with it.
        match &mut self.waiting {
            Waiting::Ordered(window) => window.drain(..).for_each(panic::drop_quietly),
            Waiting::Unordered(results) => results.drain(..).for_each(panic::drop_quietly),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(outbox: &mut Outbox<u32>) -> Vec<u32> {
        std::iter::from_fn(|| outbox.pop())
            .map(|result| result.expect("a value"))
            .collect()
    }

    #[test]
    fn keeps_the_order_of_the_items_or_that_of_the_results() {
        for (unordered, first, then) in
            [(false, vec![], vec![1, 2, 3]), (true, vec![2], vec![3, 1])]
        {
            let mut outbox = Outbox::ordered();
            if unordered {
                outbox.unordered();
            }
            let [a, b, c] = [outbox.enter(), outbox.enter(), outbox.enter()];
            outbox.put(b, Ok(2));
            assert_eq!(drain(&mut outbox), first);
            outbox.put(c, Ok(3));
            outbox.put(a, Ok(1));
            assert_eq!((outbox.open(), drain(&mut outbox)), (then.len(), then));
            assert_eq!(outbox.open(), 0);
        }
    }
}
