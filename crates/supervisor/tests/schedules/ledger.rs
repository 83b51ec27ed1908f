//! Keeps the books by the events, and checks them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use seaworthy_core::event::Event;
use seaworthy_supervisor::SupervisorEvent;

#[derive(Default)]
pub struct Ledger {
    books: Mutex<Books>,
}

#[derive(Default)]
struct Books {
    running: HashMap<Arc<str>, u64>,
    last: HashMap<Arc<str>, u64>,
    supervisors: BTreeMap<Arc<str>, Account>,
    limits: HashMap<String, Limit>,
    /// Attempts that calls may have caused.
    allowed: HashMap<String, usize>,
    mistakes: Vec<String>,
}

/// How often a supervisor may restart.
#[derive(Clone, Copy)]
pub struct Limit {
    pub max_restarts: u32,
    /// A restart starts up to so many children, and those that were added; `None`: just one.
    pub group: Option<usize>,
}

/// One incarnation of a supervisor.
#[derive(Default)]
struct Account {
    up: bool,
    gave_up: bool,
    /// Attempts to start a child since it was up.
    attempts: usize,
}

impl Ledger {
    /// A call may start a child of the supervisor at `path`, in this incarnation or a later one.
    pub fn allow(&self, path: &str) {
        *self
            .books
            .lock()
            .unwrap()
            .allowed
            .entry(path.to_owned())
            .or_default() += 1;
    }

    /// The period of all supervisors is so long that no restart leaves the window.
    pub fn limit(&self, path: &str, limit: Limit) {
        self.books
            .lock()
            .unwrap()
            .limits
            .insert(path.to_owned(), limit);
    }

    pub fn supervisors(&self) -> Vec<Arc<str>> {
        self.books
            .lock()
            .unwrap()
            .supervisors
            .keys()
            .cloned()
            .collect()
    }

    pub fn write(&self, event: &Event) {
        if let Some(event) = event.detail::<SupervisorEvent>() {
            self.books.lock().unwrap().write(event);
        }
    }

    /// Whether the end of the root was reported.
    pub fn is_closed(&self) -> bool {
        self.books.lock().unwrap().supervisors.is_empty()
    }

    pub fn check_end(&self) {
        let books = self.books.lock().unwrap();
        assert!(books.mistakes.is_empty(), "{:#?}", books.mistakes);
        assert!(
            books.running.is_empty(),
            "no end was reported of {:?}",
            books.running
        );
        let left: Vec<_> = books.supervisors.keys().collect();
        assert!(left.is_empty(), "no end was reported of {left:?}");
    }
}

impl Books {
    fn write(&mut self, event: &SupervisorEvent) {
        match event {
            SupervisorEvent::SupervisorStarting { path } => {
                self.attempt(path);
                if self
                    .supervisors
                    .insert(Arc::clone(path), Account::default())
                    .is_some()
                {
                    self.mistakes.push(format!("`{path}` starts while it runs"));
                }
            }
            SupervisorEvent::SupervisorStarted { path } => {
                if let Some(account) = self.supervisors.get_mut(path) {
                    account.up = true;
                }
            }
            SupervisorEvent::SupervisorExited { path, .. } => {
                if self.supervisors.remove(path).is_none() {
                    self.mistakes.push(format!("`{path}` ends twice"));
                }
                let below = format!("{path}/");
                let left = self.running.keys().find(|child| child.starts_with(&below));
                if let Some(child) = left {
                    self.mistakes
                        .push(format!("`{path}` ends before `{child}`"));
                }
            }
            SupervisorEvent::ChildStarted { path, incarnation } => {
                self.attempt(path);
                if self
                    .running
                    .insert(Arc::clone(path), *incarnation)
                    .is_some()
                {
                    self.mistakes.push(format!("`{path}` starts while it runs"));
                }
                let last = self.last.insert(Arc::clone(path), *incarnation);
                if last.is_some_and(|last| last >= *incarnation) {
                    self.mistakes
                        .push(format!("`{path}` comes again as {incarnation}"));
                }
            }
            SupervisorEvent::ChildIgnored { path }
            | SupervisorEvent::ChildStartFailed { path, .. } => self.attempt(path),
            SupervisorEvent::ChildExited {
                path, incarnation, ..
            } => {
                let known = self.running.remove(path);
                if known != Some(*incarnation) {
                    self.mistakes
                        .push(format!("`{path}` {incarnation} ends, but does not run"));
                }
            }
            SupervisorEvent::IntensityExceeded { path, .. } => {
                if let Some(account) = self.supervisors.get_mut(path) {
                    account.gave_up = true;
                }
            }
            _ => {}
        }
    }

    /// A child at `path` was started, or that was tried.
    fn attempt(&mut self, path: &str) {
        let Some((above, _)) = path.rsplit_once('/') else {
            return;
        };
        let Some(account) = self.supervisors.get_mut(above).filter(|account| account.up) else {
            return;
        };
        account.attempts += 1;
        let limit = self.limits[above];
        let allowed = self.allowed.get(above).copied().unwrap_or(0);
        let group = limit.group.map_or(1, |group| group + allowed);
        if account.attempts > limit.max_restarts as usize * group + allowed {
            self.mistakes.push(format!(
                "`{above}` restarts too often: {} attempts",
                account.attempts
            ));
        }
        if account.gave_up {
            self.mistakes
                .push(format!("`{above}` gave up and starts `{path}`"));
        }
    }
}
