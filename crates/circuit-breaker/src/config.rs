//! When a breaker opens, for how long, and how it closes again: plain data, checked in one place.

mod check;

use std::time::Duration;

use seaworthy_core::backoff::Jitter;

pub(crate) use check::TIME_MAX;

/// When a breaker opens, for how long, and how it closes again.
///
/// Plain data, with sensible defaults; a field of a nested part is set on the part. What does not fit together
/// is refused when a breaker is made of it, with the name of the field, its value and what is allowed.
///
/// ```
/// use std::time::Duration;
/// use seaworthy_circuit_breaker::{CircuitBreaker, Config, SlowCalls};
///
/// let mut config = Config::default();
/// config.failure_rate = Some(0.25);
/// config.slow_calls = Some(SlowCalls { longer_than: Duration::from_secs(2), rate: 0.8 });
/// let payments = CircuitBreaker::with_config("payments", config)?;
/// # Ok::<(), seaworthy_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct Config {
    /// Which calls count for the two rates.
    pub window: Window,
    /// With fewer calls in the window, the rates say nothing. At least 1, and no more than a window of calls holds.
    /// Default: 20.
    pub minimum_calls: u32,
    /// Opens when at least this share of the calls in the window has failed: above 0, at most 1. `None`: off. Default:
    /// 0.5.
    #[cfg_attr(feature = "serde", serde(with = "seaworthy_core::off"))]
    pub failure_rate: Option<f64>,
    /// Opens when too many calls in the window were slow. `None`, which is the default: no call is slow.
    #[cfg_attr(feature = "serde", serde(with = "seaworthy_core::off"))]
    pub slow_calls: Option<SlowCalls>,
    /// Opens after so many failures without a success in between, at least 1, whatever the window says. `None`: off.
    /// Default: 5.
    #[cfg_attr(feature = "serde", serde(with = "seaworthy_core::off"))]
    pub consecutive_failures: Option<u32>,
    /// How long it is open.
    pub open: OpenFor,
    /// How it is tried whether the service is back.
    pub half_open: HalfOpen,
    /// For so long after it has closed, only a share of the calls is let through, which grows from a tenth to all.
    /// At most a year. `None`, which is the default: not at all.
    #[cfg_attr(feature = "serde", serde(with = "seaworthy_core::off::duration"))]
    pub ramp_up: Option<Duration>,
    /// How it begins.
    pub initial: Initial,
    /// How a call counts that is dropped before it has ended.
    pub cancelled: Cancelled,
    /// How a call counts that panics.
    pub panicked: Panicked,
    /// How a call counts that met overload: [`Verdict::Overload`](seaworthy_core::Verdict::Overload).
    pub overload: Overload,
}

/// Which calls count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
pub enum Window {
    /// Those that ended within the last `span`, give or take the length of a bucket. Default: 10 s in 10 buckets.
    ///
    /// Memory depends on the number of buckets, not on that of calls.
    Time {
        /// From 1 ms to a day.
        #[cfg_attr(feature = "serde", serde(with = "seaworthy_core::duration"))]
        span: Duration,
        /// From 1 to 1000; the span has to be a multiple of it, in milliseconds.
        buckets: u32,
    },
    /// The last so many, from 1 to a million; a quarter of a byte each.
    Calls(u32),
}

/// When calls are slow, and when there are too many of them.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct SlowCalls {
    /// A call that takes longer is slow, whether it succeeds or fails.
    #[cfg_attr(feature = "serde", serde(with = "seaworthy_core::duration"))]
    pub longer_than: Duration,
    /// Opens when this share of the calls in the window was slow: above 0, at most 1.
    pub rate: f64,
}

/// How long a breaker is open: longer each time it opens again without having been well for the length of its
/// window, and a little shorter by chance, so that those who failed together do not return together.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct OpenFor {
    /// The first time: above 0, at most a year. Default: 5 s.
    #[cfg_attr(feature = "serde", serde(with = "seaworthy_core::duration"))]
    pub first: Duration,
    /// At most, and no less than the first time. Default: 60 s.
    #[cfg_attr(feature = "serde", serde(with = "seaworthy_core::duration"))]
    pub at_most: Duration,
    /// By how much it grows: at least 1. Default: 2.
    pub factor: f64,
    /// How much of it is up to chance. Default: [`Jitter::Equal`], half of it.
    pub jitter: Jitter,
}

