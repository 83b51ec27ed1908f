//! How the limit finds itself.

use std::time::Duration;

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
        Some(self.follow(&mut **algorithm, limit))
    }

    /// Goes by what an algorithm has said. What the limit was, and is.
    fn follow(&self, algorithm: &mut dyn Algorithm, limit: u32) -> (u32, u32) {
        let until = panic::catch(|| algorithm.holds_until()).ok().flatten();
        let lapses_at = until.map_or(u64::MAX, nanos);
        self.lapses_at.store(lapses_at, Ordering::Relaxed);
        let (before, limit) = (self.load().limit, limit.clamp(1, LIMIT_MAX));
        if limit != before {
            self.word.set_limit(limit);
        }
        (before, limit)
    }

    /// A call is about to be turned away, or to wait. True if there may be more calls by now, because the limit was
    /// there only for a time.
    #[inline]
    pub(super) fn has_lapsed(&self) -> bool {
        self.lapses_at.load(Ordering::Relaxed) != u64::MAX && self.lapse()
    }

    #[cold]
    fn lapse(&self) -> bool {
        let now = clock::exact().saturating_duration_since(self.began);
        if nanos(now) < self.lapses_at.load(Ordering::Relaxed) {
            return false;
        }
        let changed = self.algorithm.lock().as_mut().and_then(|algorithm| {
            let limit = panic::catch(|| algorithm.lapse(now)).ok()?;
            Some(self.follow(&mut **algorithm, limit))
        });
        let Some((before, limit)) = changed else {
            return false;
        };
        if limit > before {
            self.admit_next();
        }
        if limit != before {
            self.show_limit();
        }
        limit > before
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
            self.lapses_at.store(u64::MAX, Ordering::Relaxed);
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

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
