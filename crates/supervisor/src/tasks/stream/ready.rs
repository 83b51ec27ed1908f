//! Which of many tasks have something to say.

use std::sync::Arc;
use std::task::{Wake, Waker};

use seaworthy_core::sync::Lock;

/// The keys of those that were woken, and whom to wake for them.
#[derive(Default)]
pub(super) struct Ready {
    state: Lock<State>,
}

#[derive(Default)]
struct State {
    woken: Vec<usize>,
    waker: Option<Waker>,
}

impl Ready {
    /// Whom to wake from now on. To be called before the keys are taken.
    pub(super) fn register(&self, waker: &Waker) {
        let waker = waker.clone();
        // Dropped outside the lock: a waker is code of whoever polls.
        let _old = self.state.lock().waker.replace(waker);
    }

    /// Those that were woken since the last time.
    pub(super) fn take(&self) -> Vec<usize> {
        std::mem::take(&mut self.state.lock().woken)
    }
}

/// The waker of one of them.
pub(super) struct Bell {
    ready: Arc<Ready>,
    key: usize,
}

impl Bell {
    pub(super) fn waker(ready: &Arc<Ready>, key: usize) -> Waker {
        let ready = Arc::clone(ready);
        Waker::from(Arc::new(Self { ready, key }))
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let waker = {
            let mut state = self.ready.state.lock();
            state.woken.push(self.key);
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
