//! The rules again, as plainly as they can be said.

use std::collections::VecDeque;

use super::{Log, Spec, Step, next_start};
use crate::config::{AutoShutdown, Flags, Mode, Restart, Strategy};
use crate::machine::{Slot, StartOutcome};

#[derive(Clone, Debug)]
struct Child {
    spec: Spec,
    slot: Slot,
    /// The process lives; while a notice of its end is queued it does not, and the slot says it runs.
    alive: bool,
    incarnation: u64,
    hopeless: bool,
    /// Its restart waits for those it needs.
    waits: bool,
}

#[derive(Debug)]
enum Item {
    Exit {
        name: &'static str,
        incarnation: u64,
        clean: bool,
    },
    /// Try again, for the child that was the `born`-th to be added.
    Retry(&'static str, u64),
    /// The pause after this incarnation is over, or what it waited for runs.
    Due(&'static str, u64),
    GiveUp,
    Call(usize, Step),
    Stop,
}

pub(super) struct Model {
    flags: Flags,
    children: Vec<(u64, Child)>,
    inbox: VecDeque<Item>,
    pauses: Vec<(&'static str, u64)>,
    restarts: u32,
    incarnations: u64,
    born: u64,
    over: bool,
    pub(super) log: Log,
}

impl Model {
    pub(super) fn new(flags: Flags, specs: &[Spec]) -> Self {
        let mut model = Self {
            flags,
            children: Vec::new(),
            inbox: VecDeque::new(),
            pauses: Vec::new(),
            restarts: 0,
            incarnations: 0,
            born: 0,
            over: false,
            log: Vec::new(),
        };
        for spec in specs {
            model.add(spec.clone());
        }
        for spec in specs {
            match model.start(spec.name) {
                StartOutcome::Ok => {}
                StartOutcome::Ignored => model.drop_if_temporary(spec.name),
                StartOutcome::Failed => {
                    model.end("start failed");
                    return model;
                }
            }
        }
        model.log.push("up".to_owned());
        model
    }

    pub(super) fn batch(&mut self, steps: &[(usize, Step)]) {
        if self.over {
            return;
        }
        for (caller, step) in steps {
            let item = match step {
                Step::Stop => Item::Stop,
                Step::Due(which) => {
                    if self.pauses.is_empty() {
                        continue;
                    }
                    let (name, incarnation) = self.pauses.remove(which % self.pauses.len());
                    Item::Due(name, incarnation)
                }
                Step::Escalate(name) => {
                    let Some(child) = self.get(name).filter(|child| child.alive) else {
                        continue;
                    };
                    child.alive = false;
                    self.inbox.push_front(Item::GiveUp);
                    continue;
                }
                Step::Exit {
                    name,
                    clean,
                    hopeless,
                } => {
                    let Some(child) = self.get(name).filter(|child| child.alive) else {
                        continue;
                    };
                    child.alive = false;
                    child.hopeless |= hopeless;
                    Item::Exit {
                        name,
                        incarnation: child.incarnation,
                        clean: *clean,
                    }
                }
                step => Item::Call(*caller, step.clone()),
            };
            self.inbox.push_back(item);
        }
        while let Some(item) = self.inbox.pop_front().filter(|_| !self.over) {
            self.handle(item);
        }
    }

    pub(super) fn children(&self) -> Vec<(&'static str, Slot)> {
        self.children
            .iter()
            .map(|(_, child)| (child.spec.name, child.slot))
            .collect()
    }

    fn handle(&mut self, item: Item) {
        match item {
            Item::Stop => self.end("stopped"),
            Item::GiveUp => self.end("gave up"),
            Item::Due(name, incarnation) => {
                let Some(child) = self.get(name) else { return };
                if child.slot == Slot::Restarting && child.incarnation == incarnation {
                    self.restart(name);
                }
            }
            Item::Retry(name, born) => {
                let waits = |(b, child): &(u64, Child)| {
                    *b == born
                        && child.spec.name == name
                        && child.slot == Slot::Restarting
                        && !child.waits
                };
                if self.children.iter().any(waits) {
                    self.restart(name);
                }
            }
            Item::Exit {
                name,
                incarnation,
                clean,
            } => {
                let Some(child) = self.get(name) else { return };
                if child.incarnation != incarnation || child.slot != Slot::Running {
                    return;
                }
                let restart = match child.spec.restart {
                    Restart::Permanent => true,
                    Restart::Transient => !clean,
                    Restart::Temporary => false,
                };
                let (hopeless, paused) = (child.hopeless, child.spec.paused);
                if !restart || hopeless {
                    self.let_go(name);
                } else if paused {
                    for other in self.group(name).into_iter().rev() {
                        self.stop(other);
                    }
                    self.pause(name);
                } else {
                    self.restart(name);
                }
            }
            Item::Call(caller, step) => {
                let reply = self.call(step);
                self.log.push(format!("reply {caller} {reply}"));
            }
        }
    }

    /// It stays down.
    fn let_go(&mut self, name: &'static str) {
        let child = self.get(name).unwrap();
        let significant = child.spec.significant;
        child.slot = Slot::Vacant;
        self.drop_if_temporary(name);
        let left = |(_, child): &(u64, Child)| child.spec.significant && child.slot != Slot::Vacant;
        let end = match self.flags.auto_shutdown {
            AutoShutdown::Never => false,
            AutoShutdown::AnySignificant => significant,
            AutoShutdown::AllSignificant => significant && !self.children.iter().any(left),
        };
        if end {
            self.end("auto-shutdown");
        }
    }

    fn pause(&mut self, name: &'static str) {
        let child = self.get(name).unwrap();
        child.slot = Slot::Restarting;
        let incarnation = child.incarnation;
        self.pauses.push((name, incarnation));
        self.log.push(format!("pause {name}"));
    }

    /// Those that are restarted with it; nobody if it is alone.
    fn group(&self, name: &str) -> Vec<&'static str> {
        let names = self.children.iter().map(|(_, child)| child.spec.name);
        match self.flags.mode {
            Mode::Static(Strategy::OneForAll) => names.collect(),
            Mode::Static(Strategy::RestForOne) => {
                names.skip_while(|other| *other != name).collect()
            }
            _ => Vec::new(),
        }
    }

    fn lacks(&self, child: &Child) -> bool {
        let born = |name| {
            let place = self.children.iter().find(|(_, it)| it.spec.name == name);
            place.map(|(born, _)| *born)
        };
        let runs = |name: &&str| {
            self.children.iter().any(|(at, other)| {
                let comes_later = Some(*at) >= born(child.spec.name);
                let runs = other.slot == Slot::Running && other.alive;
                other.spec.name == *name && (comes_later || runs)
            })
        };
        !child.spec.needs.iter().all(runs)
    }

    fn wake(&mut self) {
        let waiting = self.children.iter().filter(|(_, child)| child.waits);
        let ready = waiting.filter(|(_, child)| !self.lacks(child));
        let ready: Vec<_> = ready
            .map(|(_, child)| (child.spec.name, child.incarnation))
            .collect();
        for (name, incarnation) in ready {
            self.get(name).unwrap().waits = false;
            self.inbox.push_back(Item::Due(name, incarnation));
        }
    }

    fn call(&mut self, step: Step) -> &'static str {
        match step {
            Step::Start(spec) => {
                let name = spec.name;
                if spec.significant && self.flags.auto_shutdown == AutoShutdown::Never {
                    return "Invalid";
                }
                match self.get(name).map(|child| child.slot) {
                    Some(Slot::Running) => return "AlreadyStarted",
                    Some(_) => return "AlreadyPresent",
                    None => self.add(spec),
                }
                match self.start(name) {
                    StartOutcome::Ok => "Started",
                    StartOutcome::Ignored => {
                        self.drop_if_temporary(name);
                        "Ignored"
                    }
                    StartOutcome::Failed => {
                        self.forget(name);
                        "Failed"
                    }
                }
            }
            Step::Terminate(name) => {
                if self.get(name).is_none() {
                    return "NotFound";
                }
                self.stop(name);
                "Done"
            }
            Step::Restart(name) => match self.get(name).map(|child| child.slot) {
                None => "NotFound",
                Some(Slot::Running) => "Running",
                Some(Slot::Restarting) => "Restarting",
                Some(Slot::Vacant) => match self.start(name) {
                    StartOutcome::Ok => "Started",
                    StartOutcome::Ignored => "Ignored",
                    StartOutcome::Failed => "Failed",
                },
            },
            Step::Delete(name) => match self.get(name).map(|child| child.slot) {
                None => "NotFound",
                Some(Slot::Running) => "Running",
                Some(Slot::Restarting) => "Restarting",
                Some(Slot::Vacant) => {
                    self.forget(name);
                    "Done"
                }
            },
            Step::Exit { .. } | Step::Escalate(_) | Step::Due(_) | Step::Stop => {
                unreachable!("not a call")
            }
        }
    }

    fn restart(&mut self, name: &'static str) {
        let together = self.flags.mode == Mode::Static(Strategy::OneForAll);
        let child = self.get(name).unwrap().clone();
        if !together && self.lacks(&child) {
            let child = self.get(name).unwrap();
            child.slot = Slot::Restarting;
            child.waits = true;
            return;
        }
        self.restarts += 1;
        if self.restarts > self.flags.max_restarts {
            self.get(name).unwrap().slot = Slot::Vacant;
            self.drop_if_temporary(name);
            return self.end("gave up");
        }
        let group = self.group(name);
        if group.is_empty() {
            let outcome = self.start(name);
            return self.restarted(name, outcome);
        }
        for name in group.iter().rev() {
            self.stop(name);
        }
        for name in group {
            if self.get(name).is_none() {
                continue;
            }
            let outcome = self.start(name);
            self.restarted(name, outcome);
            let goes_on = self
                .get(name)
                .is_none_or(|child| child.slot != Slot::Restarting);
            if self.over || !goes_on {
                return;
            }
        }
    }

    fn restarted(&mut self, name: &'static str, outcome: StartOutcome) {
        if outcome != StartOutcome::Failed {
            return;
        }
        let child = self.get(name).unwrap();
        if child.hopeless {
            self.let_go(name);
        } else if child.spec.paused {
            self.pause(name);
        } else {
            let place = self
                .children
                .iter()
                .position(|(_, child)| child.spec.name == name)
                .unwrap();
            self.children[place].1.slot = Slot::Restarting;
            self.inbox
                .push_back(Item::Retry(name, self.children[place].0));
        }
    }

    fn start(&mut self, name: &'static str) -> StartOutcome {
        self.incarnations += 1;
        let incarnation = self.incarnations;
        let child = self.get(name).unwrap();
        let outcome = next_start(&mut child.spec.starts);
        child.hopeless = child.spec.gives_up && outcome == StartOutcome::Failed;
        child.waits = false;
        child.incarnation = incarnation;
        child.alive = outcome == StartOutcome::Ok;
        child.slot = if child.alive {
            Slot::Running
        } else {
            Slot::Vacant
        };
        self.log.push(format!("start {name} {outcome:?}"));
        if outcome == StartOutcome::Ok {
            self.wake();
        }
        outcome
    }

    fn stop(&mut self, name: &'static str) {
        let child = self.get(name).unwrap();
        let alive = std::mem::take(&mut child.alive);
        child.waits = false;
        child.slot = Slot::Vacant;
        if alive {
            self.log.push(format!("stop {name}"));
        }
        self.drop_if_temporary(name);
    }

    fn end(&mut self, how: &str) {
        let names: Vec<_> = self
            .children
            .iter()
            .map(|(_, child)| child.spec.name)
            .collect();
        for name in names.into_iter().rev() {
            self.stop(name);
        }
        self.children.clear();
        self.over = true;
        self.log.push(format!("exit {how}"));
    }

    fn add(&mut self, spec: Spec) {
        self.born += 1;
        let child = Child {
            spec,
            slot: Slot::Vacant,
            alive: false,
            incarnation: 0,
            hopeless: false,
            waits: false,
        };
        self.children.push((self.born, child));
        self.wake();
    }

    fn get(&mut self, name: &str) -> Option<&mut Child> {
        self.children
            .iter_mut()
            .map(|(_, child)| child)
            .find(|child| child.spec.name == name)
    }

    fn drop_if_temporary(&mut self, name: &str) {
        if self
            .get(name)
            .is_some_and(|child| child.spec.restart == Restart::Temporary)
        {
            self.forget(name);
        }
    }

    fn forget(&mut self, name: &str) {
        self.children.retain(|(_, child)| child.spec.name != name);
    }
}
