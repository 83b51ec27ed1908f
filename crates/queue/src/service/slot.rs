//! The place of one answer, used again and again.

use std::sync::Arc;
use std::task::{Poll, Waker};

use seaworthy_core::Rejected;
use seaworthy_core::panic;
use seaworthy_core::sync::Lock;
#[cfg(feature = "load")]
use seaworthy_core::sync::atomic::{AtomicUsize, Ordering};

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
    state: Lock<State<R>>,
}

#[derive(Debug)]
struct State<R> {
    waker: Option<Waker>,
    answer: Option<R>,
    /// So many hold the end that answers: a request that may be delivered again is in the queue as well.
    answering: usize,
    asking: bool,
    /// Somebody has begun with it.
    begun: bool,
}

impl<R> Slot<R> {
    fn new() -> Self {
        Self {
            state: Lock::new(State {
                waker: None,
                answer: None,
                answering: 1,
                asking: true,
                begun: false,
            }),
        }
    }
}

/// Slots that nobody uses, so that a call needs no new one.
#[derive(Debug)]
pub(super) struct Pool<R> {
    free: Lock<Vec<Arc<Slot<R>>>>,
    most: usize,
    /// Callers who wait for an answer.
    #[cfg(feature = "load")]
    in_use: AtomicUsize,
}

impl<R> Pool<R> {
    pub(super) fn new(most: usize) -> Arc<Self> {
        let free = Lock::default();
        Arc::new(Self {
            free,
            most,
            #[cfg(feature = "load")]
            in_use: AtomicUsize::new(0),
        })
    }

    #[cfg(feature = "load")]
    pub(super) fn in_use(&self) -> usize {
        self.in_use.load(Ordering::Relaxed)
    }

    /// Both ends of a slot.
    pub(super) fn open(self: &Arc<Self>) -> (Asking<R>, Answering<R>) {
        #[cfg(feature = "load")]
        self.in_use.fetch_add(1, Ordering::Relaxed);
        let free = self.free.lock().pop();
        let slot = match free {
            Some(slot) => {
                let mut state = slot.state.lock();
                (state.answering, state.asking, state.begun) = (1, true, false);
                drop(state);
                slot
            }
            None => Arc::new(Slot::new()),
        };
        let asking = Asking {
            slot: Some(Arc::clone(&slot)),
            pool: Arc::clone(self),
        };
        let answering = Answering {
            slot,
            pool: Arc::clone(self),
        };
        (asking, answering)
    }

    /// Both ends are gone; whoever left last brings it.
    fn give_back(&self, slot: &Arc<Slot<R>>) {
        let mut free = self.free.lock();
        if free.len() < self.most {
            free.push(Arc::clone(slot));
        }
    }
}

/// The end of the caller.
#[derive(Debug)]
pub(super) struct Asking<R> {
    slot: Option<Arc<Slot<R>>>,
    pool: Arc<Pool<R>>,
}

impl<R> Asking<R> {
    /// Ready with the answer; `None` if nobody is left who could give one.
    pub(super) fn poll(&mut self, waker: &Waker) -> Poll<Option<R>> {
        let Some(slot) = &self.slot else {
            return Poll::Ready(None);
        };
        let waker = waker.clone();
        let (polled, before) = {
            let mut state = slot.state.lock();
            match state.answer.take() {
                Some(answer) => (Poll::Ready(Some(answer)), state.waker.take()),
                None if state.answering == 0 => (Poll::Ready(None), state.waker.take()),
                None => (Poll::Pending, state.waker.replace(waker)),
            }
        };
        drop(before);
        polled
    }
}

impl<R> Drop for Asking<R> {
    fn drop(&mut self) {
        let Some(slot) = self.slot.take() else {
            return;
        };
        #[cfg(feature = "load")]
        self.pool.in_use.fetch_sub(1, Ordering::Relaxed);
        let (last, waker, answer) = {
            let mut state = slot.state.lock();
            state.asking = false;
            (
                state.answering == 0,
                state.waker.take(),
                state.answer.take(),
            )
        };
        drop(waker);
        // A value of the user.
        panic::drop_quietly(answer);
        if last {
            self.pool.give_back(&slot);
        }
    }
}

/// The end of the worker. Copies are of one call, and the first answer counts.
#[derive(Debug)]
pub(super) struct Answering<R> {
    slot: Arc<Slot<R>>,
    pool: Arc<Pool<R>>,
}

impl<R> Answering<R> {
    /// Somebody begins with it. False if the caller waits no more.
    pub(super) fn begin(&self) -> bool {
        let mut state = self.slot.state.lock();
        let awaited = state.asking && state.answer.is_none();
        state.begun |= awaited;
        awaited
    }

    /// Whether somebody has begun with it.
    pub(super) fn has_begun(&self) -> bool {
        self.slot.state.lock().begun
    }

    /// Answers, unless somebody has.
    pub(super) fn answer(&self, answer: R) {
        let (unused, waker) = {
            let mut state = self.slot.state.lock();
            if state.asking && state.answer.is_none() {
                state.answer = Some(answer);
                (None, state.waker.take())
            } else {
                (Some(answer), None)
            }
        };
        if let Some(unused) = unused {
            panic::drop_quietly(unused);
        }
        if let Some(waker) = waker {
            let _ = panic::catch(|| waker.wake());
        }
    }
}

impl<R> Clone for Answering<R> {
    fn clone(&self) -> Self {
        self.slot.state.lock().answering += 1;
        Self {
            slot: Arc::clone(&self.slot),
            pool: Arc::clone(&self.pool),
        }
    }
}

impl<R> Drop for Answering<R> {
    fn drop(&mut self) {
        let (last, waker) = {
            let mut state = self.slot.state.lock();
            state.answering -= 1;
            let none = state.answering == 0;
            let waker = if none { state.waker.take() } else { None };
            (none && !state.asking, waker)
        };
        if let Some(waker) = waker {
            let _ = panic::catch(|| waker.wake());
        }
        if last {
            self.pool.give_back(&self.slot);
        }
    }
}
