//! A run in a few figures.

use crate::contender::{self, Who};
use crate::count::Account;
use crate::model::Shape;
use crate::run::run;
use crate::scenario::Scenario;

/// How one did in one scenario. Times in seconds.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    pub(crate) who: Who,
    /// Answers in time, as a share of what was asked for or could be answered, whichever is less.
    pub(crate) goodput: f64,
    pub(crate) of_oracle: f64,
    pub(crate) of_fixed: f64,
    pub(crate) rejected: f64,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
    /// Work for nobody, as a share of all.
    pub(crate) wasted: f64,
    pub(crate) converged: Option<u32>,
    pub(crate) recovered: Option<u32>,
    pub(crate) limit: f64,
    pub(crate) limit_varies: f64,
    pub(crate) limit_error: f64,
    pub(crate) overshoot: u32,
    /// Second by second.
    pub(crate) account: Account,
}

/// How all did in one scenario.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) scenario: Scenario,
    pub(crate) rows: Vec<Figures>,
    /// The fixed limit that is best when one knows what comes, and the goodput of all that were tried.
    pub(crate) best_fixed: u32,
    pub(crate) grid: Vec<(u32, f64)>,
}

impl Outcome {
    pub(crate) fn of(&self, who: Who) -> &Figures {
        let row = self.rows.iter().find(|row| row.who == who);
        row.expect("everybody is in every scenario")
    }
}

pub(crate) fn measure(scenario: &Scenario) -> Outcome {
    let setup = &scenario.setup;
    let model = &setup.model;
    let grid: Vec<(u32, f64)> = model
        .grid()
        .into_iter()
        .map(|limit| (limit, run(setup, Who::Fixed(limit).gate(model)).good()))
        .collect();
    let best = grid
        .iter()
        .copied()
        .reduce(|best, next| if next.1 > best.1 { next } else { best });
    let (best_fixed, best_good) = best.unwrap_or((1, 0.0));
    let oracle = run(setup, Who::Oracle.gate(model));
    let rows = contender::ALL.into_iter().map(|who| {
        let account = match who {
            Who::Oracle => oracle.clone(),
            _ => run(setup, who.gate(model)),
        };
        let account = (who, account);
        figures(scenario, account, &oracle, best_good)
    });
    let rows = rows.collect();
    let possible = possible(scenario, &oracle);
    Outcome {
        scenario: scenario.clone(),
        rows,
        best_fixed,
        grid: grid
            .into_iter()
            .map(|(limit, good)| (limit, good / possible))
            .collect(),
    }
}

/// How many answers could be given at most, of what was asked for.
fn possible(scenario: &Scenario, account: &Account) -> f64 {
    let setup = &scenario.setup;
    let seconds = setup.warm..setup.model.seconds;
    let each = seconds.map(|second| {
        let offered = f64::from(account.seconds[second as usize].offered);
        (offered, setup.model.capacity_between(second, second + 1))
    });
    let sum = if scenario.load.is_some() && setup.model.speeds.is_empty() {
        let (offered, capacity) = each.fold((0.0, 0.0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
        f64::min(offered, capacity)
    } else {
        each.map(|(offered, capacity)| offered.min(capacity)).sum()
    };
    sum.max(1.0)
}

fn figures(
    scenario: &Scenario,
    (who, account): (Who, Account),
    oracle: &Account,
    best_fixed: f64,
) -> Figures {
    let model = &scenario.setup.model;
    let good = account.good();
    let (limit, limit_varies) = account.limit();
    let best = f64::from(model.best());
    let knows = who == Who::Oracle && matches!(model.shape, Shape::Slots(_));
    let unlimited = knows || who == Who::Nobody;
    Figures {
        who,
        goodput: good / possible(scenario, &account),
        of_oracle: good / oracle.good().max(1.0),
        of_fixed: good / best_fixed.max(1.0),
        rejected: account.rejected(),
        p50: account.times.percentile(50.0),
        p99: account.times.percentile(99.0),
        p999: account.times.percentile(99.9),
        wasted: account.wasted / account.work.max(1e-9),
        converged: account.converged(oracle),
        // The trigger ends after 25 s.
        recovered: account.recovered(25),
        limit: if unlimited { f64::INFINITY } else { limit },
        limit_varies,
        limit_error: if unlimited {
            f64::INFINITY
        } else {
            (limit - best).abs() / best
        },
        overshoot: account.overshoot,
        account,
    }
}
