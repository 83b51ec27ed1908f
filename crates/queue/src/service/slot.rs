//! The place of one answer, used again and again.

#[cfg(all(test, seaworthy_loom))]
mod loom_tests;
#[cfg(all(test, not(seaworthy_loom)))]
mod tests;

use std::sync::Arc;
use std::task::{Poll, Waker};

use seaworthy_core::Rejected;
use seaworthy_core::panic;
use seaworthy_core::shard::{self, Padded};
use seaworthy_core::sync::Lock;
use seaworthy_core::sync::atomic::{AtomicBool, Ordering};

#[cfg(feature = "load")]
use seaworthy_core::sync::atomic::AtomicUsize;

/// What a caller gets.
pub(super) type Outcome<Res, E> = Result<Res, Failed<E>>;

/// Why there is no response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failed<E> {
    /// The service says so.
    Service(E),
    /// The service never gave an answer.
    Rejected(Rejected),
}

/// Between one who asks and one who answers; each leaves once.
#[derive(Debug)]
struct Slot<R> {
    /// Somebody waits for an answer, and there is none. It changes under the lock, as all does but what is asked now and
    /// then by whoever would rather not take it: one who sees what was true a moment ago does something in vain at worst.
    awaited: AtomicBool,
    /// Somebody has begun with it.
    begun: AtomicBool,
    state: Lock<State<R>>,
}

#[derive(Debug)]
struct State<R> {
    waker: Option<Waker>,
    answer: Option<R>,
    /// So many hold the end that answers: a request that may be delivered again is in the queue as well.
    answering: usize,
}

impl<R> Slot<R> {
    fn new() -> Self {
        Self {
            awaited: AtomicBool::new(true),
            begun: AtomicBool::new(false),
            state: Lock::new(State {
                waker: None,
                answer: None,
                answering: 1,
            }),
        }
    }

    /// For the next call, if nobody is left who could answer. Under the lock.
    fn reset(&self, state: &mut State<R>) -> bool {
        let unused = state.answering == 0;
        if unused {
            state.answering = 1;
            self.awaited.store(true, Ordering::Relaxed);
            self.begun.store(false, Ordering::Relaxed);
        }
        unused
    }
}

type Free<R> = Padded<Lock<Vec<Arc<Slot<R>>>>>;

/// Slots that nobody uses, so that a call needs no new one.
#[derive(Debug)]
pub(super) struct Pool<R> {
    /// Those that calls of this thread have left behind, so that no two threads wait for each other, and a slot stays near
    /// whoever uses it.
    free: Box<[Free<R>]>,
    /// So many are kept for each thread.
    most: usize,
    /// Callers who wait for an answer.
    #[cfg(feature = "load")]
    in_use: AtomicUsize,
}

impl<R> Pool<R> {
    pub(super) fn new(most: usize) -> Self {
        Self {
            free: (0..shard::count()).map(|_| Free::default()).collect(),
            most,
            #[cfg(feature = "load")]
            in_use: AtomicUsize::new(0),
        }
    }

    #[cfg(feature = "load")]
    pub(super) fn in_use(&self) -> usize {
        self.in_use.load(Ordering::Relaxed)
    }

    /// Both ends of a slot.
    #[inline]
    pub(super) fn open(&self) -> (Asking<R>, Answering<R>) {
        #[cfg(feature = "load")]
        self.in_use.fetch_add(1, Ordering::Relaxed);
        let slot = self.take().unwrap_or_else(|| Arc::new(Slot::new()));
        let answering = Answering {
            slot: Some(Arc::clone(&slot)),
        };
        let asking = Asking {
            slot: Some(slot),
            waits: false,
        };
        (asking, answering)
    }

    #[inline]
    fn take(&self) -> Option<Arc<Slot<R>>> {
        let here = self.here();
        let slot = self.free[here].0.lock().pop();
        slot.or_else(|| self.take_elsewhere(here))
    }

    /// Calls that begin on one thread and end on another would have all of them over there.
    #[cold]
    fn take_elsewhere(&self, here: usize) -> Option<Arc<Slot<R>>> {
        let (before, after) = self.free.split_at(here);
        let mut others = after.iter().skip(1).chain(before);
        others.find_map(|free| free.0.lock().pop())
    }

    #[inline]
    fn here(&self) -> usize {
        shard::thread().unwrap_or(0) & (self.free.len() - 1)
    }

    /// One that is as new.
    #[inline]
    fn give_back(&self, slot: Arc<Slot<R>>) {
        let mut free = self.free[self.here()].0.lock();
        if free.len() < self.most {
            free.push(slot);
        }
    }

