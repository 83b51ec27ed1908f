//! What all handles of a bulkhead share.

mod adapt;
mod enter;
mod leave;
mod tell;

use std::sync::Arc;
use std::task::Waker;

use seaworthy_core::clock::{self, Instant};
use seaworthy_core::component::{Component, Snapshot};
use seaworthy_core::event::Events;
use seaworthy_core::name::Kept;
use seaworthy_core::news::News;
use seaworthy_core::shard::Count;
use seaworthy_core::sync::Lock;
use seaworthy_core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use adapt::Finder;
pub use enter::Refusal;
pub(crate) use enter::{Line, Step};

use crate::config::{Config, Partition};
use crate::limit::Algorithm;
use crate::machine::{Load, Machine};
use crate::metrics::{LimitGauge, Metrics};
use crate::word::Word;

/// A word that lets calls in, a room in which they wait, and who finds out how many there may be.
#[derive(Debug)]
pub(crate) struct Shared {
    word: Word,
    /// As many wait as may, so that nobody has to ask. One that is partitioned says it by class.
    line_is_full: AtomicBool,
    /// Calls are timed, for the algorithm.
    timed: AtomicBool,
    partitioned: bool,
    name: Kept,
    classes: Box<[Class]>,
    room: Lock<Room>,
    finder: Lock<Finder>,
    limit_gauge: LimitGauge,
    /// Not before the first call: a recorder that is installed before that is to see it.
    limit_is_shown: AtomicBool,
    /// When the limit lapses that an algorithm has given only for a time, in nanoseconds since the beginning; the greatest
    /// number if it does not.
    lapses_at: AtomicU64,
    /// From when time is counted.
    began: Instant,
    surroundings: Surroundings,
}

/// What is known of a class of calls beside where they are.
#[derive(Debug)]
struct Class {
    /// As rejections say it: of a partition, with the name of the bulkhead before it.
    name: Kept,
    /// If it is partitioned: the last call found no room, as many wait as may, and nobody has left since.
    shut: AtomicBool,
    /// Calls that were turned away.
    rejections: Count,
    /// When that was last.
    turned_away: News,
    metrics: Arc<Metrics>,
}

impl Class {
    #[inline]
    fn is_shut(&self) -> bool {
        self.shut.load(Ordering::Relaxed)
    }

    fn set_shut(&self, shut: bool) {
        if self.is_shut() != shut {
            self.shut.store(shut, Ordering::Relaxed);
        }
    }
}

/// What bulkheads by key have in common.
#[derive(Debug)]
pub(crate) struct Family {
    /// Of each class: they count together.
    metrics: Vec<Arc<Metrics>>,
}

impl Family {
    pub(crate) fn new(name: &Arc<str>, partitions: &[Partition]) -> Self {
        let partitions = partitions.iter().map(|it| Some(it.name.as_str()));
        let whole = if partitions.len() == 0 {
            Some(None)
        } else {
            None
        };
        let metrics = partitions.chain(whole);
        Self {
            metrics: metrics.map(|it| Arc::new(Metrics::new(name, it))).collect(),
        }
    }
}

/// To whom a bulkhead tells what.
#[derive(Debug)]
pub(crate) struct Surroundings {
    pub(crate) events: Events,
    /// Over how many shards to count: fewer for what there are many of.
    pub(crate) shards: usize,
    /// Those it belongs to.
    pub(crate) family: Option<Arc<Family>>,
}

#[derive(Debug)]
pub(crate) struct Room {
    machine: Machine<Waker>,
    config: Config,
    /// Which configuration of its family it goes by.
    version: u64,
}

impl Room {
    /// Whether as many of this class wait as may.
    fn is_full(&self, class: usize) -> bool {
        self.machine.bounded_in(class) >= self.config.max_waiting as usize
    }
}

/// How full a class is, or the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct View {
    /// The weight of all calls under way: their number, if none weighs more than another. Above the limit only while
    /// calls go on that were let in before it was lowered.
    pub in_flight: u32,
    /// How much of it there may be; of a partition, if others use only what they do not lend.
    pub limit: u32,
    /// How much of the limit is its own; all of it, if the bulkhead is not partitioned.
    pub guaranteed: u32,
    /// How many calls wait.
    pub waiting: usize,
    /// How many calls were turned away since the bulkhead was made.
    pub rejected: u64,
}

