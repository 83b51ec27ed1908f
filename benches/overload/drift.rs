//! M6: what has led other limiters astray, one case each (on the server of M1).

use seaworthy_bulkhead::limit::Limit;

use crate::contender::{OURS, Who};
use crate::count::Account;
use crate::gate::Gate;
use crate::judge::{self, Demand};
use crate::load::{Clients, Load};
use crate::model::{self, Model};
use crate::run::{Setup, run};

/// Longer than the deadline of M1, since one of the cases is about calls that take five times as long.
const DEADLINE: f64 = 0.5;

pub(crate) fn demands(seed: u64, quick: bool) -> Vec<Demand> {
    let part = if quick { 3 } else { 1 };
    let setup = |load: f64, seconds: u32| Setup {
        model: Model {
            seconds: seconds / part,
            deadline: DEADLINE,
            ..model::m1()
        },
        load: Load::Constant(load),
        clients: Clients::default(),
        warm: 5,
        seed,
    };
    let mut lucky = setup(1.5, 300);
    lucky.clients.lucky = 0.001;
    let mut slower = setup(0.3, 300);
    slower.model.speeds = vec![(f64::from(60 / part), 0.2)];
    slower.warm = 120 / part;
    let mut incident = setup(10.0, 1800);
    incident.warm = 1500 / part;
    let begun = setup(10.0, 120);
    vec![
        as_good("one call in a thousand takes a hundredth", &lucky),
        as_good("all calls take 5 times as long for ever", &slower),
        as_good("begun under ten times the load", &begun),
        short_tail("begun under ten times the load", &begun),
        as_good("after half an hour of ten times the load", &incident),
        short_tail("after half an hour of ten times the load", &incident),
        from_one(&setup(0.7, 120)),
    ]
}

fn ours(setup: &Setup) -> Account {
    run(setup, OURS.gate(&setup.model))
}

/// Of the best fixed limit's.
fn as_good(what: &'static str, setup: &Setup) -> Demand {
    let model = &setup.model;
    let fixed = model.grid().into_iter();
    let fixed = fixed.map(|limit| run(setup, Who::Fixed(limit).gate(model)).good());
    let share = ours(setup).good() / fixed.fold(1.0, f64::max);
    Demand {
        what: format!("M6, {what}: goodput, of the best fixed limit"),
        demanded: "at least 0.95".to_owned(),
        seen: format!("{share:.3}"),
        met: share >= 0.95,
    }
}

fn short_tail(what: &'static str, setup: &Setup) -> Demand {
    let ratio = ours(setup).times.percentile(99.0) / judge::unloaded(setup);
    Demand {
        what: format!("M6, {what}: p99, of that without load"),
        demanded: "below 3".to_owned(),
        seen: format!("{ratio:.2}"),
        met: ratio < 3.0,
    }
}

fn from_one(setup: &Setup) -> Demand {
    let account = run(setup, Gate::Limit(Limit::adaptive().start_at(1)));
    let seconds = account.recovered(0).map_or(f64::INFINITY, f64::from);
    Demand {
        what: "M6, a limit of 1 at a load of 0.7: seconds until all is well".to_owned(),
        demanded: "at most 10".to_owned(),
        seen: seconds.to_string(),
        met: seconds <= 10.0,
    }
}
