//! What the demo promises, each promise checked against the figures.

use serde::Serialize;

use crate::figures::Figures;

/// Nobody may be turned away for so long.
const LONGEST_OUTAGE_MS: f64 = 1000.0;

/// The promises that were not kept.
#[derive(Debug, Serialize)]
pub(crate) struct Verdict {
    pub(crate) passed: bool,
    pub(crate) broken: Vec<String>,
}

impl Verdict {
    pub(crate) fn on(supervised: &Figures, naked: &Figures) -> Self {
        let lost = supervised.orders.lost;
        let (ours, theirs) = (supervised.availability * 100.0, naked.availability * 100.0);
        let outage = supervised.longest_outage_ms;
        let promises = [
            (
                lost == 0,
                format!("the supervised shop lost {lost} confirmed orders"),
            ),
            (
                supervised.up_at_end,
                "the supervised shop was not up at the end".to_owned(),
            ),
            (
                ours > theirs,
                format!("the supervised shop was up {ours:.2} %, the naked {theirs:.2} %"),
            ),
            (
                outage < LONGEST_OUTAGE_MS,
                format!("the supervised shop was out for {outage:.0} ms"),
            ),
        ];
        let broken: Vec<String> = promises
            .into_iter()
            .filter(|(kept, _)| !kept)
            .map(|(_, broken)| broken)
            .collect();
        Self {
            passed: broken.is_empty(),
            broken,
        }
    }
}
