//! Counts many children while they start and stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// So many children that do nothing but wait.
#[derive(Debug)]
pub struct Crowd {
    size: usize,
    polled: AtomicUsize,
    gone: AtomicUsize,
    all_polled: Notify,
    all_gone: Notify,
}

/// A running child's place in the crowd: given back when the child is dropped.
#[derive(Debug)]
pub struct Seat(Arc<Crowd>);

impl Crowd {
    /// A crowd of so many, with nobody there yet.
    #[must_use]
    pub fn new(size: usize) -> Arc<Self> {
        Arc::new(Self {
            size,
            polled: AtomicUsize::new(0),
            gone: AtomicUsize::new(0),
            all_polled: Notify::new(),
            all_gone: Notify::new(),
        })
    }

    /// How many children belong to it.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// Called by each child in its first poll.
    #[must_use]
    pub fn enter(self: &Arc<Self>) -> Seat {
        if self.polled.fetch_add(1, Ordering::AcqRel) + 1 == self.size {
            self.all_polled.notify_one();
        }
        Seat(Arc::clone(self))
    }

    /// The whole life of a child that waits for ever.
    pub async fn join(self: Arc<Self>) {
        let _seat = self.enter();
        std::future::pending().await
    }

    /// Waits until each child has been polled once.
    pub async fn all_polled(&self) {
        self.all_polled.notified().await;
    }

    /// Waits until each child has been dropped.
    pub async fn all_gone(&self) {
        self.all_gone.notified().await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if self.0.gone.fetch_add(1, Ordering::AcqRel) + 1 == self.0.size {
            self.0.all_gone.notify_one();
        }
    }
}
