//! A list of items behind a lock, and two of those who wait.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use crate::queue::{Get, Give, Offer, Offered};

/// Either end of the queue. Nobody who waits may give up: whoever is woken is woken for an item or for room.
#[derive(Clone, Debug)]
pub struct Deque(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    items: VecDeque<u64>,
    capacity: usize,
    /// Those who wait for room, and those who wait for an item.
    giving: VecDeque<Waker>,
    getting: VecDeque<Waker>,
}

/// A queue of so many items.
#[must_use]
pub fn deque(capacity: usize) -> Deque {
    Deque(Arc::new(Mutex::new(Inner {
        items: VecDeque::new(),
        capacity,
        giving: VecDeque::new(),
        getting: VecDeque::new(),
    })))
}

impl Deque {
    #[inline]
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// False if there is no room; `before` is done under the same lock then.
    #[inline]
    fn push(&self, item: u64, before: impl FnOnce(&mut Inner)) -> bool {
        let woken = {
            let mut inner = self.lock();
            if inner.items.len() == inner.capacity {
                before(&mut inner);
                return false;
            }
            inner.items.push_back(item);
            inner.getting.pop_front()
        };
        if let Some(waker) = woken {
            waker.wake();
        }
        true
    }
}

impl Give for Deque {
    #[inline]
    async fn give(&self, item: u64) -> bool {
        poll_fn(|cx| {
            let pushed = self.push(item, |inner| inner.giving.push_back(cx.waker().clone()));
            if pushed {
                Poll::Ready(true)
            } else {
                Poll::Pending
            }
        })
        .await
    }
}

impl Get for Deque {
    #[inline]
    async fn get(&mut self) -> Option<u64> {
        poll_fn(|cx| {
            let (item, woken) = {
                let mut inner = self.lock();
                let Some(item) = inner.items.pop_front() else {
                    inner.getting.push_back(cx.waker().clone());
                    return Poll::Pending;
                };
                (item, inner.giving.pop_front())
            };
            if let Some(waker) = woken {
                waker.wake();
            }
            Poll::Ready(Some(item))
        })
        .await
    }
}

impl Offer for Deque {
    #[inline]
    fn offer(&self, item: u64) -> Offered {
        if self.push(item, |_| ()) {
            Offered::In
        } else {
            Offered::Back(item)
        }
    }
}
