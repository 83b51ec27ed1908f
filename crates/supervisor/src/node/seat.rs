//! What the shell keeps for each child, small because there may be a million of them.

use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use seaworthy_core::backoff::Delays;
use seaworthy_core::clock::Coarse;
use seaworthy_core::panic;
use tokio::sync::oneshot;
use tokio::task::{AbortHandle, JoinHandle};
use tokio_util::sync::CancellationToken;

use super::pause::Pausing;
use super::pulse::Pulses;
use super::similar::Similar;
use super::zombie::Condemned;
use super::{Caller, End, Farewell, Node};
use crate::body::Body;
use crate::config::{Options, Pause};
use crate::error::StartError;
use crate::event::Ended;
use crate::exit::ExitReason;
use crate::link::{Links, Mailbox};
use crate::machine::{Exit, Key, Machine};
use crate::monitor::Down;
use crate::report::{History, PastExit};

/// Everything of a supervisor that is behind its lock.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) machine: Machine<Seat, Caller>,
    /// Why the last start failed, until somebody is told.
    pub(crate) failure: Option<StartError>,
    /// The child whose restart was one too many, and its last exit.
    pub(super) gave_up: Option<(Arc<str>, ExitReason)>,
    pub(super) timer: Option<super::timer::Timer>,
    pub(super) timers: u64,
    /// When the children that are stopping were asked.
    pub(super) asked_at: Option<Coarse>,
    pub(super) pulses: Pulses,
    pub(super) condemned: Condemned,
}

impl State {
    pub(super) fn new(machine: Machine<Seat, Caller>) -> Self {
        Self {
            machine,
            failure: None,
            gave_up: None,
            timer: None,
            timers: 0,
            asked_at: None,
            pulses: Pulses::new(),
            condemned: Condemned::default(),
        }
    }

    /// The seat at `key`, if `incarnation` is the process in it.
    pub(crate) fn current(&mut self, key: Key, incarnation: u64) -> Option<&mut Seat> {
        if self.machine.is_current(key, incarnation) {
            self.machine.payload_mut(key)
        } else {
            None
        }
    }

    pub(crate) fn last_exit(&mut self, key: Key) -> ExitReason {
        let extra = self
            .machine
            .payload_mut(key)
            .and_then(|seat| seat.extra.as_ref());
        let last = extra.and_then(|extra| extra.history.last());
        last.map_or(ExitReason::Unknown, |exit| exit.reason.clone())
    }
}

/// A child's place in the shell.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) options: Arc<Options>,
    pub(crate) body: Arc<dyn Body>,
    pub(crate) live: Option<Live>,
    pub(crate) asked: Asked,
    /// The incarnation has come through its first phase.
    pub(crate) ready: bool,
    /// When the incarnation started.
    pub(crate) started: Coarse,
    /// How often it has come through its first phase.
    pub(crate) starts: u32,
    /// What only some children ever need.
    pub(crate) extra: Option<Box<Extra>>,
}

/// How to reach the process.
#[derive(Debug)]
pub(crate) enum Live {
    Task(JoinHandle<()>),
    Supervisor(Arc<Node>),
}

/// What the process was told by its supervisor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Asked {
    #[default]
    Nothing,
    Shutdown,
    Kill,
    StartTimeout,
    /// Killed, because it was silent for too long: a crash.
    Silent,
    /// Killed, because the runtime is gone.
    GoneWithRuntime,
    /// Not by its supervisor: it was killed from outside, which is a crash.
    KilledFromOutside,
}

