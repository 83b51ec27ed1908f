//! Looking at components neither disturbs them nor is disturbed by them.

use std::sync::{Arc, Weak};

use seaworthy_core::component::{Component, Registry, Snapshot, Status, Value};
use seaworthy_core::sync::Lock;

struct Plain(&'static str, &'static str);

impl Component for Plain {
    fn snapshot(&self) -> Snapshot {
        Snapshot::new(self.0, self.1, "running")
    }
}

fn names(registry: &Registry) -> Vec<(&'static str, String)> {
    registry
        .snapshot()
        .into_iter()
        .map(|snapshot| (snapshot.kind, snapshot.name))
        .collect()
}

#[test]
fn the_living_are_listed_by_kind_and_name() {
    let registry = Registry::new();
    let mut components: Vec<_> = [
        ("queue", "a"),
        ("breaker", "z"),
        ("queue", "B"),
        ("breaker", "b"),
    ]
    .into_iter()
    .map(|(kind, name)| Arc::new(Plain(kind, name)))
    .collect();
    components
        .iter()
        .for_each(|component| registry.register(component));
    drop(components.remove(1));
    let expected = [("breaker", "b"), ("queue", "B"), ("queue", "a")];
    assert_eq!(
        names(&registry),
        expected.map(|(kind, name)| (kind, name.to_owned()))
    );
}

#[test]
fn handles_share_one_registry_and_the_global_one_is_one() {
    let component = Arc::new(Plain("kind", "in global_and_clones"));
    Registry::global().clone().register(&component);
    let found = names(Registry::global())
        .iter()
        .filter(|(_, name)| *name == component.1)
        .count();
    assert_eq!(found, 1);
    assert!(Registry::new().snapshot().is_empty());
}

struct Panicking;

impl Component for Panicking {
    fn snapshot(&self) -> Snapshot {
        panic!("no snapshot today");
    }
}

#[test]
fn one_that_panics_is_reported_and_hides_no_other() {
    let registry = Registry::new();
    let (bad, good) = (Arc::new(Panicking), Arc::new(Plain("queue", "good")));
    registry.register(&bad);
    registry.register(&good);
    let snapshots = registry.snapshot();
    assert_eq!(snapshots.len(), 2);
    assert_eq!(
        (snapshots[0].kind, snapshots[0].name.as_str()),
        ("queue", "good")
    );
    assert_eq!(snapshots[1].status, Status::Degraded);
    assert_eq!(snapshots[1].state, "its snapshot panicked");
    assert_eq!(
        snapshots[1].fields[0],
        ("message", Value::Text("no snapshot today".to_owned()))
    );
    assert!(
        snapshots[1].to_string().contains("tests/component.rs:"),
        "{}",
        snapshots[1]
    );
}

/// Uses the registry again while it is asked and while it is dropped.
struct Reentrant {
    registry: Registry,
    last: Lock<Option<Arc<Reentrant>>>,
}

impl Component for Reentrant {
    fn snapshot(&self) -> Snapshot {
        self.registry.register(&Arc::new(Plain("short", "lived")));
        // The only handle from outside goes away: the component dies as the registry lets go of it.
        drop(self.last.lock().take());
        Snapshot::new("reentrant", "r", "running")
    }
}

impl Drop for Reentrant {
    fn drop(&mut self) {
        assert_eq!(names(&self.registry), [], "it is dead by now");
        panic!("and its drop panics");
    }
}

#[test]
fn components_may_use_the_registry_and_die_meanwhile() {
    let registry = Registry::new();
    let component = Arc::new(Reentrant {
        registry: registry.clone(),
        last: Lock::new(None),
    });
    let weak: Weak<_> = Arc::downgrade(&component);
    registry.register(&component);
    *component.last.lock() = Some(Arc::clone(&component));
    drop(component);
    let snapshots = registry.snapshot();
    assert_eq!(snapshots.len(), 1);
    assert!(
        snapshots[0].to_string().contains("and its drop panics"),
        "{}",
        snapshots[0]
    );
    assert_eq!(weak.strong_count(), 0);
    assert!(registry.snapshot().is_empty());
}
