//! What the handles of a pool and its threads share.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use seaworthy_core::clock::{self, Instant};
use seaworthy_core::component::{Component, Snapshot};
use seaworthy_core::event::{Events, Severity};
use seaworthy_core::name::Kept;
use seaworthy_core::{ConfigError, Reason, Rejected};

use super::config::PoolConfig;
use super::crew::Crew;
use super::event::PoolEvent;
use super::job::{Task, ended};
use super::metrics::Metrics;
use super::report::PoolReport;
use super::store::{Brought, Number, Stage};
use super::view;

pub(crate) struct Shared {
    name: Kept,
    pub(crate) crew: Crew<Entry>,
    pub(crate) metrics: Metrics,
    events: Events,
    /// Threads that were ever made: each has its number in its name.
    threads: AtomicU32,
}

/// A job that waits.
pub(crate) struct Entry {
    task: Box<dyn Task>,
    since: Instant,
}

impl Shared {
    pub(crate) fn new(name: Arc<str>, config: PoolConfig, events: Events) -> Self {
        let metrics = Metrics::new(&name);
        Self {
            name: Kept::new(name),
            crew: Crew::new(config),
            metrics,
            events,
            threads: AtomicU32::new(0),
        }
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        self.name.text()
    }

    pub(crate) fn events(&self) -> &Events {
        &self.events
    }

    pub(crate) fn rejected(&self, reason: Reason) -> Rejected {
        Rejected::new(reason, self.name.name())
    }

    /// Takes a job in: its number, and for how long its caller waits in line, if he has to.
    pub(crate) fn bring(
        &self,
        task: Box<dyn Task>,
        can_wait: impl FnOnce() -> bool,
    ) -> Result<(Number, Option<Duration>), Rejected> {
        let since = clock::exact();
        let entry = Entry { task, since };
        match self.crew.bring(&self.metrics, entry, can_wait) {
            Brought::Queued(number) => Ok((number, None)),
            Brought::InLine(number, max_wait) => Ok((number, Some(max_wait))),
            Brought::Full(entry) => {
                drop_quietly(entry);
                Err(self.is_full())
            }
            Brought::Late(entry) => {
                drop_quietly(entry);
                Err(self.is_late())
            }
        }
    }

    /// Turns a job away that is not made yet, if nobody comes in.
    pub(crate) fn turn_away(&self) -> Option<Rejected> {
        self.crew.turn_away().map(|brought| match brought {
            Brought::Late(()) => self.is_late(),
            _ => self.is_full(),
        })
    }

    fn is_full(&self) -> Rejected {
        self.metrics.full();
        self.rejected(Reason::BulkheadFull)
    }

    fn is_late(&self) -> Rejected {
        self.metrics.shutting_down(1);
        self.rejected(Reason::ShuttingDown)
    }

    /// The caller of a job has gone.
    pub(crate) fn withdraw(&self, number: Number) {
        if let Some(entry) = self.crew.withdraw(&self.metrics, number) {
            self.metrics.withdrawn();
            drop_quietly(entry);
        }
    }

    /// The caller of a job has waited in line for long enough: it is turned away, if it is still there.
    pub(crate) fn give_up(&self, number: Number) -> Option<Rejected> {
        let entry = self.crew.give_up(&self.metrics, number)?;
        drop_quietly(entry);
        Some(self.is_full())
    }

    /// Starts the threads that are missing.
    pub(crate) fn recruit(self: &Arc<Self>) -> Result<(), ConfigError> {
        let missing = self.crew.with(&self.metrics, |store| store.recruit());
        for started in 0..missing {
            let Err(error) = self.start() else { continue };
            let missed = missing - started;
            self.crew.with(&self.metrics, |store| store.miss(missed));
            let threads = self.crew.look(|store| store.config().threads);
            let allowed = format_args!("what the system has threads for: {error}");
            return Err(ConfigError::new(self.name(), "threads", threads, allowed));
        }
        Ok(())
    }

