//! Layers, in the place of the algorithms that they have inside: do they decide as these do alone?
//!
//! The same requests come at the same moments, and the same server answers them. But who decides is a service behind a layer,
//! on a runtime of tokio, and it has only what the clock says, and its own count of those inside. The clock is paused and put
//! forward from one event to the next: to the nanosecond, so nothing has to be scaled to the milliseconds of timers.

mod door;

use std::sync::Arc;

use seaworthy_benches::Failure;
use seaworthy_bulkhead::Bulkhead;
use seaworthy_core::component::Registry;
use seaworthy_core::{BoxError, Verdict};
use tower_layer::Layer;

use crate::contender::Who;
use crate::gate::{Door, Gate};
use crate::judge::Demand;
use crate::model::Model;
use crate::run::decisions;
use crate::scenario::{self, Scenario};
use crate::table::aligned;
use door::{Inside, LayerDoor, paused};

/// About so many requests are enough of one case, and of a quick run.
const REQUESTS: f64 = 100_000.0;
const REQUESTS_QUICK: f64 = 20_000.0;

/// Who is behind a layer.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Behind {
    Ours(Who),
    #[cfg(feature = "peers")]
    Tower,
}

const ALL: &[Behind] = &[
    Behind::Ours(Who::Best),
    Behind::Ours(Who::Aimd),
    Behind::Ours(Who::Vegas),
    Behind::Ours(Who::Gradient),
    #[cfg(feature = "peers")]
    Behind::Tower,
];

/// How one did behind its layer, in all scenarios of a model.
#[derive(Clone, Debug)]
struct Compared {
    model: &'static str,
    behind: Behind,
    tries: usize,
    let_in: usize,
    /// Where it decided otherwise than without the layer, and where first.
    unlike: usize,
    first: Option<String>,
    overshoot: u32,
}

impl Behind {
    /// Who decides as it should.
    fn who(self) -> Who {
        match self {
            Self::Ours(who) => who,
            #[cfg(feature = "peers")]
            Self::Tower => Who::Best,
        }
    }

    fn name(self) -> String {
        match self {
            Self::Ours(who) => format!("bulkhead, {}", who.name()),
            #[cfg(feature = "peers")]
            Self::Tower => "tower, N*".to_owned(),
        }
    }

    fn door(self, model: &Model) -> Result<Box<dyn Door>, Failure> {
        match self {
            Self::Ours(who) => ours(who, model),
            #[cfg(feature = "peers")]
            Self::Tower => tower(model),
        }
    }
}

fn ours(who: Who, model: &Model) -> Result<Box<dyn Door>, Failure> {
    let runtime = paused()?;
    // By the clock of the runtime.
    let guard = runtime.enter();
    let limit = who.limit(model).ok_or("it has no limit")?;
    let bulkhead = Bulkhead::builder("server")
        .limit(limit)
        .registry(&Registry::new())
        .build()
        .map_err(|error| error.to_string())?;
    drop(guard);
    let layer = bulkhead
        .layer()
        .classify(|outcome: Result<&Verdict, &BoxError>| {
            outcome.copied().unwrap_or(Verdict::Overload)
        });
    let inside = Arc::new(Inside::default());
    let service = layer.layer(Inside::service(&inside));
    let limit = move || bulkhead.view().limit;
    Ok(Box::new(LayerDoor::new(runtime, service, inside, limit)))
}

#[cfg(feature = "peers")]
fn tower(model: &Model) -> Result<Box<dyn Door>, Failure> {
    use tower::limit::ConcurrencyLimit;
    use tower::load_shed::LoadShed;

    let best = model.best();
    let inside = Arc::new(Inside::default());
    let service = ConcurrencyLimit::new(Inside::service(&inside), best as usize);
    let service = LoadShed::new(service);
    Ok(Box::new(LayerDoor::new(
        paused()?,
        service,
        inside,
        move || best,
    )))
}

