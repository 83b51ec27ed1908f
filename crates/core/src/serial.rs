//! Decisions under a lock, effects outside it, one thread at a time.

use std::fmt;

use crate::sync::Lock;

/// State that is changed under a lock, and whose effects are performed outside it, in order, by one
/// thread at a time.
///
/// Whoever has news posts it [`with`](Self::with) the lock held for a moment, then calls
/// [`run`](Self::run). If nobody runs, that thread takes the effects one after the other and
/// performs each with the lock released; otherwise it returns at once, and the running thread takes
/// its news over. So an effect may call back into the same object, even post to it and call `run`
/// again: nothing deadlocks, nothing is lost, and no effect overtakes another.
///
/// No task and no channel is needed for this, and an idle object costs nothing.
///
/// The loom model `loom_serial` checks that two threads never perform at once, that nothing posted
/// is left behind, and that order is kept.
///
/// ```
/// use std::collections::VecDeque;
/// use seaworthy_core::serial::Serial;
///
/// let mailbox = Serial::new(VecDeque::new());
/// mailbox.with(|queue| queue.extend(["first", "second"]));
///
/// let mut seen = Vec::new();
/// mailbox.run(VecDeque::pop_front, |word| seen.push(word));
/// assert_eq!(seen, ["first", "second"]);
/// ```
pub struct Serial<S> {
    inner: Lock<Inner<S>>,
}

struct Inner<S> {
    state: S,
    running: bool,
}

impl<S> Serial<S> {
    /// Wraps `state`; nobody runs.
    pub fn new(state: S) -> Self {
        Self {
            inner: Lock::new(Inner {
                state,
                running: false,
            }),
        }
    }

    /// Reads or changes the state under the lock.
    ///
    /// Keep `f` short, and call no code of a user in it.
    pub fn with<R>(&self, f: impl FnOnce(&mut S) -> R) -> R {
        f(&mut self.inner.lock().state)
    }

    /// As [`with`](Self::with), unless somebody is running: then nothing happens, and `None` is the answer.
    pub fn if_idle<R>(&self, f: impl FnOnce(&mut S) -> R) -> Option<R> {
        let mut inner = self.inner.lock();
        (!inner.running).then(|| f(&mut inner.state))
    }

    /// Performs effects until `next` has no more of them, unless somebody is running already.
    ///
    /// # Panics
    ///
    /// A panic of `next` or `perform` reaches the caller. The rest is not lost: the next call of
    /// `run` goes on with it.
    pub fn run<E>(&self, mut next: impl FnMut(&mut S) -> Option<E>, mut perform: impl FnMut(E)) {
        let mut inner = self.inner.lock();
        if inner.running {
            return;
        }
        inner.running = true;
        let stop = StopOnUnwind(self);
        // Between the `None` of `next` and the reset of `running` the lock is held throughout:
        // who posts later finds nobody running, who posted earlier was seen.
        while let Some(effect) = next(&mut inner.state) {
            drop(inner);
            perform(effect);
            inner = self.inner.lock();
        }
        inner.running = false;
        drop(inner);
        stop.disarm();
    }
}

impl<S> fmt::Debug for Serial<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serial").finish_non_exhaustive()
    }
}

/// Lets others run again if the runner unwinds.
struct StopOnUnwind<'a, S>(&'a Serial<S>);

impl<S> StopOnUnwind<'_, S> {
    fn disarm(self) {
        let _kept = std::mem::ManuallyDrop::new(self);
    }
}

impl<S> Drop for StopOnUnwind<'_, S> {
    fn drop(&mut self) {
        self.0.inner.lock().running = false;
    }
}
