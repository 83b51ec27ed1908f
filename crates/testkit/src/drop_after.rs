//! Dropping a future at one of its await points.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// Drops `future` right after it has returned `Pending` for the `k`th time; for 0, before any poll.
pub fn drop_after<F: Future>(future: F, k: usize) -> DropAfter<F> {
    DropAfter {
        future: Some(Box::pin(future)),
        left: k,
        once_woken: false,
        last: None,
    }
}

/// Drops `future` after it has returned `Pending` for the `k`th time and has been woken, instead of
/// polling it again. So it is dropped with something in its hands: a permit, a message, a lock.
pub fn drop_once_woken<F: Future>(future: F, k: usize) -> DropAfter<F> {
    DropAfter {
        once_woken: true,
        ..drop_after(future, k)
    }
}

/// The future of [`drop_after`] and [`drop_once_woken`]: `None` if it was dropped, else its output.
#[must_use = "futures do nothing unless polled"]
pub struct DropAfter<F> {
    future: Option<Pin<Box<F>>>,
    /// How many times more it may return `Pending`.
    left: usize,
    once_woken: bool,
    /// The wake-up for which it is kept after its last `Pending`.
    last: Option<Arc<Signal>>,
}

impl<F: Future> Future for DropAfter<F> {
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if this.left > 0 {
            let future = this.future.as_mut().expect("not polled after its end");
            let signal = Signal::new(cx.waker());
            let waker = Waker::from(Arc::clone(&signal));
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                this.future = None;
                return Poll::Ready(Some(output));
            }
            this.left -= 1;
            if this.left > 0 {
                return Poll::Pending;
            }
            if this.once_woken {
                this.last = Some(signal);
                return Poll::Pending;
            }
        } else if this
            .last
            .as_ref()
            .is_some_and(|last| !last.is_woken(cx.waker()))
        {
            return Poll::Pending;
        }
        this.future = None;
        Poll::Ready(None)
    }
}

impl<F> fmt::Debug for DropAfter<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DropAfter")
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}

/// Passes a wake-up on, and remembers it: a task can be polled for other reasons.
struct Signal {
    woken: AtomicBool,
    task: Mutex<Waker>,
}

impl Signal {
    fn new(task: &Waker) -> Arc<Self> {
        Arc::new(Self {
            woken: AtomicBool::new(false),
            task: Mutex::new(task.clone()),
        })
    }

    /// Whether it was woken; if not, `task` will be.
    fn is_woken(&self, task: &Waker) -> bool {
        self.task
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone_from(task);
        self.woken.load(SeqCst)
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, SeqCst);
        let task = self
            .task
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        task.wake();
    }
}
