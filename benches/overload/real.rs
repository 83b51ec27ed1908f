//! In real time, to see whether the world is as the simulation has it: an HTTP server on loopback with work for two cores.
//!
//! Requests come at random, whether others are answered or not, over connections that are kept. The machine is shared by
//! the server and those who ask, so the figures vary by ten percent and more from run to run: nothing is demanded of them.

mod ask;
mod serve;

use std::io::{self, Write};
use std::time::Duration;

use seaworthy_benches::Failure;

use crate::table::aligned;
use ask::Phase;
use serve::Server;

/// For how long a client waits.
const DEADLINE: Duration = Duration::from_millis(100);

/// What the capacity is multiplied by.
const LOADS: [f64; 4] = [0.5, 1.0, 2.0, 5.0];

/// How many cores work: N*.
const WORKERS: u32 = 2;

const HEAD: [&str; 6] = [
    "load",
    "who",
    "asked/s",
    "in time/s",
    "p99 ms",
    "turned away",
];

/// Who decides.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Who {
    Nobody,
    Fixed,
    Adaptive,
    Tower,
    TowerResilience,
}

impl Who {
    const ALL: [Self; 5] = [
        Self::Nobody,
        Self::Fixed,
        Self::Adaptive,
        Self::Tower,
        Self::TowerResilience,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Nobody => "no limit",
            Self::Fixed => "bulkhead, N*",
            Self::Adaptive => "bulkhead, adaptive",
            Self::Tower => "tower ConcurrencyLimit + LoadShed, N*",
            Self::TowerResilience => "tower-resilience bulkhead, N*",
        }
    }
}

/// Measures, and prints what came of it.
pub(crate) fn measure(seed: u64) -> Result<(), Failure> {
    let spins = serve::calibrate();
    let mut out = io::stdout();
    let failed = |error: io::Error| error.to_string();
    let server = Server::start(Who::Nobody, spins)?;
    let capacity = ask::capacity(&server)?;
    drop(server);
    writeln!(
        out,
        "capacity: {capacity:.0} requests a second, N* = {WORKERS}, deadline {DEADLINE:?}\n"
    )
    .map_err(failed)?;
    let mut rows = vec![HEAD.map(str::to_owned).to_vec()];
    for load in LOADS {
        for who in Who::ALL {
            let server = Server::start(who, spins)?;
            let phase = ask::phase(&server, load * capacity, seed)?;
            rows.push(cells(load, who, &phase));
        }
        rows.push(Vec::new());
    }
    writeln!(out, "{}", aligned(&rows)).map_err(failed)
}

fn cells(load: f64, who: Who, phase: &Phase) -> Vec<String> {
    let each_second = |count: usize| count as f64 / phase.seconds;
    let share = phase.turned_away as f64 / phase.asked.max(1) as f64;
    let p99 = phase.p99().map_or("-".to_owned(), |p99| {
        format!("{:.0}", p99.as_secs_f64() * 1000.0)
    });
    vec![
        format!("{load}"),
        who.name().to_owned(),
        format!("{:.0}", each_second(phase.asked)),
        format!("{:.0}", each_second(phase.in_time)),
        p99,
        format!("{:.1} %", share * 100.0),
    ]
}
