//! Every figure, one JSON line for each contender in each case.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::figures::{Figures, Outcome};
use crate::judge::Demand;

pub(crate) fn lines(seed: u64, outcomes: &[Outcome], demands: &[Demand]) -> String {
    let mut text = String::new();
    let mut line = |value: Value| {
        // A String takes everything that is written to it.
        let _ = writeln!(text, "{value}");
    };
    for outcome in outcomes {
        for row in &outcome.rows {
            line(of_row(seed, outcome, row));
        }
        let scenario = &outcome.scenario;
        line(json!({
            "seed": seed, "model": scenario.model, "case": scenario.case,
            "who": "best fixed", "limit": outcome.best_fixed, "tried": outcome.grid,
        }));
    }
    for demand in demands {
        line(json!({
            "demand": demand.what, "demanded": demand.demanded,
            "seen": demand.seen, "met": demand.met,
        }));
    }
    text
}

/// What is infinite is `null`: there is no limit.
fn of_row(seed: u64, outcome: &Outcome, row: &Figures) -> Value {
    let scenario = &outcome.scenario;
    json!({
        "seed": seed, "model": scenario.model, "case": scenario.case, "load": scenario.load,
        "who": row.who.name(), "goodput": row.goodput,
        "of_oracle": row.of_oracle, "of_best_fixed": row.of_fixed, "rejected": row.rejected,
        "p50_ms": row.p50 * 1e3, "p99_ms": row.p99 * 1e3, "p999_ms": row.p999 * 1e3,
        "wasted": row.wasted, "limit": row.limit, "limit_varies": row.limit_varies,
        "limit_error": row.limit_error, "overshoot": row.overshoot,
        "converged_s": row.converged, "recovered_s": row.recovered,
    })
}
