//! Links: two processes that do not outlive one another, unless one of them wants to know instead.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use seaworthy_core::panic;
use seaworthy_core::sync::Lock;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::exit::ExitReason;
use crate::node::{Live, Place};

/// How many signals sent from outside wait to be read by a process that traps exits.
const SENT_MAX: usize = 1024;

/// An exit signal, as a process that [traps exits](crate::Context::trap_exits) reads it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Exit {
    /// A process that this one was linked to has ended.
    Linked {
        /// The ids from the root to that process, joined by `/`.
        path: Arc<str>,
        /// Which incarnation it was.
        incarnation: u64,
        /// Why it ended; [`ExitReason::NoProcess`] if it had ended before the link was made.
        reason: ExitReason,
    },
    /// Somebody [sent](crate::ChildRef::exit) this reason.
    Sent(ExitReason),
    /// The supervisor asks to stop. From now on the shutdown time runs.
    Shutdown,
}

impl Exit {
    /// The reason in the signal; of [`Shutdown`](Self::Shutdown) that of the same name.
    #[must_use]
    pub fn reason(&self) -> &ExitReason {
        match self {
            Self::Linked { reason, .. } | Self::Sent(reason) => reason,
            Self::Shutdown => &ExitReason::Shutdown(None),
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Linked { path, reason, .. } => write!(f, "`{path}` ended: {reason}"),
            Self::Sent(reason) => write!(f, "told to exit: {reason}"),
            Self::Shutdown => f.write_str("asked to stop by the supervisor"),
        }
    }
}

/// The exit signals of a process that traps exits. Made by [`Context::trap_exits`](crate::Context::trap_exits).
#[derive(Debug)]
#[must_use = "signals that nobody reads have no effect"]
pub struct Exits {
    mailbox: Arc<Mailbox>,
    order: CancellationToken,
    told: bool,
}

impl Exits {
    pub(crate) fn new(mailbox: Arc<Mailbox>, order: CancellationToken) -> Self {
        Self {
            mailbox,
            order,
            told: false,
        }
    }

    /// The next signal; `None` when the incarnation has ended.
    ///
    /// Signals along links come in the order in which they were sent. The order of the supervisor comes after
    /// those that were there before it was read.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no signal is lost.
    pub async fn recv(&mut self) -> Option<Exit> {
        loop {
            let news = self.mailbox.news.notified();
            let (exit, closed) = {
                let mut letters = self.mailbox.letters.lock();
                (letters.waiting.pop_front(), letters.closed)
            };
            if exit.is_some() || closed {
                return exit;
            }
            if self.told {
                news.await;
            } else if self.order.is_cancelled() {
                self.told = true;
                return Some(Exit::Shutdown);
            } else {
                tokio::select! {
                    () = news => {}
                    () = self.order.cancelled() => {}
                }
            }
        }
    }
}

/// Where the signals of one incarnation wait.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    letters: Lock<Letters>,
    news: Notify,
}

#[derive(Debug, Default)]
struct Letters {
    waiting: VecDeque<Exit>,
    closed: bool,
}

impl Mailbox {
    /// False, with the signal forgotten, if too many sent ones wait already.
    fn put(&self, exit: Exit) -> bool {
        let mut letters = self.letters.lock();
        // Those along links are as many as links were made; these are as many as anybody likes.
        if matches!(exit, Exit::Sent(_)) && letters.waiting.len() >= SENT_MAX {
            drop(letters);
            return false;
        }
        letters.waiting.push_back(exit);
        drop(letters);
        self.news.notify_waiters();
        true
    }

    pub(crate) fn close(&self) {
        self.letters.lock().closed = true;
        self.news.notify_waiters();
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        // Values of users, one at a time: whatever panics takes nothing else with it.
        let waiting = std::mem::take(&mut self.letters.lock().waiting);
        waiting.into_iter().for_each(panic::drop_quietly);
    }
}

/// The processes that one process is linked to.
#[derive(Debug, Default)]
pub(crate) struct Links {
    // Incarnations are unique in one tree; the node tells trees apart.
    peers: BTreeMap<(usize, u64), Place>,
}

impl Links {
    pub(crate) fn is_empty(&self) -> bool {
        self.peers.is_empty()
    }

