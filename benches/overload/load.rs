//! When requests come, and what their clients do.

use fastrand::Rng;

use crate::model::Model;
use crate::random::exponential;

/// How many requests come, as a share of what the server can answer at its first speed. They come whether others are answered
/// or not.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Load {
    Constant(f64),
    /// Ten times the capacity for 5 s each minute.
    Bursts(f64),
    /// From one to another and back.
    Ramp(f64, f64),
    /// A trigger: ten times the capacity from 20 s to 25 s.
    Trigger(f64),
}

/// What is special about the clients.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Clients {
    /// They try so many times more, at once.
    pub(crate) retries: u32,
    /// This share gives up at half of the deadline.
    pub(crate) impatient: f64,
    /// This share is done in a hundredth of the time.
    pub(crate) lucky: f64,
}

impl Load {
    /// The share in this second.
    pub(crate) fn at(self, second: u32, seconds: u32) -> f64 {
        match self {
            Self::Constant(share) => share,
            Self::Bursts(share) => {
                if (30..35).contains(&(second % 60)) {
                    10.0
                } else {
                    share
                }
            }
            Self::Ramp(low, high) => {
                let half = f64::from(seconds) / 2.0;
                let from_middle = (f64::from(second) - half).abs() / half;
                high + (low - high) * from_middle
            }
            Self::Trigger(share) => {
                if (20..25).contains(&second) {
                    10.0
                } else {
                    share
                }
            }
        }
    }
}

/// One request, as it comes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    pub(crate) at: f64,
    /// What its nature comes from.
    pub(crate) nature: u64,
}

/// What a request is like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Nature {
    pub(crate) work: f64,
    /// How many seconds its client waits.
    pub(crate) patience: f64,
}

impl Arrival {
    /// The same each time. Most requests are turned away before anybody asks.
    pub(crate) fn nature(&self, model: &Model, clients: Clients) -> Nature {
        let mut rng = Rng::with_seed(self.nature);
        let mut work = model.work.draw(&mut rng);
        if clients.lucky > 0.0 && rng.f64() < clients.lucky {
            work *= 0.01;
        }
        let gives_up = clients.impatient > 0.0 && rng.f64() < clients.impatient;
        let part = if gives_up { 0.5 } else { 1.0 };
        Nature {
            work,
            patience: model.deadline * part,
        }
    }
}

/// The requests of a run, the same for whoever has to cope with them.
#[derive(Debug)]
pub(crate) struct Arrivals<'a> {
    model: &'a Model,
    load: Load,
    seconds: u32,
    rng: Rng,
    now: f64,
}

impl<'a> Arrivals<'a> {
    pub(crate) fn new(model: &'a Model, load: Load, seed: u64) -> Self {
        Self {
            model,
            load,
            seconds: model.seconds,
            rng: Rng::with_seed(seed),
            now: 0.0,
        }
    }

    /// The next, or `None` at the end.
    pub(crate) fn next(&mut self) -> Option<Arrival> {
        let mut second = self.now as u32;
        loop {
            if second >= self.seconds {
                return None;
            }
            let rate = self.load.at(second, self.seconds) * self.model.capacity();
            let next = self.now + exponential(&mut self.rng, 1.0 / rate);
            let end = f64::from(second + 1);
            if next < end {
                self.now = next;
                return Some(self.arrival());
            }
            // Chance has no memory: in the next second it begins anew.
            self.now = end;
            second += 1;
        }
    }

    fn arrival(&mut self) -> Arrival {
        Arrival {
            at: self.now,
            nature: self.rng.u64(..),
        }
    }
}