    fn start(self: &Arc<Self>) -> io::Result<()> {
        let number = self.threads.fetch_add(1, Ordering::Relaxed);
        let shared = Arc::clone(self);
        let name = thread_name(self.name(), number);
        let thread = thread::Builder::new().name(name);
        thread.spawn(move || shared.work()).map(drop)
    }

    /// What a thread does all its life.
    fn work(&self) {
        while let Some(first) = self.crew.next(&self.metrics) {
            let mut job = Some(first);
            while let Some(entry) = job {
                job = self.perform(entry);
            }
        }
    }

    /// Does a job. The place is free before the caller has the answer, so that he can bring the next.
    fn perform(&self, mut entry: Entry) -> Option<Entry> {
        let began = clock::exact();
        let queued_for = began.saturating_duration_since(entry.since);
        self.metrics.begun(queued_for);
        let result = entry.task.run(self.name.name(), queued_for);
        let ended = ended(&result);
        let took = clock::exact().saturating_duration_since(began);
        self.metrics.ended(ended, took);
        if let Err(panicked) = result {
            self.tell(Severity::Error, PoolEvent::Panicked(panicked));
        }
        let next = self.crew.end(&self.metrics, ended);
        entry.task.answer(self.rejected(Reason::Crashed));
        next
    }

    /// Takes no more jobs, and begins to go.
    pub(crate) fn drain(&self) {
        let is_first = self.crew.look(|store| store.stage() == Stage::Open);
        let refused = self.crew.drain(&self.metrics);
        self.metrics.shutting_down(refused.len() as u64);
        self.refuse(refused);
        if is_first {
            self.tell(Severity::Info, PoolEvent::ShuttingDown);
        }
    }

    /// Takes no more jobs, and does none that was not begun.
    pub(crate) fn close(&self) -> PoolReport {
        let (dropped, report) = self.crew.close(&self.metrics);
        self.metrics.discarded(dropped.len() as u64);
        self.refuse(dropped);
        report
    }

    /// Tells their callers.
    fn refuse(&self, entries: Vec<Entry>) {
        for entry in entries {
            entry.task.answer(self.rejected(Reason::ShuttingDown));
        }
    }

    pub(crate) fn tell(&self, severity: Severity, event: PoolEvent) {
        self.log(&event);
        self.events.emit(self.name(), severity, event);
    }

    #[cfg(feature = "tracing")]
    fn log(&self, event: &PoolEvent) {
        let pool = self.name();
        // A subscriber that panics harms nobody else.
        let _ = seaworthy_core::panic::catch(|| match event {
            PoolEvent::Panicked(_) => tracing::error!(%pool, "thread pool: {event}"),
            _ => tracing::info!(%pool, "thread pool: {event}"),
        });
    }

    #[cfg(not(feature = "tracing"))]
    fn log(&self, _event: &PoolEvent) {}
}

impl Component for Shared {
    fn snapshot(&self) -> Snapshot {
        view::snapshot(self.name(), &self.crew.look(view::of))
    }
}

/// A job that is not done drops what it has of its caller's.
fn drop_quietly(entry: Entry) {
    seaworthy_core::panic::drop_quietly(entry);
}

/// Linux shows 15 bytes: of a long name the beginning, and the number in any case.
fn thread_name(pool: &str, number: u32) -> String {
    const SHOWN: usize = 15;
    let number = format!("-{number}");
    let room = SHOWN.saturating_sub(number.len());
    // The system has no names with a zero in them.
    let mut name: String = pool.chars().filter(|c| *c != '\0').collect();
    let end = (0..=room.min(name.len())).rev();
    let end = end.into_iter().find(|end| name.is_char_boundary(*end));
    name.truncate(end.unwrap_or(0));
    name + &number
}

#[cfg(test)]
mod tests {
    use super::thread_name;

    #[test]
    fn threads_have_names_that_the_system_can_show() {
        assert_eq!(thread_name("images", 3), "images-3");
        assert_eq!(thread_name("a very long name", 12), "a very long -12");
        assert_eq!(thread_name("b\u{0}ad", 0), "bad-0");
        assert_eq!(thread_name("ééééééééé", 0), "éééééé-0");
    }
}
