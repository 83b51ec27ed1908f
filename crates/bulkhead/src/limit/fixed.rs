//! A limit that stays as it was set.

use seaworthy_core::ConfigError;

use super::{Algorithm, Sample, check};

/// A limit that stays as it was set. In files it is just the number.
///
/// How to choose it: calls a second that the service is to bear, times the seconds that one takes (Little's law), and
/// about half as much again for what comes in bunches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct Fixed {
    /// How many calls at once: 1 to 1,000,000. Default: 25.
    pub limit: u32,
}

impl Default for Fixed {
    fn default() -> Self {
        Self { limit: 25 }
    }
}

impl Fixed {
    /// So many calls at once.
    #[must_use]
    pub fn new(limit: u32) -> Self {
        Self { limit }
    }

    pub(super) fn check(&self, component: &str) -> Result<(), ConfigError> {
        check::limit(component, "limit", self.limit)
    }
}

#[derive(Debug)]
pub(super) struct Run(u32);

impl Run {
    pub(super) fn new(fixed: &Fixed) -> Self {
        Self(fixed.limit.max(1))
    }
}

impl Algorithm for Run {
    fn limit(&self) -> u32 {
        self.0
    }

    fn observe(&mut self, _sample: &Sample) -> u32 {
        self.0
    }
}
