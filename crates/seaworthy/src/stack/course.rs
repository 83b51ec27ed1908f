//! By which configuration a stack goes, and by which next.

use std::mem;

use super::config::Config;

/// What a stack was told last, and what its stages have been told of it.
///
/// One thread at a time tells the stages, outside the lock: they tell of it in turn, and who hears that may ask, or change
/// it again.
pub(super) struct Course {
    pub(super) told: Config,
    taken: Config,
}

impl Course {
    pub(super) fn new(config: Config) -> Self {
        Self {
            told: config.clone(),
            taken: config,
        }
    }

    /// From which configuration to turn to which, if it was told another one since.
    pub(super) fn turn(&mut self) -> Option<(Config, Config)> {
        let to = self.told.clone();
        let from = mem::replace(&mut self.taken, to.clone());
        (from != to).then_some((from, to))
    }
}
