//! How the child of a layer is started: under a supervisor that may not run yet.

use std::sync::{Arc, Weak};

use seaworthy_core::sync::Lock;

use super::fate::{Fate, Outlook, Rung};
use crate::child::Child;
use crate::node::Node;
use crate::supervisor::Supervisor;

/// Starts the child once under each incarnation of the supervisor, when somebody needs it.
pub(super) struct Nursery {
    supervisor: Supervisor,
    name: Arc<str>,
    /// None if the service itself is gone.
    make: Box<dyn Fn() -> Option<Child> + Send + Sync>,
    started_under: Lock<Weak<Node>>,
}

impl Nursery {
    pub(super) fn new(
        supervisor: &Supervisor,
        name: Arc<str>,
        make: impl Fn() -> Option<Child> + Send + Sync + 'static,
    ) -> Self {
        Self {
            supervisor: supervisor.unowned(),
            name,
            make: Box::new(make),
            started_under: Lock::new(Weak::new()),
        }
    }

    /// Starts the child, if the supervisor runs and was not told before; whether that was so.
    pub(super) fn start(&self) -> bool {
        let Some(node) = self.supervisor.node() else {
            return false;
        };
        let here = Arc::downgrade(&node);
        let mut started_under = self.started_under.lock();
        if Weak::ptr_eq(&started_under, &here) {
            return false;
        }
        *started_under = here;
        drop(started_under);
        if let Some(child) = (self.make)() {
            Supervisor::post_child(&node, child);
        }
        true
    }

    fn is_started_under(&self, node: &Arc<Node>) -> bool {
        let started_under = self.started_under.lock();
        std::ptr::eq(started_under.as_ptr(), Arc::as_ptr(node))
    }

    /// What is to be expected of a child that has not begun, or that nobody knows any more.
    pub(super) fn fate(&self, ancestry: &[Rung], extinct: bool) -> Fate {
        match (self.supervisor.node(), ancestry) {
            // Refused, or deleted.
            (Some(node), _) if extinct && self.is_started_under(&node) => Fate::Lost,
            (Some(node), _) => {
                let child = Arc::clone(&self.name);
                Fate::Coming(Some(Outlook { node, child }))
            }
            // Not started yet.
            (None, []) => Fate::Coming(None),
            (None, [_, above @ ..]) => Fate::of(above),
        }
    }
}
