//! Limits by delay: what [`Vegas`](super::Vegas) and [`Gradient`](super::Gradient) have in common.
//!
//! Calls are looked at in rounds. A round says how long a call typically took, and whether calls stood in a queue all the
//! time. If they did, the law of the algorithm says what the limit should have been by how much longer than without a queue
//! they took. If they did not, the load is one that the service bears, and what queue there is comes from calls that come
//! in bunches: then there is no reason to turn any away, and the limit grows, unless the queue becomes very long.
//!
//! How long a call takes without a queue is measured by the calls that find the service with few others. If under a
//! standing load none does, the limit is lowered for some two dozen calls, as BBR and Envoy do. No queue, no such probe.

use std::fmt::Debug;
use std::time::Duration;

use seaworthy_core::Verdict;

use super::aimd::Cut;
use super::base::Base;
use super::check::Bounded;
use super::round::{Round, Seen};
use super::{Algorithm, Sample};

/// So much of the limit is left for a probe.
const PROBE: f64 = 0.125;

/// So much of it is few while there is no probe: less, since without a queue the limit is larger than one would be.
const FEW: f64 = 1.0 / 16.0;

/// So much is left at least of the limit from one round to the next.
const SHRINK: f64 = 0.25;

/// A probe is worth so many calls; between two of them are at least so many, to keep their price below some percent.
const CALLS_BETWEEN: u64 = 2000;

/// Calls that take so much longer than even those in bunches may are either a bad overload, or all calls take longer now:
/// then a probe is due sooner, after this share of the time and of the calls.
const DOUBT: f64 = 2.0;
const SOONER: u32 = 5;

/// Within this share of the limit its target is up to chance as well: it goes half of the way.
const CHANCE: f64 = 0.25;

/// What is left of the limit after a call that met overload.
const BACKOFF: f64 = 0.9;

/// A round while the limit is still doubled has so many calls at least.
const START_CALLS: u32 = 20;

/// Calls in bunches may wait for so many times as long as a call takes. Deadlines are seldom below ten times.
const BUNCH: f64 = 3.5;

/// What an algorithm makes of a standing queue.
pub(super) trait Law: Debug + Send {
    /// The limit that would have been right, if under this limit calls took so many times as long as without a queue.
    fn target(&self, limit: f64, slower: f64) -> f64;

    /// How much more than a limit may be tried at once.
    fn step(&self, limit: f64) -> f64;
}

/// What can be set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    pub(super) limit: Bounded,
    pub(super) window: u32,
    pub(super) probe_every: Duration,
}

#[derive(Debug)]
pub(super) struct Delay<L> {
    law: L,
    limit: Bounded,
    /// A round has so many calls at least.
    window: u32,
    probe_every: Duration,
    round: Round,
    /// When the limit was changed last: older calls say nothing about it.
    since: Duration,
    base: Base,
    probe: Option<Probe>,
    /// As long as nothing speaks against it, the limit doubles each round.
    starting: bool,
    cut: Cut,
    /// So many calls are left out before the next round.
    filling: u32,
}

/// For a while there may be fewer calls.
#[derive(Debug)]
struct Probe {
    limit: u32,
    began: Duration,
    until: Duration,
    /// How long a call took before.
    typical: Duration,
}

impl<L: Law> Delay<L> {
    pub(super) fn new(law: L, setting: Setting) -> Self {
        Self {
            law,
            limit: setting.limit,
            window: setting.window.max(1),
            probe_every: setting.probe_every,
            round: Round::new(),
            since: Duration::ZERO,
            base: Base::new(),
            probe: None,
            starting: true,
            cut: Cut::default(),
            filling: 0,
        }
    }

    /// How many calls a round has: each place is taken twice at least, so that slow calls are among them.
    fn calls(&self) -> u32 {
        let least = if self.starting {
            START_CALLS.min(self.window)
        } else {
            self.window
        };
        self.limit.whole().saturating_mul(2).max(least)
    }

    fn set(&mut self, limit: f64, now: Duration) {
        if self.limit.set(limit) {
            self.since = now;
            self.round.clear();
        }
    }

    fn overload(&mut self, sample: &Sample) {
        self.starting = false;
        if self.cut.is_new(sample) {
            let limit = self.limit.get();
            self.set((limit * BACKOFF).min(limit.floor() - 1.0), sample.now);
        }
    }

    fn end_round(&mut self, now: Duration) {
        let Some(seen) = self.round.end() else {
            return;
        };
        let typical = seen.typical.as_secs_f64();
        self.base.at_most(typical);
        let Some(base) = self.base.seconds() else {
            if seen.standing {
                self.begin_probe(now, seen.typical);
            }
            return;
        };
        if !seen.standing {
            let next = self.without_queue(base, seen);
            return self.step_to(next, false, now);
        }
        let slower = times(typical, base);
        if self.is_due(slower, now) {
            return self.begin_probe(now, seen.typical);
        }
        self.step_to(self.target(slower), true, now);
    }

