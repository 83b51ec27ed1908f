//! What the behaviour tests share.
#![allow(dead_code, reason = "each test file uses its own part")]

#[cfg(unix)]
pub mod fixture;

use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use seaworthy_core::event::{Events, Observer};
use seaworthy_supervisor::{Child, ChildState, Context, CrashReport, Init};
use seaworthy_supervisor::{Supervisor, SupervisorEvent};

pub const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Lets everything run that can. The clock has to be paused.
pub async fn settle() {
    tokio::time::sleep(millis(1)).await;
}

/// A runtime in real time on two threads, of which one may be blocked. Tokio has one of them look after timers at a
/// time; if that one is blocked by the task that it woke for, nobody does until there is other work: here there is.
pub fn two_workers() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("the system has two threads");
    let handle = runtime.handle().clone();
    thread::spawn(move || {
        loop {
            let (done, is_done) = mpsc::channel();
            handle.spawn(async move { done.send(()) });
            if is_done.recv().is_err() {
                // The runtime is gone.
                return;
            }
            thread::park_timeout(millis(5));
        }
    });
    runtime
}

/// What happened, in order.
#[derive(Clone, Debug, Default)]
pub struct Log {
    words: Arc<Mutex<Vec<String>>>,
}

impl Log {
    pub fn add(&self, word: impl Into<String>) {
        self.words
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(word.into());
    }

    /// Everything since the last call, on one line.
    pub fn take(&self) -> String {
        std::mem::take(&mut *self.words.lock().unwrap_or_else(PoisonError::into_inner)).join(" ")
    }

    /// Writes `+id` now and `-id` when the guard is dropped.
    pub fn enter(&self, id: impl Into<String>) -> Entry {
        let id = id.into();
        self.add(format!("+{id}"));
        Entry {
            log: self.clone(),
            id,
        }
    }
}

#[must_use = "it is left when this is dropped"]
pub struct Entry {
    log: Log,
    id: String,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.log.add(format!("-{}", self.id));
    }
}

/// A worker that runs until it is dropped.
pub fn idle(id: &'static str) -> Child {
    Child::task(id, |_cx| pending())
}

/// A worker that ends when it is told to.
pub fn listener(id: &'static str) -> Child {
    Child::task(id, |cx: Context| async move {
        cx.shutdown().await;
        Ok(())
    })
}

/// A worker that crashes after this time, each time.
pub fn crasher(id: &'static str, after: Duration) -> Child {
    Child::task(id, move |_cx| async move {
        tokio::time::sleep(after).await;
        Err("crashed".into())
    })
}

/// A worker that does not listen, and that writes down when it begins and when it is gone.
pub fn noted(log: &Log, id: &'static str) -> Child {
    let log = log.clone();
    Child::init(id, move |_cx| {
        let here = log.enter(id);
        async move {
            Ok(Init::Run(async move {
                let _here = here;
                pending().await
            }))
        }
    })
}

/// A worker that is told, takes its time to stop, and writes down all of it.
pub fn slow_stopper(log: &Log, id: &'static str, takes: Duration) -> Child {
    let log = log.clone();
    Child::task(id, move |cx: Context| {
        let log = log.clone();
        async move {
            let _here = log.enter(id);
            cx.shutdown().await;
            log.add(format!("{id}:told"));
            tokio::time::sleep(takes).await;
            log.add(format!("{id}:done"));
            Ok(())
        }
    })
}

/// Counts its calls from 1.
pub fn counter() -> impl Fn() -> usize + Clone + Send + Sync + 'static {
    let calls = Arc::new(AtomicUsize::new(0));
    move || calls.fetch_add(1, SeqCst) + 1
}

/// The children in start order: `a` runs, `b!` is being restarted, `c?` is not running.
pub async fn children(supervisor: &Supervisor) -> String {
    let mut children = supervisor.which_children().await.expect("it runs");
    children.reverse();
    let words = children.iter().map(|child| {
        let mark = match child.state {
            ChildState::Starting | ChildState::Quarantined | ChildState::Zombie => {
                unreachable!("only in snapshots")
            }
            ChildState::Running => "",
            ChildState::Restarting => "!",
            ChildState::Undefined => "?",
        };
        format!("{}{mark}", child.id)
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Everything a tree reports, on a bus of its own.
pub struct Seen {
    pub events: Events,
    seen: Arc<Mutex<Vec<SupervisorEvent>>>,
    _observer: Observer,
}

impl Seen {
    pub fn new() -> Self {
        let (events, seen) = (Events::new(), Arc::new(Mutex::new(Vec::new())));
        let book = Arc::clone(&seen);
        let observer = events.observe(move |event| {
            let event: &SupervisorEvent = event.detail().expect("nobody else reports here");
            book.lock()
                .expect("nobody panics in here")
                .push(event.clone());
        });
        Self {
            events,
            seen,
            _observer: observer,
        }
    }

    /// Everything since the last call.
    pub fn take(&self) -> Vec<SupervisorEvent> {
        std::mem::take(&mut *self.seen.lock().expect("nobody panics in here"))
    }

    /// The crash reports since the last call.
    pub fn crashes(&self) -> Vec<CrashReport> {
        let reports = self.take().into_iter().filter_map(|event| match event {
            SupervisorEvent::ChildCrashed(report) => Some(report),
            _ => None,
        });
        reports.collect()
    }
}
