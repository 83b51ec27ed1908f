//! Random scenarios, written while the model plays them, so that most actions hit something.

use fastrand::Rng;

use super::trees::Trees;
use super::{Model, Seen};
use crate::replay::scenario::{Action, Args, ChildSpec, Exit, NamedExit, Scenario};

/// The scenario of this seed, with the trace that the model expects.
pub(crate) fn scenario(seed: u64) -> Scenario {
    let mut rng = Rng::with_seed(seed);
    let sleeps = rng.u32(..10) == 0;
    let (period_s, refusing) = if sleeps { (1, 2) } else { (3600, 100) };
    let flaky = rng.u32(..4) == 0;
    let mut trees = Trees {
        rng: &mut rng,
        period_s,
        refusing,
        flaky,
    };
    let depth = trees.pick(&[0, 1, 2, 2, 3]);
    let tree = trees.sup("root", depth, true);
    let (mut model, first) = Model::start(&tree);
    let mut scenario = Scenario {
        id: format!("random/{seed}"),
        tree,
        actions: vec![],
        trace: vec![first],
    };
    let many = trees.rng.usize(1..=16);
    let mut writer = Writer {
        trees,
        sleeps,
        new: 0,
        exited: Vec::new(),
    };
    while scenario.actions.len() < many {
        let seen = model.seen();
        if seen.is_empty() && writer.trees.chance(60) {
            break;
        }
        let action = writer.action(&seen);
        scenario.trace.push(model.act(&action));
        scenario.actions.push(action);
    }
    scenario
}

struct Writer<'a> {
    trees: Trees<'a>,
    sleeps: bool,
    new: usize,
    /// Who exited in this batch.
    exited: Vec<String>,
}

impl Writer<'_> {
    fn action(&mut self, sups: &[Seen]) -> Action {
        if self.sleeps && self.trees.chance(15) {
            return Action::SleepMs { ms: 2500 };
        }
        if self.trees.chance(2) {
            return Action::Stop;
        }
        let gone = Seen::gone();
        let sup = if sups.is_empty() || self.trees.chance(1) {
            &gone
        } else {
            // Those that can do something are asked more often.
            let busy: Vec<&Seen> = sups.iter().filter(|sup| !sup.workers.is_empty()).collect();
            if busy.is_empty() || self.trees.chance(30) {
                &sups[self.trees.rng.usize(..sups.len())]
            } else {
                busy[self.trees.rng.usize(..busy.len())]
            }
        };
        self.exited.clear();
        if self.trees.chance(if self.trees.flaky { 45 } else { 20 }) {
            let steps = (0..self.trees.rng.usize(1..=6))
                .map(|_| self.step(sup, 55))
                .collect();
            return Action::Batch {
                sup: sup.path.clone(),
                steps,
            };
        }
        self.step(sup, 45)
    }

    fn step(&mut self, sup: &Seen, exits: u32) -> Action {
        let path = sup.path.clone();
        if self
            .trees
            .chance(if sup.workers.is_empty() { 3 } else { exits })
        {
            return self.exit(sup);
        }
        let child = self.id(sup);
        let kinds = if sup.simple {
            [0, 0, 0, 0, 1, 4, 5, 6]
        } else {
            [0, 0, 1, 1, 2, 3, 4, 5]
        };
        match self.trees.pick(&kinds) {
            0 => self.start(sup),
            1 => Action::TerminateChild { sup: path, child },
            2 => Action::RestartChild { sup: path, child },
            3 => Action::DeleteChild { sup: path, child },
            4 => Action::WhichChildren { sup: path },
            5 => Action::CountChildren { sup: path },
            _ if self.trees.chance(50) => Action::RestartChild {
                sup: path,
                child: "w".into(),
            },
            _ => Action::DeleteChild {
                sup: path,
                child: "w".into(),
            },
        }
    }

    fn exit(&mut self, sup: &Seen) -> Action {
        let child = if sup.workers.is_empty() || self.trees.chance(4) {
            sup.names.iter().find(|name| name.starts_with('w')).cloned()
        } else {
            Some(sup.workers[self.trees.rng.usize(..sup.workers.len())].clone())
        };
        let child = child.unwrap_or_else(|| "nope".into());
        self.exited.push(child.clone());
        let reason = match self.trees.pick(&[0, 0, 0, 0, 1, 1, 2, 3, 4]) {
            0 => Exit::Named(NamedExit::Error),
            1 => Exit::Named(NamedExit::Kill),
            2 => Exit::Named(NamedExit::Normal),
            3 => Exit::Named(NamedExit::Shutdown),
            _ => Exit::Detailed {
                shutdown: "x".into(),
            },
        };
        Action::Exit {
            child: format!("{}/{child}", sup.path),
            reason,
        }
    }

    /// The id of a child, or of none.
    fn id(&mut self, sup: &Seen) -> String {
        if !self.exited.is_empty() && self.trees.chance(40) {
            return self.exited[self.trees.rng.usize(..self.exited.len())].clone();
        }
        match self.trees.rng.u32(..20) {
            0 if sup.simple => "w".to_owned(),
            0 => "nope".to_owned(),
            1..3 if sup.simple => format!("#{}", self.trees.rng.u32(1..=4)),
            _ if sup.names.is_empty() => "w0".to_owned(),
            _ => sup.names[self.trees.rng.usize(..sup.names.len())].clone(),
        }
    }

    fn start(&mut self, sup: &Seen) -> Action {
        let path = sup.path.clone();
        if sup.simple {
            let args = self.trees.chance(25).then(|| Args {
                init: self.trees.chance(90).then(|| self.trees.init(10)),
            });
            return Action::StartChild {
                sup: path,
                spec: None,
                args,
            };
        }
        let auto = sup.auto_shutdown;
        let id = if self.trees.chance(30) {
            self.id(sup)
        } else {
            self.new += 1;
            format!("n{}", self.new)
        };
        let spec = if self.trees.chance(25) {
            ChildSpec::Supervisor(self.trees.child_sup(&id, 1, auto))
        } else {
            let mut worker = self.trees.worker(&id, auto);
            worker.init = self.trees.init(10);
            ChildSpec::Worker(worker)
        };
        Action::StartChild {
            sup: path,
            spec: Some(spec),
            args: None,
        }
    }
}
