//! One event type for all crates, and the bus that brings events to those who want them.

mod subscription;

use std::any::Any;
use std::collections::VecDeque;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, Weak};

use crate::clock::{self, Coarse};
use crate::panic;
use crate::serial::Serial;
use crate::sync::atomic::{AtomicUsize, Ordering};

pub use subscription::Subscription;

/// How many events may wait for slow observers before further ones are dropped and counted.
const PENDING_MAX: usize = 4096;

/// Something that happened to a component.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Event {
    /// Position in the order of its bus. A gap means that events were dropped.
    pub seq: u64,
    /// When it happened, by the coarse clock.
    pub at: Coarse,
    /// The name of the component.
    pub component: Arc<str>,
    /// How much it matters.
    pub severity: Severity,
    detail: Arc<dyn Detail>,
}

/// How much an event matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// Ordinary life.
    Info,
    /// Something failed and was dealt with.
    Warning,
    /// Something failed and was not dealt with here.
    Error,
}

/// What an event says: each crate has its own types, with the facts as fields.
pub trait Detail: Any + fmt::Debug + fmt::Display + Send + Sync {
    /// A short name of this kind of event, in `snake_case`, that does not change between versions.
    fn name(&self) -> &'static str;
}

impl Event {
    /// The facts, if they are of type `T`.
    #[must_use]
    pub fn detail<T: Detail>(&self) -> Option<&T> {
        let detail: &dyn Any = self.detail.as_ref();
        detail.downcast_ref()
    }

    /// The name of this kind of event.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.detail.name()
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.component, self.detail)
    }
}

/// A bus of events: components publish, observers and subscribers hear.
///
/// A cheap handle; clones are the same bus. Order is decided when an event is published, and each
/// event is delivered by one thread at a time in that order, outside the locks of the component: an
/// observer may call back into it, and one that panics disturbs nobody. At most 4096 events
/// wait for a slow observer; what comes on top is dropped and [counted](Self::dropped).
///
/// While nobody listens, an event is not even built.
#[derive(Clone, Default)]
pub struct Events {
    bus: Arc<Bus>,
}

struct Bus {
    /// Read without the lock, so that a component nobody watches pays one load.
    listeners: AtomicUsize,
    serial: Serial<Queue>,
}

#[derive(Default)]
struct Queue {
    seq: u64,
    dropped: u64,
    pending: VecDeque<Event>,
    sinks: Arc<[Sink]>,
}

#[derive(Clone)]
struct Sink {
    call: Arc<dyn Fn(&Event) + Send + Sync>,
}

impl Default for Bus {
    fn default() -> Self {
        Self {
            listeners: AtomicUsize::new(0),
            serial: Serial::new(Queue::default()),
        }
    }
}

impl Events {
    /// A bus that nobody listens to yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Calls `f` for each event from now on, until the [`Observer`] is dropped.
    ///
    /// `f` runs in the thread of whoever caused the event: keep it short, and never block in it. If it panics, the
    /// panic ends there.
    pub fn observe(&self, f: impl Fn(&Event) + Send + Sync + 'static) -> Observer {
        let sink = Sink { call: Arc::new(f) };
        let id = Arc::downgrade(&sink.call);
        self.change_sinks(|sinks| sinks.push(sink));
        Observer {
            bus: Arc::downgrade(&self.bus),
            id,
        }
    }

    /// A stream of the events from now on, with room for `capacity` of them. If the subscriber lags, the
    /// oldest are dropped and [counted](Subscription::missed).
    #[must_use]
    pub fn subscribe(&self, capacity: NonZeroUsize) -> Subscription {
        Subscription::new(self, capacity)
    }

    /// Whether anybody listens.
    #[inline]
    #[must_use]
    pub fn is_watched(&self) -> bool {
        self.bus.listeners.load(Ordering::Acquire) > 0
    }

    /// How many events were dropped because observers were too slow.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.bus.serial.with(|queue| queue.dropped)
    }

    /// Gives the event its place in the order, without delivering it. May be called under a lock; follow it by
    /// [`deliver`](Self::deliver) outside.
    pub fn publish(&self, component: &Arc<str>, severity: Severity, detail: impl Detail) {
        if !self.is_watched() {
            return;
        }
        let (component, detail) = (Arc::clone(component), Arc::new(detail));
        let at = clock::coarse();
        self.bus.serial.with(|queue| {
            queue.seq += 1;
            if queue.pending.len() < PENDING_MAX {
                queue.pending.push_back(Event {
                    seq: queue.seq,
                    at,
                    component,
                    severity,
                    detail,
                });
            } else {
                queue.dropped += 1;
            }
        });
    }

    /// Delivers what is published, unless another thread is at it: then that one delivers this too.
    #[inline]
    pub fn deliver(&self) {
        if self.is_watched() {
            self.bus.deliver();
        }
    }

    /// [`publish`](Self::publish) and [`deliver`](Self::deliver).
    pub fn emit(&self, component: &Arc<str>, severity: Severity, detail: impl Detail) {
        self.publish(component, severity, detail);
        self.deliver();
    }

    fn change_sinks(&self, change: impl FnOnce(&mut Vec<Sink>)) {
        self.bus.change_sinks(change);
    }
}

impl Bus {
    fn deliver(&self) {
        self.serial.run(
            |queue| Some((queue.pending.pop_front()?, Arc::clone(&queue.sinks))),
            |(event, sinks)| {
                for sink in sinks.iter() {
                    // The observer's panic is the observer's: the hook has reported it.
                    let _ = panic::catch(|| (sink.call)(&event));
                }
                panic::drop_quietly((event, sinks));
            },
        );
    }

    fn change_sinks(&self, change: impl FnOnce(&mut Vec<Sink>)) {
        // What goes is dropped outside the lock: events and captures may do anything in their drop.
        let old = self.serial.with(|queue| {
            let mut sinks = queue.sinks.to_vec();
            change(&mut sinks);
            self.listeners.store(sinks.len(), Ordering::Release);
            let unheard = if sinks.is_empty() {
                std::mem::take(&mut queue.pending)
            } else {
                VecDeque::new()
            };
            (unheard, std::mem::replace(&mut queue.sinks, sinks.into()))
        });
        panic::drop_quietly(old);
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events")
            .field("watched", &self.is_watched())
            .finish_non_exhaustive()
    }
}

/// Keeps an observer registered; dropping it takes the observer off the bus.
///
/// A delivery that is under way may still reach the observer once.
#[must_use = "dropping it takes the observer off the bus; call `forget` to observe for as long as the bus lives"]
pub struct Observer {
    bus: Weak<Bus>,
    /// Weak: what the observer captured is dropped with the bus, so that it can tell.
    id: Weak<dyn Fn(&Event) + Send + Sync>,
}

impl Observer {
    /// Leaves the observer on the bus for as long as the bus lives.
    pub fn forget(mut self) {
        self.bus = Weak::new();
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        if let Some(bus) = self.bus.upgrade() {
            bus.change_sinks(|sinks| {
                sinks.retain(|sink| !Weak::ptr_eq(&Arc::downgrade(&sink.call), &self.id))
            });
        }
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observer").finish_non_exhaustive()
    }
}
