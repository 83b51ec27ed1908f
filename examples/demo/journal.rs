//! What happened to the tasks of a shop: both builds write one, so that both are counted alike.

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::ledger::Ledger;

/// Counts crashes and restarts, and prints a line for each if asked to.
pub(crate) struct Journal {
    verbose: bool,
    crashes: AtomicU64,
    restarts: AtomicU64,
    hung: AtomicU64,
    circuit_opened: AtomicU64,
    /// Reports that were never printed, as there was a newer one.
    sheets_dropped: AtomicU64,
    /// What happened to the orders.
    pub(crate) orders: Ledger,
    /// How often each has started: what starts a second time is a restart.
    started: Mutex<HashMap<String, u64>>,
}

impl Journal {
    pub(crate) fn new(verbose: bool) -> Self {
        Self {
            verbose,
            crashes: AtomicU64::new(0),
            restarts: AtomicU64::new(0),
            hung: AtomicU64::new(0),
            circuit_opened: AtomicU64::new(0),
            sheets_dropped: AtomicU64::new(0),
            orders: Ledger::default(),
            started: Mutex::default(),
        }
    }

    /// A task that is meant to live for ever has started, or started again.
    pub(crate) fn started(&self, name: &str) {
        let mut started = self.started.lock().unwrap_or_else(PoisonError::into_inner);
        let times = started.entry(name.to_owned()).or_default();
        *times += 1;
        if *times > 1 {
            self.restarts.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How often the task or process with this name, wherever it hangs, has started.
    pub(crate) fn starts_of(&self, name: &str) -> u64 {
        let started = self.started.lock().unwrap_or_else(PoisonError::into_inner);
        let of_name = started
            .iter()
            .filter(|(path, _)| path.rsplit('/').next() == Some(name));
        of_name.map(|(_, times)| times).sum()
    }

    /// A task hung, was noticed and ended.
    pub(crate) fn has_hung(&self) {
        self.hung.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn hung(&self) -> u64 {
        self.hung.load(Ordering::Relaxed)
    }

    /// The circuit breaker has opened.
    pub(crate) fn circuit_has_opened(&self) {
        self.circuit_opened.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn circuit_opened(&self) -> u64 {
        self.circuit_opened.load(Ordering::Relaxed)
    }

    /// A report was given up for a newer one.
    pub(crate) fn sheet_dropped(&self) {
        self.sheets_dropped.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn sheets_dropped(&self) -> u64 {
        self.sheets_dropped.load(Ordering::Relaxed)
    }

    /// A task has ended by a panic, an error or a kill.
    pub(crate) fn crashed(&self, line: impl Display) {
        self.crashes.fetch_add(1, Ordering::Relaxed);
        self.log(line);
    }

    /// Anything else worth a line.
    pub(crate) fn log(&self, line: impl Display) {
        if self.verbose {
            eprintln!("{line}");
        }
    }

    pub(crate) fn crashes(&self) -> u64 {
        self.crashes.load(Ordering::Relaxed)
    }

    pub(crate) fn restarts(&self) -> u64 {
        self.restarts.load(Ordering::Relaxed)
    }
}