    fn add(&mut self, peer: &Place) {
        self.peers.insert(identity(peer), peer.clone());
    }

    fn remove(&mut self, peer: &Place) -> Option<Place> {
        self.peers.remove(&identity(peer))
    }

    pub(crate) fn into_peers(self) -> impl Iterator<Item = Place> {
        self.peers.into_values()
    }
}

fn identity(place: &Place) -> (usize, u64) {
    (Arc::as_ptr(&place.node).addr(), place.incarnation)
}

/// What a signal leads to, once the lock is released.
enum Effect {
    Nothing,
    Deliver(Arc<Mailbox>),
    Abort(Option<Live>),
}

impl Place {
    /// Links two processes. One lock at a time: who delivers a signal has to take the link away first, so
    /// whatever happens between two steps, each end sends one signal at most.
    pub(crate) fn link(&self, other: &Self) {
        if identity(self) == identity(other) || !self.add_link(other) {
            return;
        }
        if !other.add_link(self) {
            let exit = other.ended_before();
            self.signal(Some(other), exit);
        } else if !self.is_current() {
            // Ended meanwhile: perhaps before the other had the link, and then its signal found none.
            let exit = self.ended_before();
            other.signal(Some(self), exit);
        }
    }

    pub(crate) fn unlink(&self, other: &Self) {
        let _links = (self.remove_link(other), other.remove_link(self));
    }

    /// False if this process has ended.
    fn add_link(&self, peer: &Self) -> bool {
        self.node.with(|state| {
            let seat = state.current(self.key, self.incarnation);
            seat.map(|seat| seat.extra().links.add(peer)).is_some()
        })
    }

    fn remove_link(&self, peer: &Self) -> Option<Self> {
        self.node.with(|state| {
            let seat = state.current(self.key, self.incarnation)?;
            seat.extra.as_mut()?.links.remove(peer)
        })
    }

    fn is_current(&self) -> bool {
        self.node
            .with(|state| state.machine.is_current(self.key, self.incarnation))
    }

    fn ended_before(&self) -> Exit {
        Exit::Linked {
            path: self.path(),
            incarnation: self.incarnation,
            reason: ExitReason::NoProcess,
        }
    }

    /// Traps exits: from now on signals are read, and the supervisor's order as well.
    pub(crate) fn trap_exits(&self) -> Exits {
        let order = self.trap();
        let mailbox = self
            .node
            .with(|state| match state.current(self.key, self.incarnation) {
                Some(seat) => Arc::clone(seat.extra().exits.get_or_insert_default()),
                None => {
                    let over = Arc::new(Mailbox::default());
                    over.close();
                    over
                }
            });
        Exits::new(mailbox, order)
    }

    /// Delivers an exit signal, with OTP's rules: one that is trapped is read; `Normal` has no effect otherwise;
    /// any other reason ends the process, with that reason. Supervisors trap exits and ignore the signals of
    /// strangers. False if there was nobody, or no link, any more.
    pub(crate) fn signal(&self, from: Option<&Self>, exit: Exit) -> bool {
        let (effect, link) = self.node.with(|state| {
            let Some(seat) = state.current(self.key, self.incarnation) else {
                return (None, None);
            };
            let link = from.map(|from| seat.extra().links.remove(from));
            if matches!(link, Some(None)) {
                return (None, None);
            }
            let effect = if seat.options.supervisor {
                Effect::Nothing
            } else if let Some(mailbox) = seat.extra.as_ref().and_then(|extra| extra.exits.clone())
            {
                Effect::Deliver(mailbox)
            } else if matches!(exit.reason(), ExitReason::Normal) {
                Effect::Nothing
            } else {
                let live = seat.doom(exit.reason().clone());
                if live.is_some() {
                    state.condemn(self.key, self.incarnation);
                }
                Effect::Abort(live)
            };
            (Some(effect), link)
        });
        drop(link);
        match effect {
            None => false,
            Some(Effect::Nothing) => true,
            Some(Effect::Deliver(mailbox)) => mailbox.put(exit),
            Some(Effect::Abort(live)) => {
                if let Some(Live::Task(task)) = live {
                    task.abort();
                    self.node.watch_the_condemned();
                }
                true
            }
        }
    }
}
