//! One incarnation of a supervisor: the machine, and the hands that do what it says.
//!
//! A supervisor has no task of its own. Whoever brings news (a child that ended or became ready, a
//! caller, a timer) posts it and then [runs](Node::run) the machine in its own thread, unless
//! another thread is at it. An idle supervisor therefore costs no task and no timer.

mod in_place;
mod inspect;
mod pause;
mod process;
mod pulse;
mod reply;
#[cfg(all(unix, feature = "systemd"))]
mod round_trip;
mod seat;
mod shutdown;
mod similar;
mod stop;
mod tell;
mod timer;
mod zombie;

use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, OnceLock};
use std::thread::Thread;

use seaworthy_core::clock;
use seaworthy_core::event::{Events, Severity};
use seaworthy_core::serial::Serial;
use seaworthy_core::sync::Lock;
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::builder::SupervisorSpec;
use crate::error::{StartError, StartFailure};
use crate::event::{Ended, SupervisorEvent};
use crate::exit::ExitReason;
use crate::machine::{Discarded, Effect, Exit, Key, Machine, Message, StartOutcome};
use crate::metrics::Metrics;
use crate::report::ShutdownReport;
pub(crate) use process::End;
use process::Farewell;
pub(crate) use reply::{Answer, Caller, Wants};
use seat::State;
pub(crate) use seat::{Extra, Live, Seat};

/// What all supervisors of one tree share.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) runtime: Handle,
    pub(crate) events: Events,
    pub(crate) incarnations: Arc<AtomicU64>,
    /// Whether the tree is being shut down, so that `stops` is to be filled.
    pub(crate) reporting: AtomicBool,
    /// Who needed how long to stop.
    pub(crate) stops: Lock<ShutdownReport>,
    /// The thread that sees to deadlines when the runtime is blocked.
    pub(crate) watchdog: OnceLock<Thread>,
}

/// Where a process sits: its supervisor, its seat there, and which incarnation it is.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) node: Arc<Node>,
    pub(crate) key: Key,
    pub(crate) incarnation: u64,
}

/// How far a supervisor has come.
#[derive(Clone, Debug)]
pub(crate) enum Phase {
    Starting,
    Running,
    Ended(Ended),
}

/// One incarnation of a supervisor.
pub(crate) struct Node {
    pub(crate) tree: Arc<Tree>,
    pub(crate) path: Arc<str>,
    pub(crate) spec: Arc<SupervisorSpec>,
    parent: Option<Place>,
    serial: Serial<State>,
    phase: watch::Sender<Phase>,
    /// Whether a child is to be given up if it fails the same way again and again.
    compares: AtomicBool,
    metrics: Metrics,
}

impl Node {
    /// Starts a supervisor: its children that are ready at once are started when this returns.
    pub(crate) fn launch(
        tree: Arc<Tree>,
        spec: Arc<SupervisorSpec>,
        parent: Option<Place>,
    ) -> Arc<Self> {
        let path: Arc<str> = match &parent {
            Some(place) => format!("{}/{}", place.node.path, spec.id).into(),
            None => Arc::clone(&spec.id),
        };
        tree.events.publish(
            &path,
            Severity::Info,
            SupervisorEvent::SupervisorStarting {
                path: Arc::clone(&path),
            },
        );
        let valid = spec.validate(&path);
        let children = spec.children.iter().filter(|_| valid.is_ok());
        let children = children.map(|child| (child.child_id(), child.new_child()));
        let machine = Machine::new(spec.flags, Arc::clone(&tree.incarnations), children);
        let mut state = State::new(machine);
        if let Err(error) = &valid {
            state.failure = Some(StartError::new(
                Arc::clone(&path),
                StartFailure::BadSpec(error.clone()),
            ));
        }
        let node = Arc::new(Self {
            metrics: Metrics::new(&path),
            tree,
            path,
            spec,
            parent,
            serial: Serial::new(state),
            phase: watch::Sender::new(Phase::Starting),
            compares: AtomicBool::new(false),
        });
        if valid.is_ok() {
            node.spec.address.enter(&node);
            node.run();
        } else {
            // Nothing was started, so nothing is to be stopped.
            node.fail();
        }
        node
    }

    /// Does what the machine says until it has nothing more to say.
    pub(crate) fn run(self: &Arc<Self>) {
        self.serial.run(
            |state| {
                let effect = state.machine.next(clock::coarse);
                let discarded = state.machine.take_discarded();
                (effect.is_some() || !discarded.is_empty()).then_some((effect, discarded))
            },
            |(effect, discarded)| {
                discarded.into_iter().for_each(Discarded::dispose);
                if let Some(effect) = effect {
                    self.perform(effect);
                }
            },
        );
        self.tree.events.deliver();
    }

    fn perform(self: &Arc<Self>, effect: Effect<Caller>) {
        match effect {
            Effect::Start { key, incarnation } => self.start(key, incarnation),
            Effect::AbortStart(key) => self.abort_start(key),
            Effect::Pause { key, incarnation } => self.pause(key, incarnation),
            Effect::Stop(key) => self.stop(key),
            Effect::StopAll => self.stop_all(),
            Effect::KillAll(exit) => self.kill_all(exit),
            Effect::Started => self.booted(),
            Effect::GaveUp(key) => self.gave_up(key),
            Effect::Reply(caller, reply) => self.reply(caller, reply),
            Effect::Exit(exit) => self.exit(exit),
        }
    }

