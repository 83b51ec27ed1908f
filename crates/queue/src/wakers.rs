//! Those to be woken once a lock is released.

use std::task::Waker;

use seaworthy_core::panic;

/// Lets go of wakers that are not needed, outside the lock. They are code of whoever polls: what comes of their drop is not to
/// stop whoever did this.
#[inline]
pub(crate) fn let_go(unused: impl IntoIterator<Item = Waker>) {
    for waker in unused {
        panic::drop_quietly(waker);
    }
}

/// Mostly none or one, for which nothing is allocated.
#[derive(Debug, Default)]
pub(crate) struct Wakers {
    first: Option<Waker>,
    rest: Vec<Waker>,
}

impl From<Waker> for Wakers {
    #[inline]
    fn from(waker: Waker) -> Self {
        Self {
            first: Some(waker),
            rest: Vec::new(),
        }
    }
}

impl Wakers {
    pub(crate) fn push(&mut self, waker: Waker) {
        if self.first.is_none() {
            self.first = Some(waker);
        } else {
            self.rest.push(waker);
        }
    }

    /// A waker is code of whoever polls: one that panics keeps nobody else waiting.
    #[inline]
    pub(crate) fn wake(self) {
        if let Some(first) = self.first {
            let _ = panic::catch(|| first.wake());
        }
        for waker in self.rest {
            let _ = panic::catch(|| waker.wake());
        }
    }
}
