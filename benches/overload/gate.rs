//! Who decides whether a request is let in.

use std::time::Duration;

use seaworthy_bulkhead::limit::{Algorithm, Sample};

use crate::load::Nature;
use crate::server::Server;

/// Who decides.
#[derive(Debug)]
pub(crate) enum Gate {
    /// Nobody.
    Open,
    /// A limit, as a bulkhead without a waiting room has it.
    Limit(Box<dyn Algorithm>),
    /// One who knows how long each request takes: exactly those come in that are answered in time.
    Oracle,
    /// A layer, in front of the server.
    #[cfg(feature = "virtual-time")]
    Layer(Box<dyn Door>),
}

/// Where requests come in and, once they are done, go out. Those that are inside have numbers.
#[cfg(feature = "virtual-time")]
pub(crate) trait Door: std::fmt::Debug {
    fn limit(&self) -> u32;

    fn admits(&mut self, request: u32, now: Duration) -> bool;

    fn ended(&mut self, request: u32, sample: &Sample);
}

/// A moment as limits are told of it.
pub(crate) fn moment(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

impl Gate {
    pub(crate) fn limit(&self) -> u32 {
        match self {
            Self::Limit(algorithm) => algorithm.limit(),
            Self::Open | Self::Oracle => u32::MAX,
            #[cfg(feature = "virtual-time")]
            Self::Layer(door) => door.limit(),
        }
    }

    /// Whether a request comes in, which is to have this number then. What it is like, only the oracle asks.
    #[cfg_attr(
        not(feature = "virtual-time"),
        expect(unused_variables, reason = "only layers know requests by number")
    )]
    pub(crate) fn admits(
        &mut self,
        server: &Server<'_>,
        in_flight: u32,
        (request, now): (u32, f64),
        nature: impl FnOnce() -> Nature,
    ) -> bool {
        match self {
            Self::Open => true,
            Self::Oracle => {
                let nature = nature();
                server.wait_for(nature.work) <= nature.patience
            }
            Self::Limit(algorithm) => {
                if in_flight < algorithm.limit() {
                    return true;
                }
                let Some(until) = algorithm.holds_until() else {
                    return false;
                };
                let now = moment(now);
                until <= now && in_flight < algorithm.lapse(now)
            }
            #[cfg(feature = "virtual-time")]
            Self::Layer(door) => door.admits(request, moment(now)),
        }
    }

    /// A request is done.
    #[cfg_attr(
        not(feature = "virtual-time"),
        expect(unused_variables, reason = "only layers know requests by number")
    )]
    pub(crate) fn ended(&mut self, request: u32, sample: &Sample) {
        match self {
            Self::Open | Self::Oracle => {}
            Self::Limit(algorithm) => {
                algorithm.observe(sample);
            }
            #[cfg(feature = "virtual-time")]
            Self::Layer(door) => door.ended(request, sample),
        }
    }
}
