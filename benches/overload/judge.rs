//! What has to hold.

use crate::contender::{OURS, Who};
use crate::figures::{Figures, Outcome};
use crate::load::{Clients, Load};
use crate::model::Model;
use crate::run::{Setup, run};
use crate::scenario::{Kind, Scenario};

/// One demand, and whether it is met.
#[derive(Clone, Debug)]
pub(crate) struct Demand {
    pub(crate) what: String,
    pub(crate) demanded: String,
    /// The worst that was seen, and where.
    pub(crate) seen: String,
    pub(crate) met: bool,
}

/// The worst of some figures.
struct Worst {
    value: f64,
    place: String,
}

fn worst(
    outcomes: &[Outcome],
    which: impl Fn(&Scenario) -> bool,
    value: impl Fn(&Outcome, &Figures) -> f64,
) -> Worst {
    let judged = outcomes.iter().filter(|outcome| which(&outcome.scenario));
    let values = judged.map(|outcome| Worst {
        value: value(outcome, outcome.of(OURS)),
        place: format!("{} at {}", outcome.scenario.model, outcome.scenario.case),
    });
    let worst = values.reduce(|a, b| if b.value > a.value { b } else { a });
    worst.unwrap_or(Worst {
        value: 0.0,
        place: "nowhere".to_owned(),
    })
}

fn is_plain(scenario: &Scenario) -> bool {
    scenario.load.is_some() && ["M1", "M2", "M3"].contains(&scenario.model)
}

pub(crate) fn demands(outcomes: &[Outcome]) -> Vec<Demand> {
    let goodput = worst(outcomes, is_plain, |_, row| -row.of_fixed);
    let gate = |what: &str, demanded: &str, seen: String, met| Demand {
        what: what.to_owned(),
        demanded: demanded.to_owned(),
        seen,
        met,
    };
    let overshoot = outcomes.iter().flat_map(|it| &it.rows);
    let overshoot = overshoot.map(|row| row.overshoot).max().unwrap_or(0);
    let tail = worst(
        outcomes,
        |it| is_plain(it) && it.load == Some(10.0),
        |it, row| row.p99 / unloaded(&it.scenario.setup),
    );
    let rejected = worst(
        outcomes,
        |it| is_plain(it) && it.load.is_some_and(|load| load <= 0.7),
        |_, row| row.rejected,
    );
    let metastable = worst(
        outcomes,
        |it| it.kind == Kind::Retries,
        |_, row| row.recovered.map_or(f64::INFINITY, f64::from),
    );
    let mut gates = vec![
        gate(
            "goodput, of the best fixed limit, M1 to M3",
            "at least 0.95",
            format!("{:.3}, {}", -goodput.value, goodput.place),
            -goodput.value >= 0.95,
        ),
        gate(
            "requests above a limit",
            "0",
            overshoot.to_string(),
            overshoot == 0,
        ),
        gate(
            "p99 at 10, of that without load, M1 to M3",
            "below 3",
            format!("{:.2}, {}", tail.value, tail.place),
            tail.value < 3.0,
        ),
        gate(
            "turned away at 0.7 and below, M1 to M3",
            "below 0.1 %",
            format!("{:.3} %, {}", rejected.value * 100.0, rejected.place),
            rejected.value < 0.001,
        ),
        gate(
            "seconds until all is well after a trigger, with retries",
            "at most 10",
            format!("{}, {}", metastable.value, metastable.place),
            metastable.value <= 10.0,
        ),
    ];
    if outcomes.iter().any(|it| it.scenario.model == "M4") {
        gates.push(on_m4(outcomes));
    }
    gates.retain(|gate| !gate.seen.contains("nowhere"));
    gates
}

/// A fixed limit is set once, without knowing what load is to come: one for all loads.
fn on_m4(outcomes: &[Outcome]) -> Demand {
    let on_m4: Vec<_> = outcomes
        .iter()
        .filter(|it| it.scenario.model == "M4")
        .collect();
    let count = on_m4.len().max(1) as f64;
    let ours = on_m4.iter().map(|it| it.of(OURS).goodput).sum::<f64>() / count;
    let limits = on_m4.first().map_or(&[][..], |it| &it.grid);
    let fixed = limits.iter().enumerate().map(|(nth, (limit, _))| {
        let sum = on_m4.iter().map(|it| it.grid[nth].1).sum::<f64>();
        (*limit, sum / count)
    });
    let best = fixed.reduce(|a, b| if b.1 > a.1 { b } else { a });
    let (limit, best) = best.unwrap_or_default();
    Demand {
        what: "goodput, mean over all loads, M4".to_owned(),
        demanded: format!("above {best:.3}, of the best fixed limit ({limit})"),
        seen: format!("{ours:.3}"),
        met: ours > best,
    }
}

/// The 99th percentile while there is hardly any load.
pub(crate) fn unloaded(of: &Setup) -> f64 {
    let setup = Setup {
        load: Load::Constant(0.1),
        clients: Clients::default(),
        model: Model {
            speeds: Vec::new(),
            ..of.model.clone()
        },
        ..of.clone()
    };
    let account = run(&setup, Who::Nobody.gate(&setup.model));
    account.times.percentile(99.0)
}
