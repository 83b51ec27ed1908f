//! Futures that are polled by hand.
#![allow(dead_code, reason = "each test uses some of it")]

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use seaworthy_core::component::Registry;
use seaworthy_queue::{Config, Queue, QueueBuilder};

/// A queue that no other test sees.
pub fn builder<T>(change: impl FnOnce(&mut Config)) -> QueueBuilder<T> {
    let mut config = Config::default();
    change(&mut config);
    Queue::builder("q")
        .config(config)
        .registry(&Registry::new())
}

pub fn queue<T: Send + 'static>(change: impl FnOnce(&mut Config)) -> Queue<T> {
    builder(change).build().expect("allowed")
}

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A future that is polled when the test says so, and counts how often it was woken.
pub struct ByHand<F> {
    future: Pin<Box<F>>,
    woken: Arc<Count>,
}

impl<F: Future> ByHand<F> {
    pub fn new(future: F) -> Self {
        Self {
            future: Box::pin(future),
            woken: Arc::default(),
        }
    }

    /// One that has been polled once and waits.
    pub fn waiting(future: F) -> Self {
        let mut this = Self::new(future);
        assert!(this.poll().is_pending(), "it waits");
        this
    }

    pub fn poll(&mut self) -> Poll<F::Output> {
        let waker = Waker::from(Arc::clone(&self.woken));
        self.future.as_mut().poll(&mut Context::from_waker(&waker))
    }

    pub fn wakes(&self) -> usize {
        self.woken.0.load(Ordering::SeqCst)
    }

    /// What it returns, now that it was woken.
    #[track_caller]
    pub fn done(&mut self) -> F::Output {
        assert!(self.wakes() > 0, "it was woken");
        match self.poll() {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("it was woken for nothing"),
        }
    }
}