/// What a child has only if it asked for it, or once it has crashed.
#[derive(Debug, Default)]
pub(crate) struct Extra {
    /// Taken by a child that traps exits.
    pub(crate) trap: Option<CancellationToken>,
    pub(crate) subtasks: HashMap<u64, Option<AbortHandle>>,
    pub(crate) next_subtask: u64,
    pub(crate) monitors: Vec<oneshot::Sender<Down>>,
    pub(crate) history: History,
    /// The main task ended; its sub-tasks have not yet.
    pub(crate) pending: Option<End>,
    /// A sub-task panicked, or a signal came along a link: that is how the child ends.
    pub(crate) doomed: Option<ExitReason>,
    /// What it wants to be shown as.
    pub(crate) shown_as: Option<Arc<str>>,
    pub(crate) links: Links,
    /// Taken by a child that traps the signals of those it is linked to.
    pub(crate) exits: Option<Arc<Mailbox>>,
    /// What it leaves to its successor.
    pub(crate) legacy: Option<Box<dyn Any + Send>>,
    pub(super) delays: Option<Delays>,
    pub(crate) pausing: Option<Pausing>,
    pub(super) similar: Option<Similar>,
    /// Given up, because it failed the same way too often.
    pub(crate) quarantined: bool,
    /// Told to end, and still there.
    pub(crate) zombie: bool,
}

impl Drop for Extra {
    fn drop(&mut self) {
        // Values of users, one at a time: a second panic while the first unwinds would end the process.
        self.history.take().for_each(panic::drop_quietly);
        panic::drop_quietly(self.legacy.take());
        panic::drop_quietly(self.pending.take());
        panic::drop_quietly(self.doomed.take());
    }
}

impl Seat {
    pub(crate) fn new(options: Arc<Options>, body: Arc<dyn Body>) -> Self {
        Self {
            options,
            body,
            live: None,
            asked: Asked::Nothing,
            ready: false,
            started: Coarse::default(),
            starts: 0,
            extra: None,
        }
    }

    pub(crate) fn extra(&mut self) -> &mut Extra {
        self.extra.get_or_insert_default()
    }

    pub(crate) fn is_asked(&self) -> bool {
        self.asked != Asked::Nothing
    }

    /// From now on it ends with this reason, unless it was to end anyway. What is returned is to be aborted.
    #[must_use]
    pub(crate) fn doom(&mut self, reason: ExitReason) -> Option<Live> {
        if !self.is_asked() {
            self.extra().doomed.get_or_insert(reason);
        }
        self.live.take()
    }

    /// Whether it is to end with a reason that is not its own.
    pub(super) fn is_doomed(&self) -> bool {
        self.extra
            .as_ref()
            .is_some_and(|extra| extra.doomed.is_some())
    }

    /// Whether nobody but the child itself is concerned by its end.
    pub(super) fn is_plain(&self) -> bool {
        let untouched = |extra: &Extra| {
            extra.monitors.is_empty()
                && extra.subtasks.is_empty()
                && extra.links.is_empty()
                && extra.exits.is_none()
                && extra.legacy.is_none()
                // The abort that goes with it would reach the next one.
                && extra.doomed.is_none()
        };
        self.asked == Asked::Nothing
            && self.options.is_plain()
            && self.extra.as_deref().is_none_or(untouched)
    }

