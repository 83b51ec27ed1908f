//! The registry in which dashboards and health checks find all components.
//!
//! A component registers itself, weakly, and knows nothing of those who look; they get
//! [`Snapshot`]s, plain data that can be drawn without knowing the crate it came from.

mod snapshot;

use std::fmt;
use std::sync::{Arc, OnceLock, Weak};

use crate::panic;
use crate::sync::Lock;

pub use snapshot::{Snapshot, Status, Value};

/// Below this many entries nobody looks for dead ones.
const PURGE_MIN: usize = 16;

/// Something that can say how it is.
pub trait Component: Send + Sync {
    /// How it is now.
    ///
    /// Called from any thread, with no lock of the registry held. It must not wait: what cannot be
    /// told at once is left out.
    fn snapshot(&self) -> Snapshot;
}

/// Knows all components that are alive, and keeps none of them alive.
///
/// A cheap handle; clones are the same registry. Memory is bounded by the components: entries of dead
/// ones are removed on registrations, at a constant cost each, and by every snapshot, so that there
/// are never more than twice as many entries (or 16) as there were components alive at once.
///
/// ```
/// use std::sync::Arc;
/// use seaworthy_core::component::{Component, Registry, Snapshot, Status};
///
/// struct Pump;
///
/// impl Component for Pump {
///     fn snapshot(&self) -> Snapshot {
///         Snapshot::new("pump", "bilge", "running").status(Status::Degraded).field("litres", 12)
///     }
/// }
///
/// let registry = Registry::new();
/// let pump = Arc::new(Pump);
/// registry.register(&pump);
/// assert_eq!(registry.snapshot()[0].to_string(), "pump bilge: running [degraded] (litres 12)");
///
/// drop(pump);
/// assert!(registry.snapshot().is_empty());
/// ```
#[derive(Clone, Default)]
pub struct Registry {
    entries: Arc<Lock<Entries>>,
}

#[derive(Default)]
struct Entries {
    components: Vec<Weak<dyn Component>>,
    /// At this length it is time to look for dead ones.
    purge_at: usize,
}

impl Entries {
    fn purge(&mut self) {
        self.components
            .retain(|component| component.strong_count() > 0);
        self.purge_at = PURGE_MIN.max(self.components.len() * 2);
        self.components.shrink_to(self.purge_at);
    }
}

impl Registry {
    /// An empty registry of its own, for tests and for programs that want more than one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The registry of the process, where components are unless their builder was told otherwise.
    #[must_use]
    pub fn global() -> &'static Self {
        static GLOBAL: OnceLock<Registry> = OnceLock::new();
        GLOBAL.get_or_init(Self::new)
    }

    /// Adds a component for as long as it lives elsewhere. Adding it twice shows it twice.
    pub fn register<C: Component + 'static>(&self, component: &Arc<C>) {
        let component: Weak<C> = Arc::downgrade(component);
        let mut entries = self.entries.lock();
        if entries.components.len() >= entries.purge_at {
            entries.purge();
        }
        entries.components.push(component);
    }

    /// How all components are now, ordered by kind, then by name.
    ///
    /// They are asked one after the other, without the lock: a component may register another or drop
    /// itself meanwhile. One that panics is in the list all the same, as a degraded one of kind
    /// `unreadable` that says what the panic said.
    #[must_use]
    pub fn snapshot(&self) -> Vec<Snapshot> {
        let components = {
            let mut entries = self.entries.lock();
            entries.purge();
            entries.components.clone()
        };
        let mut snapshots: Vec<_> = components.iter().filter_map(ask).collect();
        snapshots.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
        snapshots
    }
}

/// The snapshot of a component, if it is alive. It may die in here, and its drop may panic as well.
fn ask(component: &Weak<dyn Component>) -> Option<Snapshot> {
    panic::catch(|| component.upgrade().map(|alive| alive.snapshot())).unwrap_or_else(|panicked| {
        let unreadable = Snapshot::new("unreadable", "?", "its snapshot panicked")
            .status(Status::Degraded)
            .field("message", panicked.message);
        Some(match panicked.location {
            Some(location) => unreadable.field("location", location),
            None => unreadable,
        })
    })
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Plain(&'static str);

    impl Component for Plain {
        fn snapshot(&self) -> Snapshot {
            Snapshot::new("plain", self.0, "running")
        }
    }

    #[test]
    fn the_dead_take_no_room() {
        let registry = Registry::new();
        let entries = || registry.entries.lock().components.len();
        let alive: Vec<_> = (0..40).map(|_| Arc::new(Plain("alive"))).collect();
        alive
            .iter()
            .for_each(|component| registry.register(component));
        for _ in 0..10_000 {
            registry.register(&Arc::new(Plain("dead")));
            assert!(entries() <= 80, "{} entries for 40 components", entries());
        }
        assert_eq!(registry.snapshot().len(), 40);
        drop(alive);
        assert!(registry.snapshot().is_empty());
        assert_eq!(entries(), 0);
        assert!(registry.entries.lock().components.capacity() <= PURGE_MIN);
    }
}
