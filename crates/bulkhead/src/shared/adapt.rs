//! How the limit finds itself, and how it is set.

use std::num::NonZeroU64;
use std::time::Duration;

use seaworthy_core::clock::{self, Instant};
use seaworthy_core::sync::atomic::Ordering;
use seaworthy_core::{Verdict, panic};

use super::Shared;
use crate::config::{Config, LIMIT_MAX};
use crate::limit::{Algorithm, Limit, Sample};
use crate::permit::Began;

/// Who finds the limit. Whoever changes the limit or the configuration has its lock.
#[derive(Debug, Default)]
pub(super) struct Finder {
    /// Nobody, if the limit is fixed.
    pub(super) algorithm: Option<Box<dyn Algorithm>>,
    /// When the last call ended of which it was told.
    last: Duration,
}

impl Finder {
    pub(super) fn new(algorithm: Option<Box<dyn Algorithm>>) -> Self {
        Self {
            algorithm,
            last: Duration::ZERO,
        }
    }
}

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

/// What the limit was, and what it is.
pub(crate) type Change = (u32, u32);

impl Shared {
    /// When a call begins, if that matters, and among how many.
    #[inline]
    pub(crate) fn begin(&self) -> Option<Began> {
        self.timed
            .load(Ordering::Relaxed)
            .then(|| self.begin_timed())
    }

    fn begin_timed(&self) -> Began {
        let now = nanos(self.since_it_was_made(clock::exact()));
        Began {
            at: NonZeroU64::MIN.saturating_add(now),
            in_flight: self.in_use(),
        }
    }

    fn since_it_was_made(&self, at: Instant) -> Duration {
        at.saturating_duration_since(self.began)
    }

    /// How much of the limit is used, or held for those who may come: more is not to be had, whatever there is room for.
    fn in_use(&self) -> u32 {
        let load = self.load();
        if !self.partitioned {
            return load.in_flight;
        }
        let held = self.room.lock().machine.held(load.limit, clock::coarse);
        load.in_flight.saturating_add(held)
    }

    /// A call ends that was timed, and this became of it.
    pub(crate) fn leave_timed(&self, class: usize, charge: u32, began: Began, verdict: Verdict) {
        let ended = self.since_it_was_made(clock::exact());
        self.leave(class, charge);
        if let Some(change) = self.ask_algorithm(began, ended, verdict) {
            self.has_changed(change);
        }
    }

    fn ask_algorithm(&self, began: Began, ended: Duration, verdict: Verdict) -> Option<Change> {
        let mut finder = self.finder.lock();
        // Those who ended before may come after.
        let now = ended.max(finder.last);
        finder.last = now;
        let began_at = Duration::from_nanos(began.at.get() - 1);
        let sample = Sample {
            now,
            took: ended.saturating_sub(began_at),
            in_flight: began.in_flight,
            verdict,
        };
        let algorithm = finder.algorithm.as_mut()?;
        // It may be code of the user, and this may be the drop of a permit.
        let limit = panic::catch(|| algorithm.observe(&sample)).ok()?;
        Some(self.follow(&mut **algorithm, limit))
    }

    /// Goes by what an algorithm has said.
    fn follow(&self, algorithm: &mut dyn Algorithm, limit: u32) -> Change {
        let until = panic::catch(|| algorithm.holds_until()).ok().flatten();
        let lapses_at = until.map_or(u64::MAX, nanos);
        self.lapses_at.store(lapses_at, Ordering::Relaxed);
        self.go_by(limit)
    }

    fn go_by(&self, limit: u32) -> Change {
        let (before, limit) = (self.load().limit, limit.clamp(1, LIMIT_MAX));
        if limit != before {
            self.word.set_limit(limit);
        }
        (before, limit)
    }

    /// After the lock was given back.
    fn has_changed(&self, (before, limit): Change) {
        if limit > before {
            self.admit_next();
        }
        if limit != before {
            self.show_limit();
        }
    }

    /// A call is about to be turned away, or to wait. True if there may be more calls by now, because the limit was
    /// there only for a time.
    #[inline]
    pub(super) fn has_lapsed(&self) -> bool {
        self.lapses_at.load(Ordering::Relaxed) != u64::MAX && self.lapse()
    }

    #[cold]
    fn lapse(&self) -> bool {
        let now = self.since_it_was_made(clock::exact());
        if nanos(now) < self.lapses_at.load(Ordering::Relaxed) {
            return false;
        }
        let change = self.finder.lock().algorithm.as_mut().and_then(|algorithm| {
            let limit = panic::catch(|| algorithm.lapse(now)).ok()?;
            Some(self.follow(&mut **algorithm, limit))
        });
        let Some(change) = change else {
            return false;
        };
        self.has_changed(change);
        change.1 > change.0
    }

    /// When the limit lapses, if it does.
    pub(super) fn lapses(&self) -> Option<Instant> {
        let at = self.lapses_at.load(Ordering::Relaxed);
        (at != u64::MAX).then(|| self.began + Duration::from_nanos(at))
    }

    /// There may be so many from now on, whatever anybody finds.
    pub(crate) fn set_limit(&self, limit: u32) -> Change {
        let mut finder = self.finder.lock();
        let mut room = self.room.lock();
        room.config.limit = Limit::from(limit);
        let before = self.replace(&mut finder, None);
        let change = self.go_by(limit);
        drop((room, finder));
        panic::drop_quietly(before);
        self.has_changed(change);
        change
    }

    /// The configuration that it was made with was this one of its family.
    pub(crate) fn goes_by(&self, version: u64) {
        self.room.lock().version = version;
    }

    /// Goes by another configuration, which was checked and has partitions of the same names. Nothing happens if it goes
    /// by a later one of its family than this.
    pub(crate) fn reconfigure(&self, version: Option<u64>, config: Config) -> Option<Change> {
        let mut finder = self.finder.lock();
        let mut room = self.room.lock();
        if let Some(version) = version {
            if room.version >= version {
                return None;
            }
            room.version = version;
        }
        let mut limit = self.load().limit;
        let mut before = None;
        if room.config.limit != config.limit {
            before = self.replace(&mut finder, self::finder(&config.limit, limit));
            limit = first(&config.limit, finder.algorithm.as_deref());
        }
        let change = self.go_by(limit);
        room.machine.reshare(&config.partitions);
        room.config = config;
        drop((room, finder));
        panic::drop_quietly(before);
        self.show_limit();
        self.look();
        Some(change)
    }

    /// Somebody else finds the limit, or nobody. Returns who did, to be dropped outside the locks.
    fn replace(
        &self,
        finder: &mut Finder,
        algorithm: Option<Box<dyn Algorithm>>,
    ) -> Option<Box<dyn Algorithm>> {
        self.timed.store(algorithm.is_some(), Ordering::Relaxed);
        self.lapses_at.store(u64::MAX, Ordering::Relaxed);
        std::mem::replace(&mut finder.algorithm, algorithm)
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