/// All that is compared, as a table, and what is demanded of it.
pub(crate) fn compare(
    seed: u64,
    quick: bool,
    only: Option<&str>,
) -> Result<(String, Vec<Demand>), Failure> {
    let mut scenarios = scenario::all(seed, true);
    scenarios.retain(|it| only.is_none_or(|only| it.model == only));
    if scenarios.is_empty() {
        return Ok((String::new(), Vec::new()));
    }
    let mut all: Vec<Compared> = Vec::new();
    for scenario in &mut scenarios {
        shorten(scenario, if quick { REQUESTS_QUICK } else { REQUESTS });
        for behind in ALL {
            let one = one(scenario, *behind)?;
            let same = |it: &&mut Compared| it.model == one.model && it.behind == one.behind;
            match all.iter_mut().find(same) {
                Some(sum) => sum.add(one),
                None => all.push(one),
            }
        }
    }
    Ok((table(&all), demands(&all)))
}

/// What changes during a run takes its time, except where very many come.
fn shorten(scenario: &mut Scenario, requests: f64) {
    let model = &mut scenario.setup.model;
    let constant = scenario.load.filter(|_| model.speeds.is_empty());
    let Some(load) = constant.or((model.best() > 100).then_some(1.0)) else {
        return;
    };
    let enough = (requests / (load * model.capacity())).ceil();
    model.seconds = model.seconds.min(enough as u32);
}

fn one(scenario: &Scenario, behind: Behind) -> Result<Compared, Failure> {
    let setup = &scenario.setup;
    let (pure, _) = decisions(setup, behind.who().gate(&setup.model));
    let door = behind.door(&setup.model)?;
    let (layered, account) = decisions(setup, Gate::Layer(door));
    let pairs = pure.iter().zip(&layered);
    let first = pairs.clone().position(|(pure, layered)| pure != layered);
    let longer = pure.len().abs_diff(layered.len());
    Ok(Compared {
        model: scenario.model,
        behind,
        tries: layered.len(),
        let_in: layered.iter().filter(|it| **it).count(),
        unlike: pairs.filter(|(pure, layered)| pure != layered).count() + longer,
        first: first.map(|first| format!("{}, request {first}", scenario.case)),
        overshoot: account.overshoot,
    })
}

impl Compared {
    fn add(&mut self, other: Self) {
        self.tries += other.tries;
        self.let_in += other.let_in;
        self.unlike += other.unlike;
        self.first = self.first.take().or(other.first);
        self.overshoot = self.overshoot.max(other.overshoot);
    }
}

fn table(all: &[Compared]) -> String {
    let head = [
        "model",
        "layer",
        "requests",
        "let in",
        "unlike alone",
        "above limit",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(all.iter().map(|it| {
        vec![
            it.model.to_owned(),
            it.behind.name(),
            it.tries.to_string(),
            it.let_in.to_string(),
            it.unlike.to_string(),
            it.overshoot.to_string(),
        ]
    }));
    aligned(&rows)
}

fn demands(all: &[Compared]) -> Vec<Demand> {
    let unlike: usize = all.iter().map(|it| it.unlike).sum();
    let tries: usize = all.iter().map(|it| it.tries).sum();
    let first = all.iter().find_map(|it| {
        let place = it.first.as_ref()?;
        Some(format!(
            "; first: {} on {} at {place}",
            it.behind.name(),
            it.model
        ))
    });
    let overshoot = all.iter().map(|it| it.overshoot).max().unwrap_or(0);
    vec![
        Demand {
            what: "layers: decisions unlike those without a layer".to_owned(),
            demanded: "0".to_owned(),
            seen: format!("{unlike} of {tries}{}", first.unwrap_or_default()),
            met: unlike == 0 && tries > 0,
        },
        Demand {
            what: "layers: requests in the server above the limit".to_owned(),
            demanded: "0".to_owned(),
            seen: overshoot.to_string(),
            met: overshoot == 0,
        },
    ]
}
