//! Keeps a scenario that panics or never ends from taking the others with it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use super::replay;
use super::scenario::{Action, Group, SupSpec};
use super::worker::CRASH;

/// In real time. The slowest scenario takes a few milliseconds.
const PATIENCE: Duration = Duration::from_secs(30);

type Job = (bool, SupSpec, Vec<Action>);
type Outcome = Result<Vec<Group>, String>;

/// A thread that replays scenarios, replaced when it gets stuck.
#[derive(Debug)]
pub(crate) struct Watched {
    jobs: Sender<Job>,
    outcomes: Receiver<Outcome>,
}

impl Watched {
    pub(crate) fn new() -> Self {
        silence_workers();
        let (jobs, inbox) = channel::<Job>();
        let (outbox, outcomes) = channel();
        thread::spawn(move || {
            for (ready, tree, actions) in inbox {
                let replayed = catch_unwind(AssertUnwindSafe(|| replay(ready, &tree, &actions)));
                let panicked = |_| Err("it panics".to_owned());
                if outbox.send(replayed.unwrap_or_else(panicked)).is_err() {
                    return;
                }
            }
        });
        Self { jobs, outcomes }
    }

    /// Replays a scenario. `ready`: workers without an init list are ready at once.
    pub(crate) fn replay(&mut self, ready: bool, tree: &SupSpec, actions: &[Action]) -> Outcome {
        let job = (ready, tree.clone(), actions.to_vec());
        let sent = self.jobs.send(job).map_err(|_| "nobody plays".to_owned());
        let outcome = sent.and_then(|()| {
            self.outcomes
                .recv_timeout(PATIENCE)
                .map_err(|_| "it never ends".to_owned())
        });
        outcome.unwrap_or_else(|stuck| {
            // The thread is left to itself.
            *self = Self::new();
            Err(stuck)
        })
    }
}

/// Leaves the panics of workers out of the output; they are part of the scenario.
fn silence_workers() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let payload = info.payload();
            let text = payload.downcast_ref::<&str>().copied();
            let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
            if text != Some(CRASH) {
                usual(info);
            }
        }));
    });
}
