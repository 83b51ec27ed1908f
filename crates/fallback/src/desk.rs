//! What all strategies of a fallback share, whatever their types: who counts, and who is told.

use std::sync::Arc;

use seaworthy_core::clock;
use seaworthy_core::component::{Component, Snapshot, Status};
use seaworthy_core::event::{Events, Severity};
use seaworthy_core::name;
use seaworthy_core::news::News;
use seaworthy_core::shard::Count;
use seaworthy_core::sync::atomic::{AtomicBool, Ordering};

use crate::config::Config;
use crate::event::FallbackEvent;
use crate::metrics::{Metrics, StrategyMetrics};
use crate::miss::Miss;
use crate::places::Places;

/// Where the strategies of a fallback report.
#[derive(Debug)]
pub struct Desk {
    name: name::Kept,
    enabled: AtomicBool,
    places: Places,
    strategies: Box<[Strategy]>,
    unanswered: Count,
    metrics: Metrics,
    events: Events,
}

#[derive(Debug)]
struct Strategy {
    name: Arc<str>,
    answers: Count,
    answered: News,
    logged: News,
    metrics: StrategyMetrics,
}

impl Desk {
    /// With a configuration that was checked.
    pub(crate) fn new(
        name: Arc<str>,
        config: &Config,
        strategies: &[Arc<str>],
        events: Events,
    ) -> Self {
        let strategy = |source: &Arc<str>| Strategy {
            name: Arc::clone(source),
            answers: Count::new(),
            answered: News::default(),
            logged: News::default(),
            metrics: StrategyMetrics::new(&name, source),
        };
        Self {
            enabled: AtomicBool::new(config.enabled),
            places: Places::new(config.max_concurrent),
            strategies: strategies.iter().map(strategy).collect(),
            unanswered: Count::new(),
            metrics: Metrics::new(&name),
            events,
            name: name::Kept::new(name),
        }
    }

    pub(crate) fn name(&self) -> &name::Kept {
        &self.name
    }

    pub(crate) fn events(&self) -> &Events {
        &self.events
    }

    pub(crate) fn places(&self) -> &Places {
        &self.places
    }

    #[inline]
    pub(crate) fn is_enabled(&self) -> bool {
        self.enabled.load(Ordering::Relaxed)
    }

    pub(crate) fn config(&self) -> Config {
        Config {
            enabled: self.is_enabled(),
            max_concurrent: self.places.limit(),
        }
    }

    /// Goes by this from now on, which was checked.
    pub(crate) fn reconfigure(&self, config: &Config) {
        self.places.set_limit(config.max_concurrent);
        let enabled = config.enabled;
        if self.enabled.swap(enabled, Ordering::Relaxed) != enabled {
            self.emit(Severity::Info, FallbackEvent::Switched { enabled });
        }
    }

    /// The service has answered by itself.
    #[inline]
    pub(crate) fn primary(&self) {
        self.metrics.primary();
    }

    /// A strategy has answered, or missed.
    pub(crate) fn tell(&self, number: usize, miss: Option<&Miss>) {
        let strategy = &self.strategies[number];
        match miss {
            None => {
                strategy.answers.increment();
                strategy.metrics.answered();
                if strategy.answered.happens() {
                    let strategy = Arc::clone(&strategy.name);
                    self.emit(Severity::Warning, FallbackEvent::Answers { strategy });
                }
            }
            Some(miss) => {
                strategy.metrics.missed(miss);
                if !matches!(miss, Miss::Nothing) {
                    self.missed(strategy, miss);
                }
            }
        }
    }

    /// All of them are told to whoever listens; the log is not to be flooded.
    #[cold]
    fn missed(&self, strategy: &Strategy, miss: &Miss) {
        let news = cfg!(feature = "tracing") && strategy.logged.happens();
        if !news && !self.events.is_watched() {
            return;
        }
        // The error is of the user's, and so is what it says.
        let why = seaworthy_core::panic::catch(|| miss.to_string());
        let event = FallbackEvent::Missed {
            strategy: Arc::clone(&strategy.name),
            why: why.unwrap_or_else(|_| "an error that panics when it is shown".to_owned()),
        };
        if news {
            log(self.name.text(), &event);
        }
        self.events.emit(self.name.text(), Severity::Warning, event);
    }

    /// Nobody had an answer.
    #[cold]
    pub(crate) fn unanswered(&self) {
        self.unanswered.increment();
        self.metrics.unanswered();
    }

    fn emit(&self, severity: Severity, event: FallbackEvent) {
        log(self.name.text(), &event);
        self.events.emit(self.name.text(), severity, event);
    }

    pub(crate) fn view(&self) -> View {
        View {
            answers: self.strategies.iter().map(|it| it.answers.get()).sum(),
            unanswered: self.unanswered.get(),
            under_way: self.places.taken(),
        }
    }
}

/// What a fallback has done so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct View {
    /// Calls that were answered by somebody else than the service.
    pub answers: u64,
    /// Calls that failed although all strategies were asked.
    pub unanswered: u64,
    /// Backups and async functions under way.
    pub under_way: u32,
}

impl Component for Desk {
    fn snapshot(&self) -> Snapshot {
        let View {
            answers,
            unanswered,
            under_way,
        } = self.view();
        let now = clock::coarse();
        let mut strategies = self.strategies.iter();
        let degraded = strategies.any(|it| !it.answered.was_quiet(now));
        let (state, status) = match (self.is_enabled(), degraded) {
            (false, _) => ("off", Status::Healthy),
            (true, false) => ("standing by", Status::Healthy),
            (true, true) => ("answers", Status::Degraded),
        };
        let whole = Snapshot::new("fallback", &**self.name.text(), state)
            .status(status)
            .field("answers", answers)
            .field("unanswered", unanswered)
            .field("under_way", u64::from(under_way));
        self.strategies.iter().fold(whole, |whole, strategy| {
            let state = if strategy.answered.was_quiet(now) {
                "standing by"
            } else {
                "answers"
            };
            let part = Snapshot::new("strategy", &*strategy.name, state);
            whole.child(part.field("answers", strategy.answers.get()))
        })
    }
}

#[cfg(feature = "tracing")]
fn log(fallback: &str, event: &FallbackEvent) {
    // A subscriber that panics harms nobody else.
    let _ = seaworthy_core::panic::catch(|| match event {
        FallbackEvent::Switched { .. } => tracing::info!(%fallback, "fallback {event}"),
        _ => tracing::warn!(%fallback, "fallback: {event}"),
    });
}

#[cfg(not(feature = "tracing"))]
fn log(_fallback: &str, _event: &FallbackEvent) {}