    /// Clears away the incarnation that has ended.
    pub(super) fn depart(&mut self, farewell: Farewell, now: Coarse) -> Departed {
        let Farewell { end, shown, .. } = farewell;
        let asked = std::mem::take(&mut self.asked);
        self.live = None;
        let (mut doomed, mut mourners) = (None, None);
        if let Some(extra) = &mut self.extra {
            extra.trap = None;
            extra.zombie = false;
            doomed = extra.doomed.take();
            if !extra.monitors.is_empty() || !extra.links.is_empty() || extra.exits.is_some() {
                mourners = Some(Box::new(Mourners {
                    monitors: std::mem::take(&mut extra.monitors),
                    links: std::mem::take(&mut extra.links),
                    exits: extra.exits.take(),
                }));
            }
        }
        let runtime_gone = match &end {
            End::Dropped => match asked {
                Asked::Nothing => doomed.is_none(),
                asked => asked == Asked::GoneWithRuntime,
            },
            End::Supervisor(ended) => matches!(ended, Ended::RuntimeGone),
            // Whoever says so has heard of another runtime.
            End::Reason(_) | End::Ignored => false,
        };
        let reason = match &end {
            End::Reason(reason) => reason.clone(),
            End::Ignored => ExitReason::Normal,
            End::Supervisor(ended) => ended.reason(),
            // Nobody but us and the runtime drops a child.
            End::Dropped => asked
                .reason(&self.options)
                .or_else(|| doomed.take())
                .unwrap_or(ExitReason::RuntimeGone),
        };
        let (uptime, mut legacy) = (now.since(self.started), None);
        if let Some(extra) = &mut self.extra {
            // What a process leaves that did not end by its own decision is not to be trusted.
            if !matches!(
                reason,
                ExitReason::Normal | ExitReason::Shutdown(_) | ExitReason::Error(_)
            ) {
                legacy = extra.legacy.take();
            }
            let healthy = |pause: Pause| uptime >= pause.healthy_after;
            if self.options.backoff.is_some_and(healthy)
                && let Some(delays) = &mut extra.delays
            {
                delays.reset();
            }
        }
        let told = match &end {
            End::Supervisor(Ended::StartFailed(error)) => {
                ExitReason::Error(Arc::new(error.clone()))
            }
            End::Supervisor(_) if reason.is_clean() => ExitReason::shutdown(shown),
            _ => reason.clone(),
        };
        Departed {
            end,
            reason,
            told,
            asked,
            uptime,
            mourners,
            legacy,
            doomed,
            runtime_gone,
        }
    }

    /// Remembers an exit; what is forgotten for it is to be dropped outside the lock.
    pub(super) fn remember(&mut self, exit: PastExit) -> Option<PastExit> {
        self.extra().history.push(exit)
    }
}

/// An incarnation that has ended.
#[derive(Debug)]
pub(super) struct Departed {
    pub(super) end: End,
    /// What the decision goes by.
    pub(super) reason: ExitReason,
    /// What people are told: of a supervisor, how it came to its end.
    pub(super) told: ExitReason,
    pub(super) asked: Asked,
    pub(super) uptime: Duration,
    /// `None` if there is nobody.
    pub(super) mourners: Option<Box<Mourners>>,
    /// What nobody is to have.
    pub(super) legacy: Option<Box<dyn Any + Send>>,
    /// A reason that came too late to be one.
    pub(super) doomed: Option<ExitReason>,
    /// Whether it went down with the runtime.
    pub(super) runtime_gone: bool,
}

/// Who is to be told of an end.
#[derive(Debug, Default)]
pub(super) struct Mourners {
    pub(super) monitors: Vec<oneshot::Sender<Down>>,
    pub(super) links: Links,
    /// The signals that the process itself has not read.
    pub(super) exits: Option<Arc<Mailbox>>,
}

impl Asked {
    /// Whether the supervisor did not want the process to end.
    pub(super) fn is_crash(self) -> bool {
        matches!(self, Self::Nothing | Self::KilledFromOutside | Self::Silent)
    }

    fn reason(self, options: &Options) -> Option<ExitReason> {
        match self {
            Self::Nothing => None,
            Self::Shutdown => Some(ExitReason::Shutdown(None)),
            Self::Kill | Self::KilledFromOutside => Some(ExitReason::Killed),
            Self::GoneWithRuntime => Some(ExitReason::RuntimeGone),
            Self::Silent => Some(ExitReason::HeartbeatTimeout(
                options.heartbeat.unwrap_or_default(),
            )),
            Self::StartTimeout => Some(ExitReason::StartTimeout(
                options.start_timeout.unwrap_or_default(),
            )),
        }
    }
}

impl Live {
    /// Ends the process without asking it.
    pub(super) fn kill(self, exit: Exit) {
        match self {
            Self::Task(task) => task.abort(),
            Self::Supervisor(node) => node.kill(exit),
        }
    }
}
