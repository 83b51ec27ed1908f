//! The calls to a supervisor.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use seaworthy_supervisor::{ChildRef, DynamicSupervisor, Supervisor};
use serde_json::{Value, json};

use super::player::Player;
use super::scenario::{Action, Item, instance};
use super::tree::Workshop;
use super::values::{count, done, restarted, started, which};
use super::worker::Instance;

/// A supervisor that lives, and its handle as a dynamic one if it is that.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) sup: Supervisor,
    pub(crate) dynamic: Option<DynamicSupervisor<Instance>>,
    pub(crate) path: String,
}

/// A value, and the process that was started under a trace path.
pub(crate) type Outcome = (Value, Option<(String, ChildRef)>);

type Call = Pin<Box<dyn Future<Output = Outcome>>>;

/// The outcome of a call, or the way to it.
pub(crate) enum Answer {
    Now(Outcome),
    Later(Call),
}

impl Answer {
    pub(crate) fn now(value: &str) -> Self {
        Self::Now((json!(value), None))
    }

    /// Polls a call once, which puts it into the inbox of its supervisor.
    async fn enqueue(mut call: Call) -> Self {
        let polled = poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx))).await;
        match polled {
            Poll::Ready(outcome) => Self::Now(outcome),
            Poll::Pending => Self::Later(call),
        }
    }

    pub(crate) async fn get(self) -> Outcome {
        match self {
            Self::Now(outcome) => outcome,
            Self::Later(call) => call.await,
        }
    }
}

impl Player {
    pub(super) async fn target(&self, path: &str) -> Option<Target> {
        let mut target = Target {
            sup: self.sup(path)?,
            dynamic: None,
            path: path.to_owned(),
        };
        for handle in self.dynamics.get(path).into_iter().flatten() {
            // Of all that were specified at this path, the one that answers is there.
            if handle.count_children().await.is_ok() {
                target.dynamic = Some(handle.clone());
            }
        }
        Some(target)
    }

    pub(super) async fn call(&mut self, target: Option<&Target>, action: &Action) -> Answer {
        let Some(Target { sup, dynamic, path }) = target else {
            return Answer::now("no_sup");
        };
        let sup = sup.clone();
        let call: Call = match (action.clone(), dynamic.clone()) {
            (Action::StartChild { args, .. }, Some(dynamic)) => {
                self.start_instance(path, dynamic, args.and_then(|args| args.init))
            }
            (
                Action::StartChild {
                    spec: Some(spec), ..
                },
                None,
            ) => {
                let (style, stage, dynamics) = (self.style, &self.stage, &mut self.dynamics);
                let child = Workshop {
                    style,
                    stage,
                    dynamics,
                }
                .child(&spec, path);
                Box::pin(async move { (started(&sup.start_child(child).await), None) })
            }
            (Action::TerminateChild { child, .. }, Some(dynamic)) if instance(&child).is_some() => {
                let Some(child) = self.last.get(&format!("{path}/{child}")).cloned() else {
                    return Answer::now("no_child");
                };
                Box::pin(async move { (done(&dynamic.terminate_child(&child).await), None) })
            }
            (Action::TerminateChild { child, .. }, _) => {
                Box::pin(async move { (done(&sup.terminate_child(&child).await), None) })
            }
            (Action::RestartChild { child, .. }, _) => {
                Box::pin(async move { (restarted(&sup.restart_child(&child).await), None) })
            }
            (Action::DeleteChild { child, .. }, _) => {
                Box::pin(async move { (done(&sup.delete_child(&child).await), None) })
            }
            (Action::WhichChildren { .. }, _) => {
                Box::pin(async move { (which(&sup.which_children().await), None) })
            }
            (Action::CountChildren { .. }, _) => {
                Box::pin(async move { (count(&sup.count_children().await), None) })
            }
            (other, _) => unreachable!("not a call to {path}: {other:?}"),
        };
        Answer::enqueue(call).await
    }

    fn start_instance(
        &mut self,
        path: &str,
        dynamic: DynamicSupervisor<Instance>,
        init: Option<Vec<Item>>,
    ) -> Call {
        let k = self.instances.entry(path.to_owned()).or_default();
        *k += 1;
        let name = format!("{path}/#{k}");
        self.stage
            .lock()
            .unborn
            .entry(path.to_owned())
            .or_default()
            .push_back(name.clone());
        let args = Instance {
            name: name.clone(),
            init: init.map(Into::into),
            used: Arc::default(),
        };
        Box::pin(async move {
            let result = dynamic.start_child(args).await;
            let process = result.as_ref().ok().cloned().flatten();
            (started(&result), process.map(|process| (name, process)))
        })
    }
}
