//! How a queue is, as plain data.

use seaworthy_core::clock;
use seaworthy_core::component::{Component, Snapshot, Status};

use crate::shared::Shared;
use crate::why::Why;

impl<T: Send + 'static> Component for Shared<T> {
    fn snapshot(&self) -> Snapshot {
        let closed = self.is_closed();
        let rejected = self.rejected();
        let dropped = self.dropped(&Why::ALL);
        let expired = self.dropped(&[Why::Expired, Why::WaitedTooLong]);
        self.look(|store| {
            let full = store.is_full();
            let state = match (closed, full) {
                (true, _) => "closed",
                (false, true) => "full",
                (false, false) => "open",
            };
            let counts = store.counts();
            let oldest = store.oldest().map(|at| clock::coarse().since(at));
            let snapshot = Snapshot::new("queue", &**self.name(), state)
                .field("queued", store.len() as u64)
                .field("capacity", store.config().capacity as u64)
                .field("in_flight", store.in_flight() as u64)
                .field("later", store.later() as u64)
                .field("dead_letters", store.dead() as u64)
                .field("sent_total", counts.sent)
                .field("received_total", counts.received)
                .field("redelivered_total", counts.redelivered)
                .field("acknowledged_total", counts.acknowledged)
                .field("leases_over_total", counts.leases_over)
                .field("dead_letters_total", counts.dead_letters)
                .field("withdrawn_total", counts.withdrawn + counts.gave_up)
                .field("dropped_total", dropped)
                .field("expired_total", expired);
            let snapshot = match rejected {
                Some(rejected) => snapshot.field("rejected_total", rejected),
                None => snapshot,
            };
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
