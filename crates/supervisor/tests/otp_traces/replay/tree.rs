//! Builds the supervisors of a scenario.

use std::collections::HashMap;
use std::time::Duration;

use seaworthy_core::event::Events;
use seaworthy_supervisor::{
    AutoShutdown, Builder, Child, DynamicBuilder, DynamicSupervisor, Restart, StartError, Strategy,
    Supervisor, SupervisorSpec,
};

use super::Style;
use super::scenario::{self, ChildSpec, OnShutdown, SupSpec, WorkerSpec};
use super::stage::Stage;
use super::worker::{self, Instance};

/// Handles of all dynamic supervisors ever specified, by path.
pub(crate) type Dynamics = HashMap<String, Vec<DynamicSupervisor<Instance>>>;

/// What it takes to build a specification.
#[derive(Debug)]
pub(crate) struct Workshop<'a> {
    pub(crate) style: Style,
    pub(crate) stage: &'a Stage,
    pub(crate) dynamics: &'a mut Dynamics,
}

impl Workshop<'_> {
    /// Starts the root of a tree.
    pub(crate) async fn root(
        &mut self,
        spec: &SupSpec,
        events: &Events,
    ) -> Result<Supervisor, StartError> {
        if spec.strategy == scenario::Strategy::SimpleOneForOne {
            let root = self.dynamic(spec, &spec.id).events(events).start().await?;
            Ok(Supervisor::clone(&root))
        } else {
            self.named(spec, &spec.id).events(events).start().await
        }
    }

    /// A child of the supervisor at `parent`.
    pub(crate) fn child(&mut self, spec: &ChildSpec, parent: &str) -> Child {
        let sup = match spec {
            ChildSpec::Supervisor(sup) => sup,
            ChildSpec::Worker(worker) => {
                let ready = self.style != Style::TwoPhase && is_plain(worker);
                return worker::child(self.stage, worker, ready);
            }
        };
        let path = format!("{parent}/{}", sup.id);
        let spec: SupervisorSpec = match sup.strategy {
            scenario::Strategy::SimpleOneForOne => self.dynamic(sup, &path).into(),
            _ => self.named(sup, &path).into(),
        };
        Child::supervisor(spec)
            .restart(restart(sup.restart))
            .significant(sup.significant)
    }

    fn named(&mut self, spec: &SupSpec, path: &str) -> Builder {
        let strategy = match spec.strategy {
            scenario::Strategy::OneForAll => Strategy::OneForAll,
            scenario::Strategy::RestForOne => Strategy::RestForOne,
            _ => Strategy::OneForOne,
        };
        Supervisor::builder(spec.id.as_str())
            .strategy(strategy)
            .intensity(spec.intensity, Duration::from_secs(spec.period_s))
            .auto_shutdown(auto_shutdown(spec.auto_shutdown))
            .children(spec.children.iter().map(|child| self.child(child, path)))
    }

    fn dynamic(&mut self, spec: &SupSpec, path: &str) -> DynamicBuilder<Instance> {
        let mut builder = DynamicSupervisor::builder(spec.id.as_str())
            .intensity(spec.intensity, Duration::from_secs(spec.period_s))
            .auto_shutdown(auto_shutdown(spec.auto_shutdown));
        for template in &spec.children {
            if let ChildSpec::Worker(worker) = template {
                let ready = self.style == Style::ReadyInstances && is_plain(worker);
                builder = builder.template(worker::template(self.stage, worker, ready));
            }
        }
        self.dynamics
            .entry(path.to_owned())
            .or_default()
            .push(builder.handle());
        builder
    }
}

/// Whether a worker has nothing to do before it is ready: neither to fail nor to trap exits.
fn is_plain(worker: &WorkerSpec) -> bool {
    worker.init.is_empty() && worker.on_shutdown == OnShutdown::Normal
}

pub(crate) fn restart(given: scenario::Restart) -> Restart {
    match given {
        scenario::Restart::Permanent => Restart::Permanent,
        scenario::Restart::Transient => Restart::Transient,
        scenario::Restart::Temporary => Restart::Temporary,
    }
}

fn auto_shutdown(given: scenario::AutoShutdown) -> AutoShutdown {
    match given {
        scenario::AutoShutdown::Never => AutoShutdown::Never,
        scenario::AutoShutdown::AnySignificant => AutoShutdown::AnySignificant,
        scenario::AutoShutdown::AllSignificant => AutoShutdown::AllSignificant,
    }
}