    /// Puts a message into the inbox and runs; false if the supervisor is over.
    pub(crate) fn post(self: &Arc<Self>, message: Message<Seat, Caller>) -> bool {
        let refused = self
            .serial
            .with(|state| state.machine.post(message))
            .is_err();
        self.run();
        !refused
    }

    /// Ends at once, with everything below.
    pub(crate) fn kill(self: &Arc<Self>, exit: Exit) {
        self.serial.with(|state| state.machine.kill(exit));
        self.run();
    }

    pub(crate) fn resume(self: &Arc<Self>) {
        self.serial.with(|state| state.machine.resume());
        self.run();
    }

    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
        self.serial.with(f)
    }

    /// Whether no process of it is left, and none will be.
    pub(crate) fn has_ended(&self) -> bool {
        self.with(|state| state.machine.has_ended())
    }

    /// Where it is the child of another, if it is not a root.
    pub(crate) fn parent(&self) -> Option<&Place> {
        self.parent.as_ref()
    }

    pub(crate) fn phase(&self) -> watch::Receiver<Phase> {
        self.phase.subscribe()
    }

    pub(crate) fn child_path(&self, id: &crate::id::ChildId) -> Arc<str> {
        format!("{}/{id}", self.path).into()
    }

    fn publish(&self, severity: Severity, event: impl FnOnce() -> SupervisorEvent) {
        if self.tree.events.is_watched() {
            self.tree.events.publish(&self.path, severity, event());
        }
    }

    fn booted(self: &Arc<Self>) {
        self.phase.send_replace(Phase::Running);
        self.publish(Severity::Info, || SupervisorEvent::SupervisorStarted {
            path: Arc::clone(&self.path),
        });
        if let Some(place) = &self.parent {
            place.node.ready(place.key, place.incarnation);
        }
    }

    fn gave_up(&self, key: Key) {
        self.metrics.gave_up();
        let (escalated, (child, reason)) = self.with(|state| {
            if let Some(gave_up) = &state.gave_up {
                // That child does not end, and may be forgotten already.
                return (true, gave_up.clone());
            }
            let reason = state.last_exit(key);
            let id = state
                .machine
                .children()
                .get(key)
                .map(|entry| entry.id.clone());
            let gave_up = (
                id.map_or_else(|| Arc::clone(&self.path), |id| self.child_path(&id)),
                reason,
            );
            state.gave_up = Some(gave_up.clone());
            (false, gave_up)
        });
        if escalated {
            // Not the intensity: that child does not end, which was told.
            return;
        }
        let (max_restarts, period) = (self.spec.flags.max_restarts, self.spec.flags.period);
        #[cfg(feature = "tracing")]
        let _ = seaworthy_core::panic::catch(|| {
            tracing::error!(supervisor = %self.path, %child, %reason, max_restarts, ?period, "restart intensity exceeded");
        });
        let path = Arc::clone(&self.path);
        self.publish(Severity::Error, move || {
            SupervisorEvent::IntensityExceeded {
                path,
                child,
                reason,
                max_restarts,
                period,
            }
        });
    }

    fn exit(self: &Arc<Self>, exit: Exit) {
        let (ended, timer) = self.with(|state| {
            let ended = match exit {
                Exit::Stopped => Ended::Stopped,
                Exit::AutoShutdown(_) => Ended::AutoShutdown,
                Exit::Killed => Ended::Killed,
                Exit::RuntimeGone => Ended::RuntimeGone,
                Exit::GaveUp(_) => {
                    let unknown = || (Arc::clone(&self.path), ExitReason::Unknown);
                    let (child, reason) = state.gave_up.take().unwrap_or_else(unknown);
                    Ended::GaveUp { child, reason }
                }
                Exit::StartFailed(_) => {
                    let unknown = || {
                        let cause = StartFailure::Exited(ExitReason::Unknown);
                        StartError::new(Arc::clone(&self.path), cause)
                    };
                    let inner = state.failure.take().unwrap_or_else(unknown);
                    let cause = StartFailure::Child(Arc::new(inner));
                    Ended::StartFailed(StartError::new(Arc::clone(&self.path), cause))
                }
            };
            let reaper = state.condemned.take_reaper();
            (ended, (state.timer.take(), reaper))
        });
        drop(timer);
        self.ended(ended);
    }

    /// The specification was invalid.
    fn fail(self: &Arc<Self>) {
        let failure = self.with(|state| {
            state.machine.kill(Exit::Killed);
            state.failure.take()
        });
        // The machine has nothing alive; its end goes unheard, ours is the better reason.
        self.serial
            .run(|state| state.machine.next(clock::coarse), |_| {});
        if let Some(error) = failure {
            self.ended(Ended::StartFailed(error));
        }
    }

    fn ended(self: &Arc<Self>, ended: Ended) {
        self.spec.address.leave(self, &ended);
        self.publish(Severity::Info, || SupervisorEvent::SupervisorExited {
            path: Arc::clone(&self.path),
            ended: ended.clone(),
        });
        self.tree.events.deliver();
        self.phase.send_replace(Phase::Ended(ended.clone()));
        if self.parent.is_none()
            && let Some(watchdog) = self.tree.watchdog.get()
        {
            watchdog.unpark();
        }
        if let Some(place) = &self.parent {
            place
                .node
                .process_ended(place.key, place.incarnation, End::Supervisor(ended));
        }
    }
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Node")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
