//! The machine against a model that keeps everything and counts anew each time, over random configurations and
//! schedules: every decision, count, notice and refusal is the same.
//!
//! `PROPTEST_CASES` says how many schedules; 2,000 if it is not set.

mod model;
mod schedule;
mod trial;

use model::{Model, Phase};
use proptest::prelude::*;
use schedule::{Action, config, schedule};
use seaworthy_circuit_breaker::Config;
use seaworthy_circuit_breaker::machine::{Ending, Event, Machine, Refusal, Step, Ticket};
use seaworthy_core::clock::Coarse;

/// Far from zero, and no round number.
const BEGIN: u64 = 31_000_000_123_456_789;

/// The model and two machines: one is told of each success, the other of many at once where that is allowed.
struct Bench {
    model: Model,
    one_by_one: Machine,
    in_bulk: Machine,
    clock: u64,
    calls: Vec<Call>,
    /// Places for calls that have not begun.
    reserved: Vec<Call>,
}

/// With which a call was let in: of the model, and of the machine.
type Call = (model::Ticket, Ticket);

impl Bench {
    fn new(config: Config) -> Self {
        let machine = Machine::new(config.clone(), Coarse::from_nanos(BEGIN), 7);
        let machine = machine.expect("the schedules make what is allowed");
        Self {
            model: Model::new(config, BEGIN),
            in_bulk: machine.clone(),
            one_by_one: machine,
            clock: BEGIN,
            calls: Vec::new(),
            reserved: Vec::new(),
        }
    }

    fn act(&mut self, action: &Action) {
        match action {
            Action::Look => {
                let step = self.step(Event::Look);
                self.model.pass(self.clock, false);
                self.check(&step);
            }
            Action::Acquire => {
                let call = self.admit(Event::Acquire, Model::acquire);
                self.calls.extend(call);
            }
            Action::Reserve => {
                let call = self.admit(Event::Reserve, Model::reserve);
                self.reserved.extend(call);
            }
            Action::Begin(which) => {
                if let Some((of_model, ticket)) = pick(&mut self.reserved, *which) {
                    let begins = |model: &mut Model, now| model.begin(now, of_model);
                    let call = self.admit(Event::Begin(ticket), begins);
                    self.calls.extend(call);
                }
            }
            Action::Call(how, took) => {
                if let Some(call) = self.admit(Event::Acquire, Model::acquire) {
                    self.end(call, *how, *took);
                }
            }
            Action::End(which, how, took) => {
                if let Some(call) = pick(&mut self.calls, *which) {
                    self.end(call, *how, *took);
                }
            }
            Action::Release(which) => {
                let reserved = pick(&mut self.reserved, *which);
                if let Some((of_model, ticket)) = reserved.or_else(|| pick(&mut self.calls, *which))
                {
                    let step = self.step(Event::Release(ticket));
                    let counted = self.model.end(self.clock, of_model, Ending::IGNORED, None);
                    assert!(!counted && !step.counted);
                    self.check(&step);
                }
            }
            Action::Successes(successes) => self.successes(*successes),
            Action::Control(control) => {
                let from = self.model.state();
                let step = self.step(Event::Control(*control));
                let legal = self.model.control(self.clock, *control);
                assert_eq!(step.illegal.is_none(), legal, "{control:?} in {from}");
                self.check(&step);
            }
            Action::Reconfigure(config) => {
                let now = Coarse::from_nanos(self.clock);
                let kept = self.one_by_one.reconfigure(now, (**config).clone());
                assert_eq!(self.in_bulk.reconfigure(now, (**config).clone()), kept);
                let expected = self.model.reconfigure(self.clock, (**config).clone());
                assert_eq!(kept, Ok(expected));
                self.act(&Action::Look);
            }
            Action::Advise(advice) => {
                let now = Coarse::from_nanos(self.clock);
                self.one_by_one.advise(now, *advice);
                self.in_bulk.advise(now, *advice);
                self.model.advise(self.clock, *advice);
                self.act(&Action::Look);
            }
            Action::Pass(nanos) => self.clock += nanos,
            Action::PassTo(which, off) => {
                let moments = self.model.boundaries();
                if !moments.is_empty() {
                    self.clock = which.get(&moments).saturating_add_signed(*off);
                }
            }
            Action::Back(nanos) => self.clock = self.clock.saturating_sub(*nanos).max(BEGIN),
        }
    }

