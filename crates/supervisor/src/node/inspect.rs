//! Deadlines that somebody else than their timers sees to.

use std::sync::Arc;

use super::{Live, Node};

impl Node {
    /// Sees to all deadlines that have passed, here and below.
    pub(crate) fn inspect(self: &Arc<Self>) {
        self.check_deadline();
        self.check_pulses();
        self.reap(false);
        // The children of a dynamic supervisor are workers, and may be a million.
        if self.spec.flags.is_dynamic() {
            return;
        }
        let below: Vec<_> = self.with(|state| {
            let children = state.machine.children().iter();
            children
                .filter_map(|(_, entry)| match &entry.payload.live {
                    Some(Live::Supervisor(node)) => Some(Arc::clone(node)),
                    _ => None,
                })
                .collect()
        });
        below.iter().for_each(Self::inspect);
    }
}