    #[inline]
    fn is_left(&self) {
        #[cfg(feature = "load")]
        self.in_use.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The end of the caller. Whoever has it polls it until it is ready, or [leaves](Self::leave).
#[derive(Debug)]
pub(super) struct Asking<R> {
    /// Until it is done with.
    slot: Option<Arc<Slot<R>>>,
    /// It has been polled.
    waits: bool,
}

impl<R> Asking<R> {
    /// Ready with the answer; `None` if nobody is left who could give one.
    #[inline]
    pub(super) fn poll(&mut self, pool: &Pool<R>, waker: &Waker) -> Poll<Option<R>> {
        let Some(slot) = &self.slot else {
            return Poll::Ready(None);
        };
        // Mostly, the first time there is no answer, and the second time there is.
        let mut mine = (!self.waits).then(|| waker.clone());
        self.waits = true;
        let mut state = slot.state.lock();
        while state.answer.is_none() && state.answering > 0 {
            if let Some(mine) = mine.take() {
                let before = state.waker.replace(mine);
                drop(state);
                drop(before);
                return Poll::Pending;
            }
            if state.waker.as_ref().is_some_and(|it| it.will_wake(waker)) {
                return Poll::Pending;
            }
            drop(state);
            mine = Some(waker.clone());
            state = slot.state.lock();
        }
        let (answer, before) = (state.answer.take(), state.waker.take());
        let reusable = slot.reset(&mut state);
        drop(state);
        drop((before, mine));
        self.end(pool, reusable);
        Poll::Ready(answer)
    }

    #[inline]
    fn end(&mut self, pool: &Pool<R>, reusable: bool) {
        pool.is_left();
        if let Some(slot) = self.slot.take().filter(|_| reusable) {
            pool.give_back(slot);
        }
    }

    /// There may be no answer yet.
    pub(super) fn is_waiting(&self) -> bool {
        let slot = self.slot.as_ref();
        slot.is_some_and(|slot| slot.awaited.load(Ordering::Relaxed))
    }

    /// The caller waits no more.
    pub(super) fn leave(&mut self, pool: &Pool<R>) {
        let Some(slot) = &self.slot else {
            return;
        };
        let mut state = slot.state.lock();
        slot.awaited.store(false, Ordering::Relaxed);
        let (answer, waker) = (state.answer.take(), state.waker.take());
        let reusable = slot.reset(&mut state);
        drop(state);
        drop(waker);
        // A value of the user.
        panic::drop_quietly(answer);
        self.end(pool, reusable);
    }
}

/// The end of the worker. Copies are of one call, and the first answer counts.
#[derive(Debug)]
pub(super) struct Answering<R> {
    /// Taken by whoever answers.
    slot: Option<Arc<Slot<R>>>,
}

impl<R> Answering<R> {
    /// Somebody begins with it. False if the caller waits no more.
    #[inline]
    pub(super) fn begin(&self) -> bool {
        let Some(slot) = &self.slot else {
            return false;
        };
        let awaited = slot.awaited.load(Ordering::Relaxed);
        if awaited {
            slot.begun.store(true, Ordering::Relaxed);
        }
        awaited
    }

    /// Whether the caller waits.
    pub(super) fn is_awaited(&self) -> bool {
        let slot = self.slot.as_ref();
        slot.is_some_and(|slot| slot.awaited.load(Ordering::Relaxed))
    }

    /// Whether somebody has begun with it.
    pub(super) fn has_begun(&self) -> bool {
        let slot = self.slot.as_ref();
        slot.is_some_and(|slot| slot.begun.load(Ordering::Relaxed))
    }

    /// The same, with nothing left here.
    pub(super) fn take(&mut self) -> Self {
        Self {
            slot: self.slot.take(),
        }
    }

    /// Answers, unless somebody has.
    #[inline]
    pub(super) fn answer(mut self, answer: R) {
        let Some(slot) = self.slot.take() else {
            return;
        };
        let mut state = slot.state.lock();
        state.answering -= 1;
        if slot.awaited.load(Ordering::Relaxed) {
            slot.awaited.store(false, Ordering::Relaxed);
            state.answer = Some(answer);
            let waker = state.waker.take();
            drop(state);
            wake(waker);
        } else {
            drop(state);
            panic::drop_quietly(answer);
        }
    }
}

#[inline]
fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        let _ = panic::catch(|| waker.wake());
    }
}

impl<R> Clone for Answering<R> {
    fn clone(&self) -> Self {
        if let Some(slot) = &self.slot {
            slot.state.lock().answering += 1;
        }
        Self {
            slot: self.slot.clone(),
        }
    }
}

impl<R> Drop for Answering<R> {
    #[inline]
    fn drop(&mut self) {
        if let Some(slot) = self.slot.take() {
            slot.nobody_answers();
        }
    }
}

impl<R> Slot<R> {
    /// One who could have answered goes.
    fn nobody_answers(&self) {
        let mut state = self.state.lock();
        state.answering -= 1;
        let waker = if state.answering == 0 {
            state.waker.take()
        } else {
            None
        };
        drop(state);
        wake(waker);
    }
}
