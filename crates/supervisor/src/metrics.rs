//! What a supervisor counts. The label `name` is the path of the supervisor; children do not become
//! labels, since there may be any number of them.

use std::sync::Arc;

use seaworthy_core::metrics::Counter;

const EXITS: &str = "seaworthy_supervisor_exits_total";

/// The counters of one supervisor; without the feature `metrics` they have no size.
#[derive(Debug)]
pub(crate) struct Metrics {
    starts: Counter,
    start_failures: Counter,
    gave_up: Counter,
    exits: [(&'static str, Counter); 7],
}

impl Metrics {
    pub(crate) fn new(path: &Arc<str>) -> Self {
        let counter = |name| Counter::new(name, &[("name", Arc::clone(path))]);
        let exits = |reason: &'static str| {
            let labels = [("name", Arc::clone(path)), ("reason", reason.into())];
            (reason, Counter::new(EXITS, &labels))
        };
        Self {
            starts: counter("seaworthy_supervisor_starts_total"),
            start_failures: counter("seaworthy_supervisor_start_failures_total"),
            gave_up: counter("seaworthy_supervisor_gave_up_total"),
            exits: ["normal", "shutdown", "error", "panic", "killed", "start_timeout", "other"]
                .map(exits),
        }
    }

    pub(crate) fn started(&self) {
        self.starts.increment(1);
    }

    pub(crate) fn start_failed(&self) {
        self.start_failures.increment(1);
    }

    pub(crate) fn gave_up(&self) {
        self.gave_up.increment(1);
    }

    pub(crate) fn exited(&self, reason: &'static str) {
        let [.., (_, other)] = &self.exits;
        let known = self.exits.iter().find(|(kind, _)| *kind == reason);
        known.map_or(other, |(_, counter)| counter).increment(1);
    }
}
