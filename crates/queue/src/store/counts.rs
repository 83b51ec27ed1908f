//! What has happened so far.

/// How often what has happened, since the queue was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Items that came in.
    pub(crate) sent: u64,
    /// Items that went to a receiver, for good or as a delivery, each time.
    pub(crate) received: u64,
    /// Those of them that had been delivered before.
    pub(crate) redelivered: u64,
    pub(crate) acknowledged: u64,
    /// Items that became dead letters, there or not.
    pub(crate) dead_letters: u64,
    /// Deliveries that nobody settled in time.
    pub(crate) leases_over: u64,
    /// Items that were taken back while they waited.
    pub(crate) withdrawn: u64,
    /// Those who waited for room and gave up.
    pub(crate) gave_up: u64,
}

impl Counts {
    /// What has happened between these and those, which are these from now on.
    #[cfg(any(feature = "metrics", feature = "tracing"))]
    #[inline]
    pub(crate) fn go_on(&mut self, to: &Self) -> Self {
        let from = std::mem::replace(self, *to);
        Self {
            sent: to.sent - from.sent,
            received: to.received - from.received,
            redelivered: to.redelivered - from.redelivered,
            acknowledged: to.acknowledged - from.acknowledged,
            dead_letters: to.dead_letters - from.dead_letters,
            leases_over: to.leases_over - from.leases_over,
            withdrawn: to.withdrawn - from.withdrawn,
            gave_up: to.gave_up - from.gave_up,
        }
    }
}
