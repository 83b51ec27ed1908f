//! Where a supervisor is found, whichever incarnation of it runs.

use std::sync::{Arc, Weak};

use seaworthy_core::sync::Lock;
use tokio::sync::watch;

use crate::event::Ended;
use crate::node::{Node, Phase};
use crate::service::fate::{Fate, Rung};

/// Points to the node that runs now, if any. Lives in the specification, so it outlives the nodes.
#[derive(Debug)]
pub(crate) struct Address {
    node: watch::Sender<Option<Arc<Node>>>,
    /// How the last one ended.
    last: Lock<Option<Ended>>,
    /// Who is above it; unknown before the first start.
    above: Lock<Option<Arc<[Rung]>>>,
    /// Whether there still is a specification.
    lineage: Weak<()>,
}

impl Address {
    pub(crate) fn of(lineage: &Arc<()>) -> Arc<Self> {
        Arc::new(Self {
            node: watch::Sender::new(None),
            last: Lock::new(None),
            above: Lock::new(None),
            lineage: Arc::downgrade(lineage),
        })
    }

    pub(crate) fn node(&self) -> Option<Arc<Node>> {
        self.node.borrow().clone()
    }

    /// Whether it runs, or is going to without somebody's call.
    pub(crate) fn is_expected(&self) -> bool {
        if let Some(node) = self.node()
            && node.with(|state| !state.machine.is_ending())
        {
            return true;
        }
        let above = self.above.lock().clone();
        match above {
            Some(above) => matches!(Fate::of(&above), Fate::Coming(_)),
            None => self.lineage.strong_count() > 0,
        }
    }

    pub(crate) fn enter(&self, node: &Arc<Node>) {
        // A specification has one place only.
        if self.above.lock().is_none() {
            let above = Rung::above(node).collect();
            let _none = self.above.lock().replace(above);
        }
        let _previous = self.node.send_replace(Some(Arc::clone(node)));
    }

    /// Empties the address, unless a successor is there already.
    pub(crate) fn leave(&self, node: &Arc<Node>, ended: &Ended) {
        let _previous = self.last.lock().replace(ended.clone());
        let mut left = None;
        self.node.send_if_modified(|current| {
            left = current.take_if(|current| Arc::ptr_eq(current, node));
            left.is_some()
        });
    }

    /// Waits until the node that runs now has ended; if none runs, tells how the last one did, or
    /// waits for the first.
    pub(crate) async fn ended(&self) -> Ended {
        let node = match self.node() {
            Some(node) => node,
            None => {
                if let Some(ended) = self.last.lock().clone() {
                    return ended;
                }
                let mut nodes = self.node.subscribe();
                match nodes.wait_for(Option::is_some).await {
                    Ok(node) => match &*node {
                        Some(node) => Arc::clone(node),
                        None => return Ended::Stopped,
                    },
                    // The sender is `self`.
                    Err(_) => return Ended::Stopped,
                }
            }
        };
        node.wait_ended().await
    }
}

impl Node {
    /// Waits until this node has ended.
    pub(crate) async fn wait_ended(&self) -> Ended {
        let mut phase = self.phase();
        match phase
            .wait_for(|phase| matches!(phase, Phase::Ended(_)))
            .await
            .as_deref()
        {
            Ok(Phase::Ended(ended)) => ended.clone(),
            // The sender is `self`.
            _ => Ended::Stopped,
        }
    }
}
