//! The recorded traces: what was done to a breaker, and what it did. `docs/conformance/circuit-breaker.md` says what
//! the fields mean.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::time::Duration;

use flate2::read::GzDecoder;
use seaworthy_circuit_breaker::machine::State;
use seaworthy_circuit_breaker::{
    AfterWait, Begins, Config, HalfOpen, JudgedBy, MaxWait, OpenFor, Permits, SlowCalls, Window,
};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub struct Record {
    pub id: String,
    pub config: Settings,
    pub steps: Vec<Step>,
    pub trace: Vec<Entry>,
    /// Where a breaker that knows its calls decides otherwise.
    pub token_differs_at: Option<usize>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Step {
    pub at_ms: u64,
    #[serde(rename = "do")]
    pub what: String,
    pub call: Option<u64>,
    pub took_ms: Option<u64>,
}

#[derive(Debug, Deserialize)]
pub struct Entry {
    pub admitted: Option<bool>,
    pub state: String,
    #[serde(default)]
    pub illegal: bool,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Settings {
    Resilience4j(Resilience4j),
    Gobreaker(Gobreaker),
}

#[derive(Debug, Deserialize)]
pub struct Resilience4j {
    window: TheirWindow,
    minimum_calls: u32,
    failure_rate: f64,
    slow_call: Option<TheirSlowCall>,
    open_ms: u64,
    half_open: TheirHalfOpen,
    #[serde(default)]
    auto_half_open: bool,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum TheirWindow {
    Count { size: u32 },
    Time { seconds: u32 },
}

#[derive(Debug, Deserialize)]
struct TheirSlowCall {
    duration_ms: u64,
    rate: f64,
}

#[derive(Debug, Deserialize)]
struct TheirHalfOpen {
    permitted: u32,
    max_wait_ms: u64,
    after_wait: String,
}

#[derive(Debug, Deserialize)]
pub struct Gobreaker {
    trip: Trip,
    pub interval_ms: u64,
    bucket_ms: u64,
    timeout_ms: u64,
    max_requests: u32,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Trip {
    Consecutive { failures: u32 },
    Ratio { min_requests: u32, rate: f64 },
}

impl Record {
    /// Of a file as it is or compressed.
    pub fn read(path: &Path) -> Vec<Self> {
        let file = File::open(path)
            .unwrap_or_else(|error| panic!("cannot open {}: {error}", path.display()));
        let reader: Box<dyn Read> = if path.extension().is_some_and(|it| it == "gz") {
            Box::new(GzDecoder::new(file))
        } else {
            Box::new(file)
        };
        let lines = BufReader::new(reader)
            .lines()
            .map(|line| line.expect("text"));
        lines
            .filter(|line| !line.trim().is_empty())
            .map(|line| serde_json::from_str(&line).expect("a record"))
            .collect()
    }

    pub fn config(&self) -> Config {
        match &self.config {
            Settings::Resilience4j(theirs) => theirs.ours(),
            Settings::Gobreaker(theirs) => theirs.ours(),
        }
    }

    /// Whether ours has to equal it: see the page on conformance.
    pub fn is_required(&self) -> bool {
        match &self.config {
            Settings::Resilience4j(_) => true,
            Settings::Gobreaker(theirs) => {
                matches!(theirs.trip, Trip::Consecutive { .. }) && theirs.interval_ms == 0
            }
        }
    }

    pub fn is_resilience4j(&self) -> bool {
        matches!(self.config, Settings::Resilience4j(_))
    }
}

impl Resilience4j {
    fn ours(&self) -> Config {
        let mut config = Config::default();
        (config.window, config.minimum_calls) = match self.window {
            TheirWindow::Count { size } => (Window::Calls(size), self.minimum_calls.min(size)),
            TheirWindow::Time { seconds } => {
                let span = Duration::from_secs(seconds.into());
                let buckets = seconds;
                (Window::Time { span, buckets }, self.minimum_calls)
            }
        };
        config.failure_rate = Some(self.failure_rate);
        config.slow_calls = self.slow_call.as_ref().map(|slow| SlowCalls {
            longer_than: Duration::from_millis(slow.duration_ms),
            rate: slow.rate,
        });
        config.consecutive_failures = None;
        config.open = OpenFor::fixed(Duration::from_millis(self.open_ms));
        let half_open = &self.half_open;
        let max_wait = (half_open.max_wait_ms > 0).then(|| MaxWait {
            time: Duration::from_millis(half_open.max_wait_ms),
            then: match half_open.after_wait.as_str() {
                "closed" => AfterWait::Closed,
                _ => AfterWait::Open,
            },
        });
        config.half_open = HalfOpen::default();
        config.half_open.begins = if self.auto_half_open {
            Begins::Timer
        } else {
            Begins::OnCall
        };
        config.half_open.permits = Permits::InTotal(half_open.permitted);
        config.half_open.judged_by = JudgedBy::Rates(half_open.permitted);
        config.half_open.lease = None;
        config.half_open.max_wait = max_wait;
        config
    }
}

impl Gobreaker {
    fn ours(&self) -> Config {
        let mut config = Config::default();
        (config.consecutive_failures, config.failure_rate) = (None, None);
        match self.trip {
            Trip::Consecutive { failures } => config.consecutive_failures = Some(failures),
            Trip::Ratio { min_requests, rate } => {
                config.failure_rate = Some(rate);
                config.minimum_calls = min_requests.max(1);
            }
        }
        // The nearest thing to their intervals.
        config.window = match (self.interval_ms, self.bucket_ms) {
            (0, _) => Window::Calls(1_000_000),
            (interval, 0) => Window::Time {
                span: Duration::from_millis(interval),
                buckets: 1,
            },
            (interval, bucket) => {
                let buckets = interval.div_ceil(bucket);
                Window::Time {
                    span: Duration::from_millis(buckets * bucket),
                    buckets: u32::try_from(buckets).expect("few"),
                }
            }
        };
        config.open = OpenFor::fixed(Duration::from_millis(self.timeout_ms));
        config.half_open.begins = Begins::OnLook;
        config.half_open.permits = Permits::InTotal(self.max_requests);
        config.half_open.judged_by = JudgedBy::Successes(self.max_requests);
        config.half_open.lease = None;
        config
    }
}

pub fn state(name: &str) -> State {
    match name {
        "closed" => State::Closed,
        "open" => State::Open,
        "half_open" => State::HalfOpen,
        "forced_open" => State::ForcedOpen,
        "disabled" => State::Disabled,
        "metrics_only" => State::MetricsOnly,
        other => panic!("an unknown state: {other}"),
    }
}
