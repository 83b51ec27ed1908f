//! The specification of a supervisor.

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use seaworthy_core::ConfigError;
use seaworthy_core::component::Registry;
use seaworthy_core::event::Events;
use seaworthy_core::sync::Lock;
use tokio::runtime::Handle;

use crate::address::Address;
use crate::child::Child;
use crate::config::{AutoShutdown, Flags, Mode, Options, PERIOD_MAX, Strategy};
use crate::error::{StartError, StartFailure};
use crate::id::check_name;
use crate::node::{Node, Tree};
use crate::report::ShutdownReport;
use crate::supervisor::Supervisor;
use crate::watchdog;

/// How often a watchdog may look.
const WATCHDOG: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(3600);

/// A supervisor that can be started, as a root or as the child of another. What the builders make.
#[derive(Debug)]
pub struct SupervisorSpec {
    pub(crate) id: Arc<str>,
    pub(crate) flags: Flags,
    pub(crate) children: Vec<Child>,
    /// How many templates a dynamic supervisor was given, and the options of the last.
    pub(crate) templates: (usize, Option<Options>),
    pub(crate) address: Arc<Address>,
    /// That it exists.
    _lineage: Arc<()>,
    pub(crate) events: Option<Events>,
    pub(crate) watchdog: Option<Duration>,
}

impl SupervisorSpec {
    pub(crate) fn new(id: Arc<str>, mode: Mode) -> Self {
        let lineage = Arc::new(());
        Self {
            id,
            flags: Flags::new(mode),
            children: Vec::new(),
            templates: (0, None),
            address: Address::of(&lineage),
            _lineage: lineage,
            events: None,
            watchdog: None,
        }
    }

    /// Starts it as the root of a tree.
    pub(crate) async fn start(self) -> Result<Supervisor, StartError> {
        let id = Arc::clone(&self.id);
        let Ok(runtime) = Handle::try_current() else {
            return Err(StartError::new(id, StartFailure::NoRuntime));
        };
        let tree = Arc::new(Tree {
            runtime,
            events: self.events.clone().unwrap_or_default(),
            incarnations: Arc::new(AtomicU64::new(0)),
            reporting: AtomicBool::new(false),
            stops: Lock::new(ShutdownReport::default()),
            watchdog: OnceLock::new(),
        });
        crate::degraded::warn(&tree.events, &id);
        let spec = Arc::new(self);
        let node = Node::launch(tree, Arc::clone(&spec), None);
        Registry::global().register(&node);
        // Owned from here on: if the caller goes away, so does what has started.
        let root = Supervisor::owner(&spec, Arc::clone(&node));
        if let Some(every) = spec.watchdog.filter(|_| !node.has_ended()) {
            let thread = watchdog::start(&node, every).map_err(|error| {
                let cause = StartFailure::NoThread(Arc::new(error));
                StartError::new(Arc::clone(&spec.id), cause)
            })?;
            // The first and only one.
            let _ = node.tree.watchdog.set(thread);
        }
        drop(node);
        root.started().await?;
        Ok(root)
    }

    pub(crate) fn validate(&self, path: &str) -> Result<(), ConfigError> {
        let bad = |field: &'static str, value: &dyn std::fmt::Display, allowed: &'static str| {
            Err(ConfigError::new(path, field, value, allowed))
        };
        if let Err(allowed) = check_name(&self.id) {
            return bad("id", &self.id, allowed);
        }
        let period = self.flags.period;
        if period.is_zero() || period > PERIOD_MAX {
            return bad(
                "intensity.period",
                &format_args!("{period:?}"),
                "more than 0, at most a year",
            );
        }
        if let Some(every) = self.watchdog {
            let fits = WATCHDOG.contains(&every);
            let value = format_args!("{every:?}");
            ConfigError::unless(fits, path, "watchdog", value, "1 ms to an hour")?;
        }
        if self.flags.is_dynamic() && self.templates.0 != 1 {
            return bad("template", &self.templates.0, "exactly one template");
        }
        let misplaced = |options: &Options| {
            options.significant && !self.flags.allows_significant(options.restart)
        };
        if self.templates.1.as_ref().is_some_and(misplaced) {
            return Err(not_significant(path));
        }
        if let Some(child) = self.children.iter().find(|child| misplaced(&child.options)) {
            return Err(not_significant(&format!("{path}/{}", child.id)));
        }
        if let Some(options) = &self.templates.1 {
            options.check(&format!("{path}/#"))?;
        }
        let mut ids = HashSet::new();
        for child in &self.children {
            if let Err(allowed) = check_name(&child.id) {
                return bad("child.id", &child.id, allowed);
            }
            child.check(path, |sibling| ids.contains(sibling))?;
            if !ids.insert(&child.id) {
                return bad(
                    "child.id",
                    &child.id,
                    "an id that no other child of this supervisor has",
                );
            }
        }
        Ok(())
    }
}

