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
}

impl Gate {
    pub(crate) fn limit(&self) -> u32 {
        match self {
            Self::Limit(algorithm) => algorithm.limit(),
            Self::Open | Self::Oracle => u32::MAX,
        }
    }

    /// Whether a request comes in. What it is like, only the oracle asks.
    pub(crate) fn admits(
        &mut self,
        server: &Server<'_>,
        in_flight: u32,
        now: f64,
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
                let now = Duration::from_secs_f64(now);
                until <= now && in_flight < algorithm.lapse(now)
            }
        }
    }

    pub(crate) fn observe(&mut self, sample: &Sample) {
        if let Self::Limit(algorithm) = self {
            algorithm.observe(sample);
        }
    }
}
