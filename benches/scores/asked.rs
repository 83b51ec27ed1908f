//! What a trace asks of a breaker, in the words of our configuration.

use seaworthy_circuit_breaker::{Begins, Config, JudgedBy, Window};

use crate::format::{Record, Settings};

/// The rule that opens it, apart from that of slow calls.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rule {
    /// So many failures in a row.
    Consecutive(u32),
    /// This share of failures.
    Rate(f64),
}

/// What only some breakers have.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) config: Config,
    pub(crate) rule: Rule,
    /// The end of half open: after so many calls, by their rates or by the first failure.
    pub(crate) probes: u32,
    pub(crate) by_rates: bool,
}

impl Asked {
    pub(crate) fn of(record: &Record) -> Self {
        let config = record.config();
        let rule = match (config.consecutive_failures, config.failure_rate) {
            (Some(failures), _) => Rule::Consecutive(failures),
            (None, rate) => Rule::Rate(rate.unwrap_or(1.0)),
        };
        let (probes, by_rates) = match config.half_open.judged_by {
            JudgedBy::Rates(calls) => (calls, true),
            JudgedBy::Successes(calls) => (calls, false),
        };
        Self {
            config,
            rule,
            probes,
            by_rates,
        }
    }

    /// What no peer has: an end of half open by time, half open without a call, and failures in a row that are forgotten
    /// after a time.
    pub(crate) fn is_beyond_all(&self, record: &Record) -> bool {
        let half_open = &self.config.half_open;
        let interval = match &record.config {
            Settings::Resilience4j(_) => false,
            Settings::Gobreaker(theirs) => theirs.interval_ms > 0,
        };
        let forgets = interval && matches!(self.rule, Rule::Consecutive(_));
        half_open.max_wait.is_some() || half_open.begins == Begins::Timer || forgets
    }

    pub(crate) fn slides_over_time(&self) -> bool {
        matches!(self.config.window, Window::Time { .. })
    }
}

/// Whether all its orders are among these.
pub(crate) fn orders_are_among(record: &Record, known: &[&str]) -> bool {
    let mut orders = record.steps.iter().filter(|step| step.call.is_none());
    orders.all(|step| step.what == "state" || known.contains(&step.what.as_str()))
}