/// A child is significant that must not be.
pub(crate) fn not_significant(child: &str) -> ConfigError {
    let allowed =
        "true only for a transient or temporary child of a supervisor with an auto-shutdown";
    ConfigError::new(child, "significant", true, allowed)
}

/// Says what a supervisor of named children is like; made by [`Supervisor::builder`].
///
/// Nothing is checked before the start: as in OTP, `start` checks the supervisor itself, and a
/// nested one is checked when it is started.
#[derive(Debug)]
#[must_use = "a supervisor has to be started, or given to another one as a child"]
pub struct Builder {
    spec: SupervisorSpec,
}

impl Builder {
    pub(crate) fn new(id: Arc<str>) -> Self {
        Self {
            spec: SupervisorSpec::new(id, Mode::Static(Strategy::default())),
        }
    }

    /// Which children are restarted together. Default: [`Strategy::OneForOne`].
    pub fn strategy(mut self, strategy: Strategy) -> Self {
        self.spec.flags.mode = Mode::Static(strategy);
        self
    }

    /// How many restarts are allowed in any stretch of `period`; one more, and the supervisor stops its
    /// children and gives up. Zero: the first crash is fatal. Default: 3 in 5 seconds.
    ///
    /// A restart of a whole group counts once. `period` must be more than zero and at most a year.
    pub fn intensity(mut self, max_restarts: u32, period: Duration) -> Self {
        self.spec.flags.max_restarts = max_restarts;
        self.spec.flags.period = period;
        self
    }

    /// Whether the supervisor ends itself when significant children end. Default: [`AutoShutdown::Never`].
    pub fn auto_shutdown(mut self, auto_shutdown: AutoShutdown) -> Self {
        self.spec.flags.auto_shutdown = auto_shutdown;
        self
    }

    /// Adds a child, to be started after those added before.
    pub fn child(mut self, child: Child) -> Self {
        self.spec.children.push(child);
        self
    }

    /// Adds several children, in order.
    pub fn children(mut self, children: impl IntoIterator<Item = Child>) -> Self {
        self.spec.children.extend(children);
        self
    }

    /// The bus to which the tree reports; it counts for the root. Default: a bus of its own.
    pub fn events(mut self, events: &Events) -> Self {
        self.spec.events = Some(events.clone());
        self
    }

    /// Has a thread of its own look after deadlines `every` so often; it counts for the root. From 1 ms to an hour.
    /// Default: none.
    ///
    /// Without it, deadlines are timers of the runtime, and those do not fire while all its threads are blocked by
    /// tasks that do not reach an await. (One may be enough: tokio has one thread look after timers at a time, and if
    /// a task blocks that one, they stand still until the next piece of work.) With it, a child that blocks the only thread is still found to be silent, or to
    /// be a zombie, and its [policy](crate::Child::on_zombie) is carried out as far as that takes no thread.
    pub fn watchdog(mut self, every: Duration) -> Self {
        self.spec.watchdog = Some(every);
        self
    }

    /// A handle to this supervisor that can be had before it is started, and that stays valid when it
    /// is restarted by its parent. It does not own the supervisor.
    #[must_use]
    pub fn handle(&self) -> Supervisor {
        Supervisor::at(&self.spec.id, &self.spec.address)
    }

    /// Starts the supervisor as the root of a tree, on the current runtime, which must have its time driver enabled. Done when all
    /// children are started, one after the other.
    ///
    /// # Errors
    ///
    /// If this or a nested supervisor is specified wrongly, or a child fails to start. Those that had
    /// started are stopped in reverse order before the error is returned.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the child that is being started is aborted, and what had started is stopped
    /// in order, in the background.
    pub async fn start(self) -> Result<Supervisor, StartError> {
        self.spec.start().await
    }
}

impl From<Builder> for SupervisorSpec {
    fn from(builder: Builder) -> Self {
        builder.spec
    }
}
