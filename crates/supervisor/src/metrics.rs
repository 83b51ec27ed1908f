//! What a supervisor counts. The label `name` is the path of the supervisor; children do not become
//! labels, since there may be any number of them.

use std::sync::Arc;

use seaworthy_core::metrics::Counter;

use crate::exit::ExitReason;

const EXITS: &str = "seaworthy_supervisor_exits_total";

/// The counters of one supervisor; without the feature `metrics` they have no size.
#[derive(Debug)]
pub(crate) struct Metrics {
    starts: Counter,
    start_failures: Counter,
    gave_up: Counter,
    zombies: Counter,
    exits: Exits,
}

/// Exits by their reason.
#[derive(Debug)]
struct Exits {
    normal: Counter,
    shutdown: Counter,
    error: Counter,
    panic: Counter,
    killed: Counter,
    other: Counter,
}

impl Metrics {
    pub(crate) fn new(path: &Arc<str>) -> Self {
        let counter = |name| Counter::new(name, &[("name", Arc::clone(path))]);
        let exits = |reason: &str| {
            Counter::new(
                EXITS,
                &[("name", Arc::clone(path)), ("reason", reason.into())],
            )
        };
        Self {
            starts: counter("seaworthy_supervisor_starts_total"),
            start_failures: counter("seaworthy_supervisor_start_failures_total"),
            gave_up: counter("seaworthy_supervisor_gave_up_total"),
            zombies: counter("seaworthy_supervisor_zombies_total"),
            exits: Exits {
                normal: exits("normal"),
                shutdown: exits("shutdown"),
                error: exits("error"),
                panic: exits("panic"),
                killed: exits("killed"),
                other: exits("other"),
            },
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

    pub(crate) fn zombie(&self) {
        self.zombies.increment(1);
    }

    pub(crate) fn exited(&self, reason: &ExitReason) {
        let exits = &self.exits;
        let counter = match reason {
            ExitReason::Normal => &exits.normal,
            ExitReason::Shutdown(_) => &exits.shutdown,
            ExitReason::Error(_) => &exits.error,
            ExitReason::Panic(_) => &exits.panic,
            ExitReason::Killed => &exits.killed,
            _ => &exits.other,
        };
        counter.increment(1);
    }
}