    /// Whether a probe is due.
    fn is_due(&self, slower: f64, now: Duration) -> bool {
        let (for_long, for_calls) = self.base.age(now);
        let in_doubt = slower > BUNCH * DOUBT || self.base.is_rough();
        let sooner = if in_doubt { SOONER } else { 1 };
        for_long >= self.probe_every / sooner && for_calls >= CALLS_BETWEEN / u64::from(sooner)
    }

    fn target(&self, slower: f64) -> f64 {
        let limit = self.limit.get();
        let target = self.law.target(limit, slower);
        if (target - limit).abs() < limit * CHANCE {
            (target + limit) / 2.0
        } else {
            target
        }
    }

    fn without_queue(&self, base: f64, seen: Seen) -> f64 {
        let limit = self.limit.get();
        // How long those took who came when there were many.
        let Some(busy) = seen.busy else {
            return limit;
        };
        let slower = times(busy.as_secs_f64(), base);
        if slower > BUNCH {
            limit * (1.0 + BUNCH / slower) / 2.0
        } else {
            // The nearer to that, the slower.
            limit + self.law.step(limit) * (BUNCH / slower - 1.0).min(1.0)
        }
    }

    fn step_to(&mut self, next: f64, standing: bool, now: Duration) {
        let limit = self.limit.get();
        if next < limit {
            self.starting = false;
        }
        let next = if self.starting && standing {
            limit * 2.0
        } else {
            next.clamp(limit * SHRINK, limit + self.law.step(limit))
        };
        self.set(next, now);
    }

    fn begin_probe(&mut self, now: Duration, typical: Duration) {
        let limit = self.limit.part(PROBE);
        self.base.restart();
        self.round.clear();
        // What is under way has to end first, and then some calls after one another.
        let most = typical.saturating_mul(4 + 32 / limit);
        self.probe = Some(Probe {
            limit,
            began: now,
            until: now.saturating_add(most),
            typical,
        });
    }

    /// What was measured decides about the queue that stood before.
    fn end_probe(&mut self, now: Duration) {
        let Some(probe) = self.probe.take() else {
            return;
        };
        let typical = probe.typical.as_secs_f64();
        // Better than nothing, since without any the limit would stay for ever.
        let base = self.base.seconds_or(typical);
        self.step_to(self.target(times(typical, base)), true, now);
        self.since = now;
        self.round.clear();
        // Until it is full again, it only seems to be calm.
        self.filling = self.limit.whole();
    }
}

/// How many times as long. A time of 0 is as long as any other of 0.
fn times(long: f64, short: f64) -> f64 {
    long.max(1e-9) / short.max(1e-9)
}

impl<L: Law> Algorithm for Delay<L> {
    fn limit(&self) -> u32 {
        match &self.probe {
            Some(probe) => probe.limit,
            None => self.limit.whole(),
        }
    }

    fn observe(&mut self, sample: &Sample) -> u32 {
        self.lapse(sample.now);
        match sample.verdict {
            Verdict::Ignored => return self.limit(),
            Verdict::Overload => {
                self.overload(sample);
                return self.limit();
            }
            // A quick failure says nothing of how long work takes.
            Verdict::Failure if self.is_quick(sample) => return self.limit(),
            Verdict::Success | Verdict::Failure => {}
        }
        self.base.count();
        if let Some(probe) = &self.probe {
            let counts = sample.began() >= probe.began && sample.in_flight <= probe.limit;
            if counts && self.base.add(sample, probe.limit, Duration::MAX) {
                self.end_probe(sample.now);
            }
            return self.limit();
        }
        let few = self.limit.part(FEW);
        if sample.in_flight <= few {
            self.base.add(sample, few, self.probe_every);
        }
        if self.filling > 0 {
            self.filling -= 1;
        } else if sample.began() >= self.since {
            self.round.add(sample, self.limit.whole());
            if self.round.calls() >= self.calls() {
                self.end_round(sample.now);
            }
        }
        self.limit()
    }

    fn holds_until(&self) -> Option<Duration> {
        self.probe.as_ref().map(|probe| probe.until)
    }

    fn lapse(&mut self, now: Duration) -> u32 {
        if let Some(probe) = &self.probe
            && now >= probe.until
        {
            self.base.finish(now);
            self.end_probe(now);
        }
        self.limit()
    }
}

impl<L> Delay<L> {
    fn is_quick(&self, sample: &Sample) -> bool {
        let took = sample.took.as_secs_f64();
        self.base.seconds().is_none_or(|base| took < base)
    }
}
