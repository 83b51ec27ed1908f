//! The servers that are protected, or not.

use crate::random::Work;

/// A server, and how long its clients wait.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) shape: Shape,
    pub(crate) work: Work,
    /// How many seconds a client waits for an answer.
    pub(crate) deadline: f64,
    /// From when on it is so many times as fast as at first.
    pub(crate) speeds: Vec<(f64, f64)>,
    /// How many seconds a run lasts.
    pub(crate) seconds: u32,
}

/// What many requests do to one another.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    /// So many are worked on; the others wait in line.
    Slots(u32),
    /// All are worked on, and get in each other's way (universal scalability law).
    Contended { sigma: f64, kappa: f64 },
    /// All are worked on; more than so many share what there is.
    Pool(u32),
}

impl Shape {
    /// How fast each of so many is worked on.
    pub(crate) fn speed_of_each(self, running: usize) -> f64 {
        let running = running as f64;
        match self {
            Self::Slots(_) => 1.0,
            Self::Contended { sigma, kappa } => {
                1.0 / (1.0 + sigma * (running - 1.0) + kappa * running * (running - 1.0))
            }
            Self::Pool(size) => (f64::from(size) / running).min(1.0),
        }
    }

    pub(crate) fn slots(self) -> usize {
        match self {
            Self::Slots(slots) => slots as usize,
            _ => usize::MAX,
        }
    }
}

impl Model {
    /// The fewest at once with which it does the most: N*.
    pub(crate) fn best(&self) -> u32 {
        match self.shape {
            Shape::Slots(size) | Shape::Pool(size) => size,
            Shape::Contended { sigma, kappa } => ((1.0 - sigma) / kappa).sqrt() as u32,
        }
    }

    /// How many requests a second it can answer at its first speed.
    pub(crate) fn capacity(&self) -> f64 {
        let best = self.best();
        f64::from(best) * self.shape.speed_of_each(best as usize) / self.work.mean()
    }

    pub(crate) fn speed(&self, now: f64) -> f64 {
        let past = self.speeds.iter().take_while(|(from, _)| *from <= now);
        past.last().map_or(1.0, |(_, speed)| *speed)
    }

    /// When its speed changes next.
    pub(crate) fn next_change(&self, now: f64) -> f64 {
        let mut to_come = self.speeds.iter().filter(|(from, _)| *from > now);
        to_come.next().map_or(f64::INFINITY, |(from, _)| *from)
    }

    /// How many seconds it takes for so much work, from now on.
    pub(crate) fn time_for(&self, mut work: f64, now: f64) -> f64 {
        let mut at = now;
        loop {
            let (speed, change) = (self.speed(at), self.next_change(at));
            let end = at + work / speed;
            if end <= change {
                return end - now;
            }
            work -= (change - at) * speed;
            at = change;
        }
    }

    /// How many requests it could answer from one second to another.
    pub(crate) fn capacity_between(&self, from: u32, to: u32) -> f64 {
        let speeds = (from..to).map(|second| self.speed(f64::from(second)));
        speeds.sum::<f64>() * self.capacity()
    }

    /// Limits to try.
    pub(crate) fn grid(&self) -> Vec<u32> {
        let best = f64::from(self.best());
        if best > 100.0 {
            // Finer steps make no difference where there are many.
            return [0.75, 1.0, 1.25, 1.5, 2.0, 4.0]
                .map(|part| (best * part) as u32)
                .to_vec();
        }
        let parts = [
            0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 14.0,
        ];
        let mut grid: Vec<u32> = parts.iter().map(|part| (best * part) as u32).collect();
        grid.dedup();
        grid
    }
}

fn erlang(mean: f64) -> Work {
    Work::Erlang { mean, parts: 4 }
}

pub(crate) fn m1() -> Model {
    Model {
        name: "M1",
        about: "2 slots, 10 ms (Erlang-4): a CPU-bound service on 2 cores",
        shape: Shape::Slots(2),
        work: erlang(0.010),
        deadline: 0.100,
        speeds: Vec::new(),
        seconds: 300,
    }
}

pub(crate) fn m2() -> Model {
    Model {
        name: "M2",
        about: "10 ms, contention 0.02, coherency 0.001: slower in all the more it has",
        shape: Shape::Contended {
            sigma: 0.02,
            kappa: 0.001,
        },
        seconds: 120,
        ..m1()
    }
}

pub(crate) fn m3() -> Model {
    Model {
        name: "M3",
        about: "a pool of 1000, 50 ms (Erlang-16): a proxy",
        shape: Shape::Pool(1000),
        work: Work::Erlang {
            mean: 0.050,
            parts: 16,
        },
        deadline: 0.500,
        speeds: Vec::new(),
        seconds: 20,
    }
}

pub(crate) fn m4() -> Model {
    Model {
        name: "M4",
        about: "M1 at half speed from a quarter of the time on, at full speed from half, at twice from three quarters",
        speeds: vec![(75.0, 0.5), (150.0, 1.0), (225.0, 2.0)],
        ..m1()
    }
}

pub(crate) fn m5a() -> Model {
    Model {
        name: "M5a",
        about: "8 slots, 95 % 5 ms, 5 % 200 ms",
        shape: Shape::Slots(8),
        work: Work::TwoKinds {
            short: 0.005,
            long: 0.200,
            share: 0.05,
        },
        deadline: 1.0,
        speeds: Vec::new(),
        seconds: 120,
    }
}

pub(crate) fn m5b() -> Model {
    Model {
        name: "M5b",
        about: "8 slots, 10 ms with a heavy tail (lognormal, sigma 1.5)",
        work: Work::LogNormal {
            mean: 0.010,
            sigma: 1.5,
        },
        ..m5a()
    }
}
