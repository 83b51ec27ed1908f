//! What a supervisor and its children are told: plain values with OTP's names and meaning.

use std::time::Duration;

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

/// The default time a worker has to stop.
pub(crate) const SHUTDOWN: Duration = Duration::from_secs(5);
/// The default time a two-phase child has for its first phase.
pub(crate) const START_TIMEOUT: Duration = Duration::from_secs(30);
/// The default restart intensity: this many restarts...
pub(crate) const MAX_RESTARTS: u32 = 3;
/// ... in this time.
pub(crate) const PERIOD: Duration = Duration::from_secs(5);

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
        }
    }

    pub(crate) fn supervisor() -> Self {
        Self {
            shutdown: Shutdown::Infinity,
            supervisor: true,
            ..Self::worker(true)
        }
    }
}
