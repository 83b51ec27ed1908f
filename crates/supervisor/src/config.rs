//! What a supervisor and its children are told: plain values with OTP's names and meaning.

use std::time::Duration;

use seaworthy_core::ConfigError;
use seaworthy_core::backoff::Backoff;

use crate::machine::Needs;

/// Which children are restarted together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Strategy {
    /// Only the child that ended. For children that do not depend on one another.
    #[default]
    OneForOne,
    /// All of them, stopped in reverse start order and started in start order. For children that
    /// share state that only makes sense as a whole.
    OneForAll,
    /// The child that ended and those started after it. For a chain in which each child depends on
    /// the ones before it.
    RestForOne,
}

/// When a child that ended is restarted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Restart {
    /// Always.
    #[default]
    Permanent,
    /// Only after an abnormal exit: an error, a panic, a kill.
    Transient,
    /// Never. Its specification is forgotten when it ends.
    Temporary,
}

/// How a child is asked to stop, and for how long.
///
/// As in OTP, a child that does not trap exits ends at once: a task that never called
/// [`Context::shutdown`](crate::Context::shutdown) is dropped at its next await. One that did is
/// told, and has the time stated here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shutdown {
    /// Not asked: dropped at its next await, whatever it listens to.
    BrutalKill,
    /// Asked, and killed if it still runs after this time. The default for workers, with 5 seconds.
    Timeout(Duration),
    /// Asked, and waited for as long as it takes. The default for supervisors, whose children have
    /// limits of their own.
    Infinity,
}

/// Whether a supervisor ends itself when significant children end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AutoShutdown {
    /// Never: significant children are not allowed.
    #[default]
    Never,
    /// When any significant child ends by itself and is not restarted.
    AnySignificant,
    /// When the last significant child has ended.
    AllSignificant,
}

/// What to do about a task that was told to end and is still there a second later.
///
/// Nothing can end a task of tokio that does not reach an await. It is reported
/// ([`SupervisorEvent::ChildZombie`](crate::SupervisorEvent::ChildZombie)) and its sub-tasks are ended in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OnZombie {
    /// Wait until it is gone: no incarnation ever overlaps the one before it. Its supervisor waits as well.
    #[default]
    Wait,
    /// Give it up as [`ExitReason::Zombie`](crate::ExitReason::Zombie) and go on without it. The next incarnation then
    /// runs beside it: only for children that share nothing which must not be used twice.
    GoOn,
    /// Give it up, and end the supervisor in order: its parent decides. At the root, [`run`](crate::run) ends the
    /// process, and only that ends the zombie.
    Escalate,
}

/// The default time a worker has to stop.
pub(crate) const SHUTDOWN: Duration = Duration::from_secs(5);
/// The default time a two-phase child has for its first phase.
pub(crate) const START_TIMEOUT: Duration = Duration::from_secs(30);
/// The default restart intensity: this many restarts...
pub(crate) const MAX_RESTARTS: u32 = 3;
/// ... in this time.
pub(crate) const PERIOD: Duration = Duration::from_secs(5);

/// The longest period that can be stated.
pub(crate) const PERIOD_MAX: Duration = Duration::from_secs(365 * 24 * 3600);
/// The shortest limit that a timer keeps.
const LIMIT_MIN: Duration = Duration::from_millis(1);

/// Which children there are and how they are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Named children in start order.
    Static(Strategy),
    /// Instances of one template, at most so many.
    Dynamic { max_children: usize },
}

/// What holds for one supervisor as a whole.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flags {
    pub(crate) mode: Mode,
    pub(crate) max_restarts: u32,
    pub(crate) period: Duration,
    pub(crate) auto_shutdown: AutoShutdown,
}

impl Flags {
    pub(crate) fn new(mode: Mode) -> Self {
        Self {
            mode,
            max_restarts: MAX_RESTARTS,
            period: PERIOD,
            auto_shutdown: AutoShutdown::Never,
        }
    }

    pub(crate) fn is_dynamic(&self) -> bool {
        matches!(self.mode, Mode::Dynamic { .. })
    }

    /// Whether a child of this kind may be significant here.
    pub(crate) fn allows_significant(&self, restart: Restart) -> bool {
        restart != Restart::Permanent && self.auto_shutdown != AutoShutdown::Never
    }
}

/// What holds for one child, or for all instances of a template.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) restart: Restart,
    pub(crate) shutdown: Shutdown,
    pub(crate) significant: bool,
    /// Two-phase: counts as started when it says so, within `start_timeout`.
    pub(crate) handshake: bool,
    pub(crate) start_timeout: Option<Duration>,
    pub(crate) supervisor: bool,
    pub(crate) backoff: Option<Pause>,
    pub(crate) heartbeat: Option<Duration>,
    pub(crate) quarantine: Option<Quarantine>,
    pub(crate) needs: Option<Needs>,
    pub(crate) on_zombie: OnZombie,
}

/// How long to wait before a restart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pause {
    pub(crate) backoff: Backoff,
    /// After a life of this length the delays begin anew.
    pub(crate) healthy_after: Duration,
}

/// How many times in which time a child may fail the same way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quarantine {
    pub(crate) times: u32,
    pub(crate) within: Duration,
}

impl Options {
    pub(crate) fn worker(handshake: bool) -> Self {
        Self {
            restart: Restart::Permanent,
            shutdown: Shutdown::Timeout(SHUTDOWN),
            significant: false,
            handshake,
            start_timeout: Some(START_TIMEOUT),
            supervisor: false,
            backoff: None,
            heartbeat: None,
            quarantine: None,
            needs: None,
            on_zombie: OnZombie::default(),
        }
    }

    pub(crate) fn supervisor() -> Self {
        Self {
            shutdown: Shutdown::Infinity,
            supervisor: true,
            ..Self::worker(true)
        }
    }

    /// Whether its restart concerns nobody but itself.
    pub(crate) fn is_plain(&self) -> bool {
        !self.handshake
            && self.backoff.is_none()
            && self.heartbeat.is_none()
            && self.quarantine.is_none()
            && self.needs.is_none()
    }

    /// Checks what does not depend on the siblings; `child` is what the error names.
    pub(crate) fn check(&self, child: &str) -> Result<(), ConfigError> {
        if let Some(limit) = self.heartbeat {
            let value = format_args!("{limit:?}");
            let fits = (LIMIT_MIN..=PERIOD_MAX).contains(&limit);
            ConfigError::unless(fits, child, "heartbeat", value, "1 ms to a year")?;
        }
        if let Some(Quarantine { times, within }) = self.quarantine {
            let fits = (2..=1000).contains(&times);
            ConfigError::unless(fits, child, "quarantine.times", times, "2 to 1000")?;
            let (value, fits) = (
                format_args!("{within:?}"),
                (LIMIT_MIN..=PERIOD_MAX).contains(&within),
            );
            ConfigError::unless(fits, child, "quarantine.within", value, "1 ms to a year")?;
        }
        Ok(())
    }
}
