//! What the main thread does: it listens for signals, watches the deadline, and runs no code of a user.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio_util::sync::CancellationToken;

use super::Runner;
use super::conduct::Conductor;
use super::outcome::{Verdict, say};
use super::signal::Signals;
use super::systemd::{Stage, Systemd};
use crate::supervisor::DROP_GRACE;

/// How much longer than it may take a stop is waited for.
const OVERTIME: Duration = Duration::from_secs(1);

impl Runner {
    /// Runs the tree on `workers` until the end, and tells the exit code.
    pub(super) async fn watch(self, workers: Handle) -> u8 {
        // Before anything slow: the order to stop may come while the tree is starting.
        let mut signals = match Signals::listen() {
            Ok(signals) => signals,
            Err(error) => {
                say(format!("cannot listen for signals: {error}")).await;
                return 1;
            }
        };
        let mut root = self.root;
        let id = Arc::clone(&root.id);
        let systemd = match Systemd::of(&mut root, self.heartbeat, &workers) {
            Ok(systemd) => systemd,
            Err(error) => {
                say(error.to_string()).await;
                return 1;
            }
        };
        let (companion, stages) = systemd.begin();
        let order = CancellationToken::new();
        let conductor = Conductor {
            root,
            workers,
            drain_delay: self.drain_delay,
            deadline: self.deadline,
            order: order.clone(),
            stages: stages.clone(),
        };
        let here = Handle::current();
        let mut tree = spawn_blocking(move || here.block_on(conductor.conduct()).into());

        let first = tokio::select! {
            verdict = verdict(&mut tree) => return over(verdict, &stages, companion).await,
            signal = signals.next() => signal,
        };
        order.cancel();
        let (signal, delay) = (first.name, self.drain_delay);
        stages.tell(Stage::Stopping { signal, delay });
        let limits = [self.drain_delay, self.deadline, DROP_GRACE, OVERTIME];
        let limit = limits
            .into_iter()
            .fold(Duration::ZERO, Duration::saturating_add);
        let stopped = async {
            say(format!("{signal}: stopping `{id}`")).await;
            match tokio::time::timeout(limit, verdict(&mut tree)).await {
                Ok(verdict) => verdict,
                Err(_) => Verdict::new(
                    2,
                    "the stop hangs: an observer, or the drop of a child, blocks the thread that stops the tree",
                ),
            }
        };
        let verdict = tokio::select! {
            verdict = stopped => verdict,
            second = signals.next() => Verdict::forced(second),
        };
        over(verdict, &stages, companion).await
    }
}

async fn verdict(tree: &mut JoinHandle<Verdict>) -> Verdict {
    match tree.await {
        Ok(verdict) => verdict,
        Err(error) => Verdict::new(1, format!("the thread of the tree is gone: {error}")),
    }
}

/// The last words: to stderr, and to systemd.
async fn over(verdict: Verdict, stages: &super::systemd::Stages, companion: JoinHandle<()>) -> u8 {
    let code = verdict.code;
    stages.tell(Stage::Over(verdict.words.clone()));
    if !verdict.words.is_empty() {
        say(verdict.words).await;
    }
    // Who reads what it says may be stuck.
    let _ = tokio::time::timeout(OVERTIME, companion).await;
    code
}
