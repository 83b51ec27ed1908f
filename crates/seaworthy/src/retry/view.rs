//! How retries are.

use seaworthy_core::component::{Snapshot, Status};

use super::given_up::GivenUp;

/// How a [`Retry`](super::Retry) is at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct RetryView {
    /// How often a call is tried at most; 1 if it is off.
    pub attempts: u32,
    /// Retries there may be now; `None`: any number.
    pub budget: Option<f64>,
    /// Retries that ever were made.
    pub retries: u64,
    /// Calls that ever got an answer after a retry.
    pub recovered: u64,
    pub(crate) given_up: [u64; GivenUp::ALL.len()],
}

impl RetryView {
    /// Calls without an answer that were ever given up for this.
    #[must_use]
    pub fn given_up(&self, reason: GivenUp) -> u64 {
        self.given_up[reason as usize]
    }
}

pub(crate) fn snapshot(name: &str, view: &RetryView) -> Snapshot {
    let (state, status) = match view {
        RetryView { attempts: 1, .. } => ("off", Status::Healthy),
        RetryView {
            budget: Some(tokens),
            ..
        } if *tokens < 1.0 => ("budget spent", Status::Degraded),
        _ => ("on", Status::Healthy),
    };
    let snapshot = Snapshot::new("retry", name, state)
        .status(status)
        .field("attempts", u64::from(view.attempts));
    let snapshot = match view.budget {
        Some(tokens) => snapshot.field("budget", tokens),
        None => snapshot,
    };
    snapshot
        .field("retries", view.retries)
        .field("recovered", view.recovered)
        .field("given_up", view.given_up.iter().sum::<u64>())
}
