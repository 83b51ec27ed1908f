//! What happens to the tree, in a thread of its own: code of the user may block it.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::outcome::Outcome;
use super::systemd::{Stage, Stages};
use crate::address::Address;
use crate::builder::SupervisorSpec;
use crate::error::StartError;
use crate::machine::Exit;
use crate::node::Node;
use crate::supervisor::{DROP_GRACE, Supervisor};

/// Starts the tree, and stops it when it is told to.
pub(super) struct Conductor {
    pub(super) root: SupervisorSpec,
    pub(super) workers: Handle,
    pub(super) drain_delay: Duration,
    pub(super) deadline: Duration,
    /// Cancelled: it is to stop.
    pub(super) order: CancellationToken,
    pub(super) stages: Stages,
}

impl Conductor {
    /// From the start to the end. All timers are those of the executor that polls this.
    pub(super) async fn conduct(self) -> Outcome {
        let address = Arc::clone(&self.root.address);
        let started = tokio::select! {
            biased;
            started = start(self.root, self.workers) => started,
            // Dropping the start begins an orderly stop of what has started.
            () = self.order.cancelled() => return stop(&address, self.deadline).await,
        };
        let root = match started {
            Ok(root) => root,
            Err(error) => return Outcome::NotStarted(error),
        };
        self.stages.tell(Stage::Up);
        tokio::select! {
            ended = root.ended() => return Outcome::Ended(ended),
            () = self.order.cancelled() => {}
        }
        if !self.drain_delay.is_zero() {
            tokio::time::sleep(self.drain_delay).await;
        }
        stop(&address, self.deadline).await
    }
}

/// Starts the tree on `workers`, from this thread.
async fn start(root: SupervisorSpec, workers: Handle) -> Result<Supervisor, StartError> {
    let mut start = pin!(root.start());
    poll_fn(|waker| {
        let _on_the_workers = workers.enter();
        start.as_mut().poll(waker)
    })
    .await
}

/// As [`Supervisor::shutdown`], but with a deadline that does not need the runtime of the tree.
async fn stop(address: &Address, deadline: Duration) -> Outcome {
    let Some(node) = address.node() else {
        return Outcome::default();
    };
    let stopping = node.begin_stop();
    let mut ended = ends_within(&node, deadline).await;
    if !ended {
        node.kill(Exit::Killed);
        ended = ends_within(&node, DROP_GRACE).await;
    }
    Outcome::Stopped {
        report: stopping.report(),
        ended,
    }
}

async fn ends_within(node: &Node, limit: Duration) -> bool {
    tokio::time::timeout(limit, node.wait_ended()).await.is_ok()
}