    fn step(&mut self, event: Event) -> Step {
        let now = Coarse::from_nanos(self.clock);
        let step = self.one_by_one.step(now, event);
        assert_eq!(self.in_bulk.step(now, event), step, "told in bulk");
        step
    }

    fn admit(
        &mut self,
        event: Event,
        expected: impl FnOnce(&mut Model, u64) -> Result<model::Ticket, Refusal>,
    ) -> Option<Call> {
        let step = self.step(event);
        let expected = expected(&mut self.model, self.clock);
        let admitted = step.admitted.expect("it was asked");
        assert_eq!(admitted.err(), expected.err());
        self.check(&step);
        let (expected, ticket) = (expected.ok()?, admitted.ok()?);
        assert_eq!(ticket.is_probe(), expected.probe.is_some());
        Some((expected, ticket))
    }

    fn end(&mut self, (of_model, ticket): Call, how: Ending, took: Option<std::time::Duration>) {
        let step = self.step(Event::End { ticket, how, took });
        let counted = self.model.end(self.clock, of_model, how, took);
        assert_eq!(step.counted, counted, "{how:?} of {of_model:?}");
        self.check(&step);
    }

    fn successes(&mut self, successes: usize) {
        if !self.model.is_stable() {
            return;
        }
        self.clock = self.model.now;
        let now = Coarse::from_nanos(self.clock);
        for _ in 0..successes {
            let ticket = self.one_by_one.step(now, Event::Acquire).admitted;
            let end = Event::End {
                ticket: ticket.expect("it was asked").expect("it is closed"),
                how: Ending::SUCCESS,
                took: None,
            };
            assert!(self.one_by_one.step(now, end).counted);
        }
        self.in_bulk.step(now, Event::Successes(successes as u64));
        self.model.successes(successes);
        self.act(&Action::Look);
    }

    fn check(&mut self, step: &Step) {
        let (model, view) = (&mut self.model, self.one_by_one.view());
        assert_eq!(self.in_bulk.view(), view, "told in bulk");
        let notices = std::mem::take(&mut model.notices);
        if model.walked_far {
            assert_eq!(step.notices.last(), notices.last());
        } else {
            assert_eq!(step.notices, notices);
            assert_eq!(view.generation, model.generation);
            assert_eq!(view.openings_in_a_row, model.openings_in_a_row());
        }
        assert_eq!((step.state, view.state), (model.state(), model.state()));
        let counts = (view.calls, view.failures, view.slow);
        assert_eq!(counts, model.counts(), "calls, failures, slow calls");
        assert_eq!(view.consecutive_failures, model.streak());
        assert_eq!(view.since.as_nanos(), model.since, "since");
        let (until, probes) = match &model.phase {
            Phase::Open { until } => (Some(*until), 0),
            Phase::HalfOpen(trial) => (None, trial.running()),
            _ => (None, 0),
        };
        assert_eq!(view.until.map(Coarse::as_nanos), until, "until");
        assert_eq!(view.probes, probes, "probes under way");
        assert_eq!(view.cause, model.cause, "cause");
    }
}

fn pick(calls: &mut Vec<Call>, which: prop::sample::Index) -> Option<Call> {
    let number = calls.len();
    (number > 0).then(|| calls.swap_remove(which.index(number)))
}

fn cases() -> ProptestConfig {
    let mut config = ProptestConfig::default();
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 2000;
    }
    config.failure_persistence = None;
    config
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn the_machine_does_as_the_model_does(config in config(), actions in schedule()) {
        let mut bench = Bench::new(config);
        for action in &actions {
            bench.act(action);
        }
    }
}
