//! The half-open state of the model: all probes that there ever were, and what became of each.

use seaworthy_circuit_breaker::{AfterWait, Config, JudgedBy, Permits};
use seaworthy_core::Cause;

use crate::model::{Outcome, nanos, rates, wait_of};

#[derive(Debug)]
pub struct Trial {
    permits: Permits,
    judged_by: JudgedBy,
    lease: Option<u64>,
    minimum: u32,
    pub deadline: Option<u64>,
    pub then: AfterWait,
    probes: Vec<Probe>,
    results: Vec<Outcome>,
}

#[derive(Debug)]
struct Probe {
    deadline: Option<u64>,
    /// Not only its place was reserved.
    begun: bool,
    is: Is,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Is {
    UnderWay,
    Used,
    /// It has said nothing: as if it had not been let in.
    Void,
}

pub enum Judgement {
    Open(Cause),
    Close,
    Wait,
}

impl Trial {
    pub fn new(config: &Config, now: u64) -> Self {
        let (time, then) = wait_of(config);
        let half_open = config.half_open;
        Self {
            permits: half_open.permits,
            judged_by: half_open.judged_by,
            lease: half_open.lease.map(nanos),
            minimum: config.minimum_calls,
            deadline: time.map(|time| now + nanos(time)),
            then,
            probes: Vec::new(),
            results: Vec::new(),
        }
    }

    fn that_are(&self, is: Is) -> usize {
        self.probes.iter().filter(|probe| probe.is == is).count()
    }

    pub fn running(&self) -> usize {
        self.that_are(Is::UnderWay)
    }

    pub fn is_running(&self, probe: usize) -> bool {
        self.probes[probe].is == Is::UnderWay
    }

    pub fn admit(&mut self, now: u64, begun: bool) -> Option<usize> {
        let free = match self.permits {
            Permits::AtOnce(most) => self.running() < most as usize,
            Permits::InTotal(most) => self.running() + self.that_are(Is::Used) < most as usize,
        };
        free.then(|| {
            self.probes.push(Probe {
                deadline: self.lease.map(|lease| now + lease),
                begun,
                is: Is::UnderWay,
            });
            self.probes.len() - 1
        })
    }

    /// False if its place is not held any more.
    pub fn begin(&mut self, probe: usize, now: u64) -> bool {
        let (lease, probe) = (self.lease, &mut self.probes[probe]);
        if probe.is == Is::UnderWay {
            (probe.begun, probe.deadline) = (true, lease.map(|lease| now + lease));
        }
        probe.is == Is::UnderWay
    }

    pub fn first_overdue(&self) -> Option<(u64, usize)> {
        let probes = self.probes.iter().enumerate();
        let running = probes.filter(|(_, probe)| probe.is == Is::UnderWay);
        running
            .filter_map(|(number, probe)| Some((probe.deadline?, number)))
            .min()
    }

    /// `None` if nothing has begun: then nothing has failed.
    pub fn is_overdue(&mut self, probe: usize, config: &Config) -> Option<Judgement> {
        let at = self.probes[probe].deadline.expect("it has a lease");
        // Others may find out in its place.
        self.probes[probe].is = Is::Void;
        if !self.probes[probe].begun {
            return None;
        }
        self.results.push(Outcome {
            at,
            failed: true,
            slow: false,
        });
        Some(self.judge(config, Cause::ProbeOverdue))
    }

    pub fn end(&mut self, probe: usize, outcome: Option<Outcome>, config: &Config) -> Judgement {
        let Some(outcome) = outcome else {
            self.probes[probe].is = Is::Void;
            return Judgement::Wait;
        };
        self.probes[probe].is = Is::Used;
        self.results.push(outcome);
        self.judge(config, Cause::ProbeFailed)
    }

    fn judge(&self, config: &Config, failed: Cause) -> Judgement {
        match self.judged_by {
            JudgedBy::Successes(needed) => {
                let well = self
                    .results
                    .iter()
                    .take_while(|one| !one.failed && !one.slow);
                let well = well.count();
                match self.results.get(well) {
                    Some(bad) if bad.failed => Judgement::Open(failed),
                    Some(_) => Judgement::Open(Cause::ProbeSlow),
                    None if well >= needed as usize => Judgement::Close,
                    None => Judgement::Wait,
                }
            }
            JudgedBy::Rates(calls) => {
                let enough = self.minimum.min(calls);
                let count =
                    |of: fn(&&Outcome) -> bool| self.results.iter().filter(of).count() as u32;
                let counts = (
                    count(|_| true),
                    count(|one| one.failed),
                    count(|one| one.slow),
                );
                if counts.0 < enough {
                    return Judgement::Wait;
                }
                match rates(config, counts, enough) {
                    Some(cause) => Judgement::Open(cause),
                    None => Judgement::Close,
                }
            }
        }
    }

    pub fn boundaries(&self) -> Vec<u64> {
        let overdue = self.first_overdue().map(|(at, _)| at);
        overdue.into_iter().chain(self.deadline).collect()
    }
}
