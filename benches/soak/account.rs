//! What became of each item.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::Relaxed};

use seaworthy_benches::Failure;

use crate::POISON;

/// What is known of all items.
#[derive(Debug)]
pub(crate) struct Account {
    /// For each, how often it was acknowledged, and `NEVER`.
    acks: Vec<AtomicU8>,
    acknowledged: AtomicU64,
    deliveries: AtomicU64,
    crashes: AtomicU64,
    drops: AtomicU64,
    nacks: AtomicU64,
}

/// What a worker does with an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Ack,
    Panic,
    Drop,
    Nack,
}

/// Not 0: memory is taken when something is written to it, and that is to be now.
const NEVER: u8 = 100;

pub(crate) fn is_poison(item: u64) -> bool {
    item % POISON == POISON - 1
}

impl Account {
    pub(crate) fn new(items: u64) -> Result<Self, Failure> {
        let items = usize::try_from(items).map_err(|error| error.to_string())?;
        Ok(Self {
            acks: (0..items).map(|_| AtomicU8::new(NEVER)).collect(),
            acknowledged: AtomicU64::new(0),
            deliveries: AtomicU64::new(0),
            crashes: AtomicU64::new(0),
            drops: AtomicU64::new(0),
            nacks: AtomicU64::new(0),
        })
    }

    pub(crate) fn delivered(&self, fate: Fate) {
        self.deliveries.fetch_add(1, Relaxed);
        match fate {
            Fate::Ack => {}
            Fate::Panic => drop(self.crashes.fetch_add(1, Relaxed)),
            Fate::Drop => drop(self.drops.fetch_add(1, Relaxed)),
            Fate::Nack => drop(self.nacks.fetch_add(1, Relaxed)),
        }
    }

    pub(crate) fn acknowledge(&self, item: u64) {
        if let Some(acks) = self.acks.get(item as usize) {
            acks.fetch_add(1, Relaxed);
        }
        self.acknowledged.fetch_add(1, Relaxed);
    }

    pub(crate) fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Relaxed)
    }

    pub(crate) fn crashes(&self) -> u64 {
        self.crashes.load(Relaxed)
    }

    pub(crate) fn report(&self, seconds: f64) -> Result<(), Failure> {
        let deliveries = self.deliveries.load(Relaxed);
        writeln!(
            io::stdout(),
            "{} items, {deliveries} deliveries in {seconds:.1} s, {:.0} ns each; {} panics, {} dropped, {} given back",
            self.acks.len(),
            seconds * 1e9 / deliveries as f64,
            self.crashes(),
            self.drops.load(Relaxed),
            self.nacks.load(Relaxed),
        )
        .map_err(|error| error.to_string())
    }

    /// Each item is acknowledged once, or among the dead letters, which are those that should be.
    pub(crate) fn check(&self, mut dead: Vec<u64>) -> Result<(), Failure> {
        dead.sort_unstable();
        let items = self.acks.len() as u64;
        let poison: Vec<u64> = (0..items).filter(|item| is_poison(*item)).collect();
        if dead != poison {
            return Err(format!(
                "{} dead letters, and there should be {}",
                dead.len(),
                poison.len()
            ));
        }
        let wrong = self
            .acks
            .iter()
            .zip(0..)
            .find(|(acks, item)| acks.load(Relaxed) != NEVER + u8::from(!is_poison(*item)));
        if let Some((acks, item)) = wrong {
            return Err(format!(
                "item {item} was acknowledged {} times",
                acks.load(Relaxed) - NEVER
            ));
        }
        writeln!(
            io::stdout(),
            "each was acknowledged once, but for {} dead letters, all of which should be",
            dead.len()
        )
        .map_err(|error| error.to_string())
    }
}
