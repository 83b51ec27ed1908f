//! The specification of a task supervisor.

use std::sync::Arc;

use seaworthy_core::event::Events;

use super::TaskSupervisor;
use crate::builder::SupervisorSpec;
use crate::config::{Mode, OnZombie, Options, Restart, Shutdown};
use crate::error::StartError;
use crate::supervisor::Supervisor;

/// How many tasks there may be unless told otherwise.
const MAX_CHILDREN: usize = 1_000_000;

/// Says what a task supervisor is like; made by [`TaskSupervisor::builder`].
#[derive(Debug)]
#[must_use = "a supervisor has to be started, or given to another one as a child"]
pub struct TaskSupervisorBuilder {
    spec: SupervisorSpec,
    options: Options,
}

impl TaskSupervisorBuilder {
    pub(super) fn new(id: Arc<str>) -> Self {
        let mode = Mode::Dynamic {
            max_children: MAX_CHILDREN,
        };
        let mut options = Options::worker(false);
        options.restart = Restart::Temporary;
        let mut spec = SupervisorSpec::new(id, mode);
        // What its tasks have in common, in place of a template.
        spec.templates = (1, Some(options.clone()));
        Self { spec, options }
    }

    /// How many tasks it may have at a time. One more is [refused](crate::SpawnError::MaxChildren). Zero: none at
    /// all. Default: a million.
    pub fn max_children(mut self, max_children: usize) -> Self {
        self.spec.flags.mode = Mode::Dynamic { max_children };
        self
    }

    /// How its tasks are stopped when it is. Default: 5 seconds for one that listens.
    pub fn shutdown(mut self, shutdown: Shutdown) -> Self {
        self.options.shutdown = shutdown;
        self.spec.templates.1 = Some(self.options.clone());
        self
    }

    /// What to do about a task that does not end when it has to, as [`Child::on_zombie`](crate::Child::on_zombie).
    /// Unless it is [`OnZombie::Wait`], whoever awaits such a task gets an answer:
    /// [`ExitReason::Zombie`](crate::ExitReason::Zombie). Default: [`OnZombie::Wait`].
    pub fn on_zombie(mut self, policy: OnZombie) -> Self {
        self.options.on_zombie = policy;
        self.spec.templates.1 = Some(self.options.clone());
        self
    }

    /// As [`Builder::events`](crate::Builder::events).
    pub fn events(mut self, events: &Events) -> Self {
        self.spec.events = Some(events.clone());
        self
    }

    /// A handle that can be had before the supervisor is started, and that stays valid when it is restarted by
    /// its parent. Take it last: it starts tasks with what was said before. It does not own the supervisor.
    #[must_use]
    pub fn handle(&self) -> TaskSupervisor {
        TaskSupervisor {
            supervisor: Supervisor::at(&self.spec.id, &self.spec.address),
            options: Arc::new(self.options.clone()),
        }
    }

    /// Starts the supervisor as the root of a tree, as [`Builder::start`](crate::Builder::start) does.
    ///
    /// # Errors
    ///
    /// If it is specified wrongly.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the supervisor is stopped.
    pub async fn start(self) -> Result<TaskSupervisor, StartError> {
        Ok(TaskSupervisor {
            supervisor: self.spec.start().await?,
            options: Arc::new(self.options),
        })
    }
}

impl From<TaskSupervisorBuilder> for SupervisorSpec {
    fn from(builder: TaskSupervisorBuilder) -> Self {
        builder.spec
    }
}
