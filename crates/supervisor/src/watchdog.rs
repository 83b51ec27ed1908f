//! A thread that sees to deadlines when the threads of the runtime are blocked.

use std::sync::{Arc, Weak};
use std::thread::{self, Thread};
use std::time::Duration;

use crate::node::Node;

/// Starts the thread. It ends with the tree, at the latest when it looks again.
pub(crate) fn start(root: &Arc<Node>, every: Duration) -> std::io::Result<Thread> {
    let root: Weak<Node> = Arc::downgrade(root);
    let name = "seaworthy-watchdog".to_owned();
    let watchdog = thread::Builder::new().name(name).spawn(move || {
        loop {
            thread::park_timeout(every);
            let Some(root) = root.upgrade().filter(|root| !root.has_ended()) else {
                return;
            };
            // Deadlines are told by the clock of the runtime.
            let _in_runtime = root.tree.runtime.enter();
            root.inspect();
        }
    })?;
    Ok(watchdog.thread().clone())
}