/// How it is tried whether a service is back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct HalfOpen {
    /// Who ends the time for which it is open.
    pub begins: Begins,
    /// How many calls are let through. Default: 3 at a time.
    pub permits: Permits,
    /// What decides. Default: 3 successes in a row.
    pub judged_by: JudgedBy,
    /// A probe that has not come back after this time has failed; its place is free again, and what it comes back
    /// with later says nothing. Longer than a call may take, and at most a year. `None`: it may take any time. Default:
    /// 10 s.
    #[cfg_attr(feature = "serde", serde(with = "seaworthy_core::off::duration"))]
    pub lease: Option<Duration>,
    /// The most time it may be half open. `None`, which is the default: any.
    #[cfg_attr(feature = "serde", serde(with = "seaworthy_core::off"))]
    pub max_wait: Option<MaxWait>,
}

/// Who ends the time for which a breaker is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Begins {
    /// The first call after it. Until then it is shown as open.
    OnCall,
    /// Whoever looks after it: a call, a snapshot, a dashboard.
    #[default]
    OnLook,
    /// The time itself, whether anybody looks or not. While a tokio runtime is there when it opens, a task of that
    /// runtime tells about it when it is due.
    Timer,
}

/// How many calls are let through while half open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Permits {
    /// So many at a time, from 1 to 100,000.
    AtOnce(u32),
    /// So many in all, from 1 to 100,000. One that is given back unused, is overdue, or whose outcome is ignored, does
    /// not count.
    InTotal(u32),
}

/// What decides whether a half-open breaker closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum JudgedBy {
    /// So many successes in a row close it, from 1 up to what [`Permits::InTotal`] lets through; the first failure
    /// opens it again, and so does a slow call.
    Successes(u32),
    /// The rates over so many calls, from 1 up to what [`Permits::InTotal`] lets through, or over the minimum of calls if that is less: the thresholds are those of
    /// the closed breaker.
    Rates(u32),
}

/// The most time a breaker may be half open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct MaxWait {
    /// How long.
    #[cfg_attr(feature = "serde", serde(with = "seaworthy_core::duration"))]
    pub time: Duration,
    /// What it is afterwards.
    pub then: AfterWait,
}

/// The state after the maximum wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum AfterWait {
    /// Open again.
    #[default]
    Open,
    /// Closed, for services that are called so seldom that the trial would never end.
    Closed,
}

/// How a breaker begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Initial {
    /// Closed.
    #[default]
    Closed,
    /// Open, as if it had just opened: the first calls are probes.
    Open,
    /// Open until somebody says otherwise.
    ForcedOpen,
    /// It lets everything through and counts nothing.
    Disabled,
    /// It lets everything through, counts, and tells when it would have opened.
    MetricsOnly,
}

/// How a call counts that is dropped before it has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Cancelled {
    /// A slow failure, if it had already run longer than the slow threshold; nothing otherwise.
    #[default]
    SlowIsFailure,
    /// A failure.
    Failure,
    /// Nothing.
    Ignored,
}

/// How a call counts that panics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Panicked {
    /// A failure.
    #[default]
    Failure,
    /// Nothing.
    Ignored,
}

/// How a call counts that met overload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Overload {
    /// A failure: a breaker takes load off a service as well.
    #[default]
    Failure,
    /// Nothing, except that a probe that meets it has failed.
    FailsProbes,
    /// Nothing.
    Ignored,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            window: Window::default(),
            minimum_calls: 20,
            failure_rate: Some(0.5),
            slow_calls: None,
            consecutive_failures: Some(5),
            open: OpenFor::default(),
            half_open: HalfOpen::default(),
            ramp_up: None,
            initial: Initial::default(),
            cancelled: Cancelled::default(),
            panicked: Panicked::default(),
            overload: Overload::default(),
        }
    }
}

impl Default for Window {
    fn default() -> Self {
        Self::Time {
            span: Duration::from_secs(10),
            buckets: 10,
        }
    }
}

impl Default for OpenFor {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(5),
            at_most: Duration::from_secs(60),
            factor: 2.0,
            jitter: Jitter::Equal,
        }
    }
}

impl OpenFor {
    /// The same time each time.
    #[must_use]
    pub fn fixed(time: Duration) -> Self {
        Self {
            first: time,
            at_most: time,
            factor: 1.0,
            jitter: Jitter::None,
        }
    }
}

impl Default for HalfOpen {
    fn default() -> Self {
        Self {
            begins: Begins::default(),
            permits: Permits::AtOnce(3),
            judged_by: JudgedBy::Successes(3),
            lease: Some(Duration::from_secs(10)),
            max_wait: None,
        }
    }
}
