//! How the limit finds itself.

use seaworthy_core::sync::atomic::Ordering;
use seaworthy_core::{Verdict, clock, panic};

use super::Shared;
use crate::config::{Config, LIMIT_MAX};
use crate::limit::{Algorithm, Limit, Sample};
use crate::permit::Began;

/// Who finds this limit, beginning at that one. Nobody, if it is fixed.
pub(super) fn finder(limit: &Limit, from: u32) -> Option<Box<dyn Algorithm>> {
    match limit {
        Limit::Fixed(_) => None,
        limit => Some(limit.start_at(from)),
    }
}

/// With how much it begins.
pub(super) fn first(limit: &Limit, algorithm: Option<&dyn Algorithm>) -> u32 {
    let limit = algorithm.map_or_else(|| limit.initial(), Algorithm::limit);
    limit.clamp(1, LIMIT_MAX)
}

impl Shared {
    /// When a call begins, if that matters, and among how many.
    #[inline]
    pub(crate) fn begin(&self) -> Option<Began> {
        self.timed.load(Ordering::Relaxed).then(|| Began {
            at: clock::exact(),
            in_flight: self.load().in_flight,
        })
    }

    /// What became of a call.
    pub(crate) fn observe(&self, began: Began, verdict: Verdict) {
        let Some((before, limit)) = self.ask_algorithm(began, verdict) else {
            return;
        };
        if limit > before {
            self.admit_next();
        }
        if limit != before {
            self.show_limit();
        }
    }

    /// What the limit was, and is.
    fn ask_algorithm(&self, began: Began, verdict: Verdict) -> Option<(u32, u32)> {
        let mut algorithm = self.algorithm.lock();
        let algorithm = algorithm.as_mut()?;
        // Under the lock, so that it never goes back.
        let now = clock::exact();
        let sample = Sample {
            now: now.saturating_duration_since(self.began),
            took: now.saturating_duration_since(began.at),
            in_flight: began.in_flight,
            verdict,
        };
        // It may be code of the user, and this may be the drop of a permit.
        let limit = panic::catch(|| algorithm.observe(&sample)).ok()?;
        let (before, limit) = (self.load().limit, limit.clamp(1, LIMIT_MAX));
        if limit != before {
            self.word.set_limit(limit);
        }
        Some((before, limit))
    }

    /// Goes by another configuration, which was checked and has partitions of the same names.
    pub(crate) fn reconfigure(&self, config: Config) {
        self.reconfigure_to(None, config);
    }

    /// As [`reconfigure`](Self::reconfigure), unless it goes by a later configuration of its family.
    pub(crate) fn reconfigure_to(&self, version: Option<u64>, config: Config) {
        // Whoever changes the configuration has this lock.
        let mut algorithm = self.algorithm.lock();
        if let Some(version) = version {
            let mut room = self.room.lock();
            if room.version >= version {
                return;
            }
            room.version = version;
        }
        let mut before = None;
        let mut limit = self.load().limit;
        if self.config().limit != config.limit {
            before = std::mem::replace(&mut *algorithm, finder(&config.limit, limit));
            self.timed.store(algorithm.is_some(), Ordering::Relaxed);
            limit = first(&config.limit, algorithm.as_deref());
        }
        let mut room = self.room.lock();
        self.word.set_limit(limit);
        room.machine.reshare(&config.partitions);
        room.config = config;
        drop((room, algorithm));
        panic::drop_quietly(before);
        self.show_limit();
        self.pass_on(|_| {});
    }
}
