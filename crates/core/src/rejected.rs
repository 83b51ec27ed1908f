//! The one error for being turned away.

mod cause;

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::{BoxError, Name};

pub use cause::Cause;

/// How many errors deep [`Rejected::find_in`] looks: an error may name itself as its own source.
const DEPTH_MAX: usize = 64;

/// A component turned a call away, or gave up on it.
///
/// This is the only error that a Seaworthy layer adds, whichever layer it is. The bound of a layer
/// is `S::Error: From<Rejected>`, which a [`BoxError`] meets as it stands and an own
/// enum with one `#[from]`; so the error type of the inner service stays as it is, and nothing nests.
///
/// Whether the call may have had an effect is what [`executed`](Self::executed) says. It is a few plain
/// values: making, copying and dropping one costs next to nothing.
///
/// ```
/// use std::time::Duration;
/// use seaworthy_core::{BoxError, Executed, Reason, Rejected};
///
/// let rejected = Rejected::new(Reason::CircuitOpen, "payments")
///     .with_retry_after(Duration::from_millis(1500));
/// assert_eq!(rejected.executed(), Executed::No);
/// assert_eq!(rejected.to_string(), "`payments`: circuit open, retry after 1.5s");
///
/// let error: BoxError = rejected.into();
/// let found = Rejected::find_in(error.as_ref()).expect("it is in there");
/// assert_eq!(found.reason(), Reason::CircuitOpen);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rejected {
    reason: Reason,
    executed: Executed,
    component: Name,
    cause: Option<Cause>,
    retry_after: Option<Duration>,
}

/// Why a call was turned away or given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// A circuit breaker lets nothing through for now.
    CircuitOpen,
    /// As many calls run (and wait) as the bulkhead admits.
    BulkheadFull,
    /// So much of what was sent lately was too much for the service that this call was not sent at all.
    Throttled,
    /// The queue holds as many items as it may.
    QueueFull,
    /// The deadline had passed before the call was begun.
    Expired,
    /// A newer or more important item took its place in the queue.
    Evicted,
    /// The service is being built anew and not ready yet.
    Restarting,
    /// The worker crashed while it had the call.
    Crashed,
    /// No answer came in time.
    TimedOut,
    /// The component is on its way out and takes no more calls.
    ShuttingDown,
    /// The component is down, and nothing will bring it back by itself: it was stopped, or whoever restarted it gave
    /// up.
    Stopped,
}

/// Whether the service may have begun with a call that got no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Executed {
    /// The call never reached the service: it may be retried even if it is not idempotent.
    No,
    /// The service may have done all of it, a part, or nothing: a failure like any other.
    Maybe,
}

impl Reason {
    /// What this reason implies: `Maybe` for what can only happen to a call that was begun.
    #[must_use]
    pub const fn executed(self) -> Executed {
        match self {
            Self::Crashed | Self::TimedOut => Executed::Maybe,
            Self::CircuitOpen
            | Self::BulkheadFull
            | Self::Throttled
            | Self::QueueFull
            | Self::Expired
            | Self::Evicted
            | Self::Restarting
            | Self::ShuttingDown
            | Self::Stopped => Executed::No,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CircuitOpen => "circuit open",
            Self::BulkheadFull => "bulkhead full",
            Self::Throttled => "throttled",
            Self::QueueFull => "queue full",
            Self::Expired => "expired",
            Self::Evicted => "evicted",
            Self::Restarting => "restarting",
            Self::Crashed => "crashed",
            Self::TimedOut => "timed out",
            Self::ShuttingDown => "shutting down",
            Self::Stopped => "stopped",
        })
    }
}

impl Rejected {
    /// A rejection by `component`, executed or not as the reason implies, with no time to come back.
    ///
    /// A text is looked up, which takes a lock: who rejects often has a [`Name`].
    #[inline]
    #[must_use]
    pub fn new(reason: Reason, component: impl Into<Name>) -> Self {
        let executed = reason.executed();
        Self {
            reason,
            executed,
            component: component.into(),
            cause: None,
            retry_after: None,
        }
    }

    /// Says when to come back: a client that does so at now + `delay` is let in.
    #[inline]
    #[must_use]
    pub fn with_retry_after(mut self, delay: Duration) -> Self {
        self.retry_after = Some(delay);
        self
    }

    /// Says what had led to the state in which the component turns calls away.
    #[inline]
    #[must_use]
    pub fn with_cause(mut self, cause: Cause) -> Self {
        self.cause = Some(cause);
        self
    }

    /// Says that the service may have begun with the call, whatever the reason implies.
    ///
    /// For a call that was begun, crashed its worker, was queued again and then expired or evicted,
    /// or that a shutdown cut off. There is no way back to `No`.
    #[must_use]
    pub fn maybe_executed(mut self) -> Self {
        self.executed = Executed::Maybe;
        self
    }

    /// Why.
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// The name of the component that turned the call away.
    #[must_use]
    pub fn component(&self) -> Name {
        self.component
    }

    /// What had led to the state in which the component turns calls away, if it tells.
    #[must_use]
    pub fn cause(&self) -> Option<Cause> {
        self.cause
    }

    /// How long to wait before coming back, if the component knows.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Whether the service may have begun with the call.
    #[must_use]
    pub fn executed(&self) -> Executed {
        self.executed
    }

    /// The rejection that `error` is, or has in its chain if it is a [`BoxError`], whichever type it has here.
    ///
    /// The chain of sources of other types is not searched: [`find_in`](Self::find_in) does that.
    #[must_use]
    pub fn find<E: 'static>(error: &E) -> Option<&Self> {
        let error: &dyn Any = error;
        let boxed = || {
            error
                .downcast_ref()
                .and_then(|error: &BoxError| Self::find_in(&**error))
        };
        error.downcast_ref().or_else(boxed)
    }

    /// The first rejection in `error` and its chain of sources.
    ///
    /// Looks into `Box`, `Arc` and [`io::Error`] too, which hide what they carry from the chain, and
    /// no deeper than 64 errors.
    #[must_use]
    pub fn find_in<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Self> {
        std::iter::successors(Some(error), |error| inner(*error))
            .take(DEPTH_MAX)
            .find_map(|error| {
                let boxed = || error.downcast_ref::<Box<Self>>().map(AsRef::as_ref);
                let shared = || error.downcast_ref::<Arc<Self>>().map(AsRef::as_ref);
                error.downcast_ref::<Self>().or_else(boxed).or_else(shared)
            })
    }
}

/// The next error of the chain. Wrappers that pass `source` through would skip what they wrap.
fn inner<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    if let Some(error) = error.downcast_ref::<io::Error>() {
        return error.get_ref().map(|inner| inner as _);
    }
    if let Some(error) = error.downcast_ref::<Arc<dyn Error + Send + Sync>>() {
        return Some(error.as_ref());
    }
    error.source()
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.component, self.reason)?;
        if let Some(cause) = self.cause {
            write!(f, " ({cause})")?;
        }
        match self.retry_after {
            // Up to the next millisecond: whoever goes by the text is not too early.
            Some(delay) => write!(f, ", retry after {:?}", whole_millis(delay)),
            None => Ok(()),
        }
    }
}

fn whole_millis(delay: Duration) -> Duration {
    let beyond = delay.subsec_nanos() % 1_000_000;
    let missing = if beyond == 0 { 0 } else { 1_000_000 - beyond };
    delay.saturating_add(Duration::from_nanos(missing.into()))
}

impl Error for Rejected {}
