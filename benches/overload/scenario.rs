//! What everybody is put through.

use crate::load::{Clients, Load};
use crate::model::{self, Model};
use crate::run::Setup;

/// One case.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) model: &'static str,
    pub(crate) case: String,
    /// The load, where it is constant.
    pub(crate) load: Option<f64>,
    pub(crate) setup: Setup,
    pub(crate) kind: Kind,
}

/// What the case is about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// A load that stays.
    Constant,
    /// A load that changes.
    Changing,
    /// Clients who try again, and a trigger: does it end when the trigger does?
    Retries,
    /// Clients who give up.
    Impatient,
}

const LOADS: [f64; 9] = [0.5, 0.7, 0.9, 1.0, 1.2, 1.5, 2.0, 5.0, 10.0];
const QUICK_LOADS: [f64; 4] = [0.7, 1.0, 1.5, 10.0];

/// How much a quick run is shorter.
const QUICK: f64 = 0.2;

impl Model {
    pub(crate) fn shorter(mut self, part: f64) -> Self {
        self.seconds = (f64::from(self.seconds) * part) as u32;
        for (from, _) in &mut self.speeds {
            *from *= part;
        }
        self
    }
}

pub(crate) fn all(seed: u64, quick: bool) -> Vec<Scenario> {
    let mut all = Vec::new();
    let models = [
        model::m1(),
        model::m2(),
        model::m3(),
        model::m4(),
        model::m5a(),
        model::m5b(),
    ];
    for model in models {
        // What takes long to simulate is short as it is.
        let part = if model.seconds > 20 { QUICK } else { 0.6 };
        let model = model.shorter(if quick { part } else { 1.0 });
        let loads: &[f64] = if quick { &QUICK_LOADS } else { &LOADS };
        for load in loads {
            all.push(scenario(
                &model,
                Kind::Constant,
                Load::Constant(*load),
                seed,
            ));
        }
        if model.name.starts_with("M5") || model.name == "M4" {
            continue;
        }
        all.extend(special(&model, seed, quick));
    }
    all
}

fn special(model: &Model, seed: u64, quick: bool) -> Vec<Scenario> {
    let minute = Model {
        seconds: model.seconds.max(36),
        ..model.clone()
    };
    let mut all = vec![
        scenario(&minute, Kind::Retries, Load::Trigger(0.7), seed),
        scenario(&minute, Kind::Impatient, Load::Constant(1.5), seed),
    ];
    // A thousand places for minutes would take minutes.
    if !quick && model.best() < 100 {
        all.push(scenario(&minute, Kind::Changing, Load::Bursts(0.7), seed));
        all.push(scenario(
            &minute,
            Kind::Changing,
            Load::Ramp(0.5, 10.0),
            seed,
        ));
    }
    all
}

fn scenario(model: &Model, kind: Kind, load: Load, seed: u64) -> Scenario {
    let mut clients = Clients::default();
    let case = match (kind, load) {
        (Kind::Retries, _) => {
            clients.retries = 2;
            "0.7, 3 tries".to_owned()
        }
        (Kind::Impatient, _) => {
            clients.impatient = 0.3;
            "1.5, 30 % leave".to_owned()
        }
        (_, Load::Constant(load)) => format!("{load}"),
        (_, Load::Bursts(load)) => format!("{load}, bursts of 10"),
        (_, Load::Ramp(low, high)) => format!("ramp {low} {high} {low}"),
        (_, Load::Trigger(load)) => format!("{load}, trigger"),
    };
    let constant = match load {
        Load::Constant(load) if kind == Kind::Constant => Some(load),
        _ => None,
    };
    let warm = if kind == Kind::Constant && model.name != "M4" {
        (model.seconds / 5).clamp(5, 20)
    } else {
        5
    };
    Scenario {
        model: model.name,
        case,
        load: constant,
        setup: Setup {
            model: model.clone(),
            load,
            clients,
            warm,
            seed,
        },
        kind,
    }
}
