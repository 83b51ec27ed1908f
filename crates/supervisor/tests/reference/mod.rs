//! A naive model of the OTP rules: plain lists, one message at a time, no concurrency at all.
//!
//! It is here to be obviously right, not fast. It produces the same groups as the recorded
//! traces, and so judges the crate on scenarios that nobody recorded.

mod calls;
pub(crate) mod generate;
mod restart;
mod seen;
pub(crate) mod shrink;
mod spec;
mod sup;
mod trees;
mod world;

use serde_json::json;

use self::calls::Call;
use self::seen::Seen;
use self::sup::{GaveUp, Handled, Message, Replies, Slot, Sup};
use self::world::{Node, World};
use crate::replay::normal::normalise;
use crate::replay::scenario::{
    Action, ChildSpec, Exit, Group, NamedExit, SupSpec, instance, split,
};

/// One running scenario.
#[derive(Debug)]
pub(crate) struct Model {
    world: World,
    root: Option<Sup>,
    actions: usize,
}

impl Model {
    /// Starts the tree; the events of that are the first group.
    pub(crate) fn start(tree: &SupSpec) -> (Self, Group) {
        let mut world = World::default();
        let node = Node::new(ChildSpec::Supervisor(tree.clone()));
        let root = Sup::start(&mut world, &node, "root");
        let mut model = Self {
            world,
            root,
            actions: 0,
        };
        let group = model.group(Vec::new());
        (model, group)
    }

    pub(crate) fn act(&mut self, action: &Action) -> Group {
        let mut replies = Replies::new();
        match action {
            Action::SleepMs { ms } => self.world.now_ms += ms,
            Action::Stop => {
                if let Some(mut root) = self.root.take() {
                    root.terminate_all(&mut self.world);
                    self.world.sup_exit("root", json!("shutdown"));
                }
            }
            Action::Batch { sup, steps } => {
                for (at, step) in steps.iter().enumerate() {
                    self.issue(step, Some(at), &mut replies);
                }
                self.settle(sup, &mut replies);
            }
            Action::Exit { child, .. } => {
                self.issue(action, None, &mut replies);
                self.settle(split(child).0, &mut replies);
            }
            _ => {
                self.issue(action, None, &mut replies);
                self.settle(action.sup().unwrap_or_default(), &mut replies);
            }
        }
        replies.sort_by_key(|(step, _)| *step);
        let group = self.group(replies);
        self.actions += 1;
        group
    }

    fn group(&mut self, replies: Replies) -> Group {
        let mut group = std::mem::take(&mut self.world.events);
        normalise(&mut group);
        for (step, value) in replies {
            let mut event = json!({"ev": "reply", "to": self.actions, "value": value});
            if let Some(step) = step {
                event["step"] = json!(step);
            }
            group.push(event);
        }
        group
    }

    pub(crate) fn sup(&mut self, path: &str) -> Option<&mut Sup> {
        let mut ids = path.split('/');
        let mut sup = self.root.as_mut().filter(|_| ids.next() == Some("root"))?;
        for id in ids {
            let at = sup.position(id)?;
            let Slot::Running(proc) = &mut sup.children[at].slot else {
                return None;
            };
            sup = proc.sup.as_mut()?;
        }
        Some(sup)
    }

    /// Puts an exit notice or a call into the supervisor's inbox, or answers at once.
    fn issue(&mut self, step: &Action, number: Option<usize>, replies: &mut Replies) {
        let outcome = match step {
            Action::Exit { child, reason } => self.exit(child, reason).ok_or("no_child"),
            _ => self.call(step, number),
        };
        if let Err(reply) = outcome {
            replies.push((number, json!(reply)));
        }
    }

    fn exit(&mut self, path: &str, reason: &Exit) -> Option<()> {
        let (sup, id) = split(path);
        let sup = self.sup(sup)?;
        let at = sup.position(id)?;
        let Slot::Running(proc) = &mut sup.children[at].slot else {
            return None;
        };
        if !proc.alive || proc.sup.is_some() {
            return None;
        }
        proc.alive = false;
        let reason = match reason {
            Exit::Named(NamedExit::Kill) => json!("killed"),
            other => json!(other),
        };
        sup.inbox.push_back(Message::Exit {
            pid: proc.pid,
            reason: reason.clone(),
        });
        self.world.exit(path, reason);
        Some(())
    }

    fn call(&mut self, action: &Action, step: Option<usize>) -> Result<(), &'static str> {
        let path = action.sup().unwrap_or_default();
        let simple = self.sup(path).ok_or("no_sup")?.simple();
        let call = match action.clone() {
            Action::StartChild {
                spec: Some(spec), ..
            } => Call::Start(spec),
            Action::StartChild { args, .. } => {
                let k = self.world.instances.entry(path.to_owned()).or_default();
                *k += 1;
                Call::StartInstance {
                    name: format!("#{k}"),
                    init: args.and_then(|a| a.init),
                }
            }
            Action::TerminateChild { child, .. } if simple && instance(&child).is_some() => {
                let pid = self.world.pids.get(&format!("{path}/{child}"));
                Call::TerminatePid(*pid.ok_or("no_child")?)
            }
            Action::TerminateChild { child, .. } => Call::Terminate(child),
            Action::RestartChild { child, .. } => Call::Restart(child),
            Action::DeleteChild { child, .. } => Call::Delete(child),
            Action::WhichChildren { .. } => Call::Which,
            Action::CountChildren { .. } => Call::Count,
            other => unreachable!("not a call: {other:?}"),
        };
        if let Some(sup) = self.sup(path) {
            sup.inbox.push_back(Message::Call { step, call });
        }
        Ok(())
    }

    /// Lets the supervisor at `path` work off its inbox, then its parents what follows from it.
    fn settle(&mut self, path: &str, replies: &mut Replies) {
        let mut ids: Vec<&str> = path.split('/').skip(1).collect();
        ids.reverse();
        let Some(root) = &mut self.root else { return };
        if let Err(GaveUp) = settle(&mut self.world, root, &mut ids, replies) {
            self.root = None;
        }
    }
}

fn settle(world: &mut World, sup: &mut Sup, ids: &mut Vec<&str>, replies: &mut Replies) -> Handled {
    if let Some(id) = ids.pop()
        && let Some(at) = sup.position(id)
        && let Slot::Running(proc) = &mut sup.children[at].slot
        && let Some(child) = &mut proc.sup
        && let Err(GaveUp) = settle(world, child, ids, replies)
    {
        proc.alive = false;
        let (pid, reason) = (proc.pid, json!("shutdown"));
        sup.inbox.push_back(Message::Exit { pid, reason });
    }
    let handled = sup.run(world, replies);
    if handled.is_err() {
        for message in sup.inbox.drain(..) {
            if let Message::Call { step, .. } = message {
                replies.push((step, json!("no_sup")));
            }
        }
        world.sup_exit(&sup.path, json!("shutdown"));
    }
    handled
}

/// Starts the tree, takes every action, and gives the groups of all of it.
pub(crate) fn groups(tree: &SupSpec, actions: &[Action]) -> Vec<Group> {
    let (mut model, first) = Model::start(tree);
    let mut groups = vec![first];
    groups.extend(actions.iter().map(|action| model.act(action)));
    groups
}