impl Shared {
    /// With a configuration that was checked.
    pub(crate) fn new(
        name: &Arc<str>,
        config: Config,
        algorithm: Option<Box<dyn Algorithm>>,
        surroundings: Surroundings,
    ) -> Self {
        let machine = Machine::new(&config.partitions);
        let partitioned = machine.is_partitioned();
        let family = surroundings.family.clone();
        let family = family.unwrap_or_else(|| Arc::new(Family::new(name, &config.partitions)));
        let class = |(number, metrics): (usize, &Arc<Metrics>)| {
            let partition = config.partitions.get(number);
            let full = partition.map(|it| Arc::from(format!("{name}/{}", it.name)));
            Class {
                name: Kept::new(full.unwrap_or_else(|| Arc::clone(name))),
                shut: AtomicBool::new(false),
                rejections: Count::over(surroundings.shards),
                turned_away: News::default(),
                metrics: Arc::clone(metrics),
            }
        };
        let classes = family.metrics.iter().enumerate().map(class).collect();
        let algorithm = algorithm.or_else(|| adapt::finder(&config.limit, config.limit.initial()));
        let limit = adapt::first(&config.limit, algorithm.as_deref());
        Self {
            word: Word::new(limit, partitioned),
            line_is_full: AtomicBool::new(config.max_waiting == 0 && !partitioned),
            timed: AtomicBool::new(algorithm.is_some()),
            partitioned,
            name: Kept::new(Arc::clone(name)),
            classes,
            room: Lock::new(Room {
                machine,
                config,
                version: 0,
            }),
            finder: Lock::new(Finder::new(algorithm)),
            limit_gauge: LimitGauge::new(name),
            limit_is_shown: AtomicBool::new(false),
            lapses_at: AtomicU64::new(u64::MAX),
            began: clock::exact(),
            surroundings,
        }
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        self.name.text()
    }

    /// What rejections of this class say.
    pub(crate) fn name_of(&self, class: usize) -> &Arc<str> {
        self.classes[class].name.text()
    }

    pub(crate) fn events(&self) -> &Events {
        &self.surroundings.events
    }

    pub(crate) fn is_partitioned(&self) -> bool {
        self.partitioned
    }

    pub(crate) fn classes(&self) -> usize {
        self.classes.len()
    }

    /// Which class has this name.
    pub(crate) fn class(&self, partition: &str) -> Option<usize> {
        let room = self.room.lock();
        let partitions = &room.config.partitions;
        partitions.iter().position(|it| it.name == partition)
    }

    pub(crate) fn config(&self) -> Config {
        self.room.lock().config.clone()
    }

    #[inline]
    pub(crate) fn load(&self) -> Load {
        self.word.read().load
    }

    /// How full it is, all classes together.
    pub(crate) fn view(&self) -> View {
        let room = self.room.lock();
        let load = self.load();
        View {
            in_flight: load.in_flight,
            limit: load.limit,
            guaranteed: load.limit,
            waiting: room.machine.waiting(),
            rejected: self.classes.iter().map(|it| it.rejections.get()).sum(),
        }
    }

    /// How full this class is.
    pub(crate) fn view_of(&self, class: usize) -> View {
        if !self.partitioned {
            return self.view();
        }
        let mut room = self.room.lock();
        let limit = self.load().limit;
        View {
            in_flight: room.machine.in_flight_in(class),
            limit: room.machine.most(class, limit),
            guaranteed: room.machine.guaranteed_to(class, limit),
            waiting: room.machine.waiting_in(class),
            rejected: self.classes[class].rejections.get(),
        }
    }

    /// Tells what the limit is: of one by key it would be that of any.
    #[cold]
    fn show_limit(&self) {
        self.limit_is_shown.store(true, Ordering::Relaxed);
        if self.surroundings.family.is_some() {
            return;
        }
        self.limit_gauge.set(self.load().limit);
    }

    /// Of one that is not partitioned: says whether as many wait as may. Under the lock, after each change of either.
    fn show_line(&self, room: &Room) {
        self.line_is_full.store(room.is_full(0), Ordering::Release);
    }
}

impl Component for Shared {
    fn snapshot(&self) -> Snapshot {
        crate::snapshot::of(self)
    }
}
