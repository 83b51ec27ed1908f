//! How a queue is, as plain data.

use seaworthy_core::clock;
use seaworthy_core::component::{Component, Snapshot, Status};
use seaworthy_core::sync::atomic::Ordering;

use crate::shared::Shared;

impl<T: Send + 'static> Component for Shared<T> {
    fn snapshot(&self) -> Snapshot {
        let closed = self.is_closed();
        let dropped = self.dropped.load(Ordering::Relaxed);
        self.look(|store| {
            let full = store.used() >= store.config().capacity;
            let state = match (closed, full) {
                (true, _) => "closed",
                (false, true) => "full",
                (false, false) => "open",
            };
            let oldest = store.oldest().map(|at| clock::coarse().since(at));
            let snapshot = Snapshot::new("queue", &**self.name(), state)
                .field("queued", store.len() as u64)
                .field("capacity", store.config().capacity as u64)
                .field("in_flight", store.in_flight() as u64)
                .field("later", store.later() as u64)
                .field("dead_letters", store.dead() as u64)
                .field("dropped", dropped);
            let snapshot = match store.config().max_weight {
                Some(most) => snapshot
                    .field("weight", store.weight())
                    .field("max_weight", most),
                None => snapshot,
            };
            let snapshot = if store.config().on_demand {
                snapshot.field("asked_for", store.credit())
            } else {
                snapshot
            };
            let snapshot = match oldest {
                Some(oldest) => snapshot.field("oldest_waits", oldest),
                None => snapshot,
            };
            if full && !closed {
                snapshot.status(Status::Degraded)
            } else {
                snapshot
            }
        })
    }
}
