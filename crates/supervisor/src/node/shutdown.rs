//! A shutdown from outside, and what is told about it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use seaworthy_core::clock::{self, Instant};

use super::{Live, Message, Node};
use crate::report::ShutdownReport;

/// A shutdown that is under way.
pub(crate) struct Stopping {
    node: Arc<Node>,
    began: Instant,
}

impl Node {
    /// Gives the order to stop. From now on it is noted who needs how long.
    pub(crate) fn begin_stop(self: &Arc<Self>) -> Stopping {
        if !self.tree.reporting.swap(true, Ordering::Relaxed) {
            *self.tree.stops.lock() = ShutdownReport::default();
        }
        let began = clock::exact();
        self.post(Message::Stop);
        Stopping {
            node: Arc::clone(self),
            began,
        }
    }

    /// Waits for the end, but no longer than `limit`; false if that was not enough. On whatever
    /// executor: the timer is that of the tree's runtime.
    pub(crate) async fn ends_within(&self, limit: Duration) -> bool {
        let too_long = {
            let _in_runtime = self.tree.runtime.enter();
            tokio::time::sleep(limit)
        };
        tokio::select! {
            biased;
            _ = self.wait_ended() => true,
            () = too_long => false,
        }
    }

    /// Collects the paths of all workers that still live, at most `limit`.
    fn survivors(&self, limit: usize, paths: &mut Vec<Arc<str>>) {
        let (workers, below) = self.with(|state| {
            let (mut workers, mut below) = (Vec::new(), Vec::new());
            for (_, entry) in state
                .machine
                .children()
                .iter()
                .filter(|(_, entry)| entry.is_alive())
            {
                match &entry.payload.live {
                    Some(Live::Supervisor(node)) => below.push(Arc::clone(node)),
                    _ if workers.len() < limit => workers.push(entry.id.clone()),
                    _ => {}
                }
            }
            (workers, below)
        });
        paths.extend(workers.iter().map(|id| self.child_path(id)));
        for node in below {
            node.survivors(limit, paths);
        }
        paths.truncate(limit);
    }
}

impl Stopping {
    pub(crate) fn report(self) -> ShutdownReport {
        let mut report = self.node.tree.stops.lock().clone();
        self.node.tree.reporting.store(false, Ordering::Relaxed);
        report.took = self.began.elapsed();
        self.node
            .survivors(ShutdownReport::ROWS, &mut report.still_running);
        report
    }
}
