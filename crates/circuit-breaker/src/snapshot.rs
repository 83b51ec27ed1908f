//! How a breaker is, as plain data.

use seaworthy_core::Cause;
use seaworthy_core::component::{Snapshot, Status};

use crate::machine::{State, View};
use crate::shared::Shared;

pub(crate) fn of(shared: &Shared) -> Snapshot {
    let View {
        state,
        calls,
        failures,
        slow,
        consecutive_failures,
        probes,
        cause,
        ..
    } = shared.view();
    // An open breaker protects what is behind it and itself; it does not make the program unhealthy.
    let status = match state {
        State::Closed | State::Disabled | State::MetricsOnly => Status::Healthy,
        _ => Status::Degraded,
    };
    let mut snapshot = Snapshot::new("breaker", &**shared.name(), state.name())
        .status(status)
        .field("calls", u64::from(calls))
        .field("failures", u64::from(failures))
        .field("slow", u64::from(slow))
        .field("consecutive_failures", u64::from(consecutive_failures))
        .field("rejected", shared.rejections())
        .field("opened", shared.openings());
    if state == State::HalfOpen {
        snapshot = snapshot.field("probes", probes as u64);
    }
    let cause = match state {
        // Whatever it had opened for before.
        State::ForcedOpen => Some(Cause::Forced),
        _ => cause,
    };
    match cause {
        Some(cause) if status == Status::Degraded => snapshot.field("cause", cause.to_string()),
        _ => snapshot,
    }
}
