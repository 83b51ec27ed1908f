//! Makes a failing scenario small enough to read.

use crate::replay::scenario::{Action, ChildSpec, Scenario, SupSpec, WorkerSpec};

/// The smallest scenario found that still `fails`, by leaving out one thing after the other.
pub(crate) fn shrink(mut scenario: Scenario, mut fails: impl FnMut(&Scenario) -> bool) -> Scenario {
    'again: loop {
        for smaller in candidates(&scenario) {
            if fails(&smaller) {
                scenario = smaller;
                continue 'again;
            }
        }
        return scenario;
    }
}

fn candidates(scenario: &Scenario) -> Vec<Scenario> {
    let with_actions = |actions| Scenario {
        actions,
        ..scenario.clone()
    };
    let actions = smaller_actions(&scenario.actions)
        .into_iter()
        .map(with_actions);
    let trees = smaller_sups(&scenario.tree).into_iter();
    actions
        .chain(trees.map(|tree| Scenario {
            tree,
            ..scenario.clone()
        }))
        .collect()
}

fn smaller_actions(actions: &[Action]) -> Vec<Vec<Action>> {
    let keep = |keep: std::ops::Range<usize>| actions[keep].to_vec();
    let mut found = vec![
        keep(0..actions.len() / 2),
        keep(0..actions.len().saturating_sub(1)),
    ];
    found.retain(|smaller| smaller.len() < actions.len());
    for (at, action) in actions.iter().enumerate() {
        found.push(without(actions, at));
        let mut replace = |action| found.push(with(actions, at, action));
        match action {
            Action::Batch { sup, steps } => {
                for step in 0..steps.len() {
                    replace(Action::Batch {
                        sup: sup.clone(),
                        steps: without(steps, step),
                    });
                }
            }
            Action::StartChild {
                sup,
                spec: Some(ChildSpec::Supervisor(spec)),
                ..
            } => {
                for smaller in smaller_sups(spec) {
                    let spec = Some(ChildSpec::Supervisor(smaller));
                    replace(Action::StartChild {
                        sup: sup.clone(),
                        spec,
                        args: None,
                    });
                }
            }
            _ => {}
        }
    }
    found
}

fn smaller_sups(sup: &SupSpec) -> Vec<SupSpec> {
    let with_children = |children| SupSpec {
        children,
        ..sup.clone()
    };
    let mut found = Vec::new();
    for (at, child) in sup.children.iter().enumerate() {
        found.push(with_children(without(&sup.children, at)));
        match child {
            ChildSpec::Supervisor(below) => {
                for smaller in smaller_sups(below) {
                    let smaller = ChildSpec::Supervisor(smaller);
                    found.push(with_children(with(&sup.children, at, smaller)));
                }
            }
            ChildSpec::Worker(worker) if !worker.init.is_empty() => {
                let init = worker.init[..worker.init.len() - 1].to_vec();
                let worker = WorkerSpec {
                    init,
                    ..worker.clone()
                };
                found.push(with_children(with(
                    &sup.children,
                    at,
                    ChildSpec::Worker(worker),
                )));
            }
            ChildSpec::Worker(_) => {}
        }
    }
    found
}

fn without<T: Clone>(list: &[T], at: usize) -> Vec<T> {
    let mut list = list.to_vec();
    list.remove(at);
    list
}

fn with<T: Clone>(list: &[T], at: usize, item: T) -> Vec<T> {
    let mut list = list.to_vec();
    list[at] = item;
    list
}
