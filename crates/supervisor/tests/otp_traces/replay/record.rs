//! Turns the events of the tree into the events of a trace.

use seaworthy_core::event::Event;
use seaworthy_supervisor::{Ended, ExitReason, StartFailure, SupervisorEvent};
use serde_json::{Value, json};

use super::Style;
use super::stage::State;

impl State {
    /// Called for each event of the tree, in order.
    pub(crate) fn record(&mut self, event: &Event, style: Style) {
        let Some(detail) = event.detail::<SupervisorEvent>() else {
            return;
        };
        self.seen += 1;
        let event = self.translate(detail, style);
        self.events.extend(event);
    }

    fn translate(&mut self, event: &SupervisorEvent, style: Style) -> Option<Value> {
        Some(match event {
            SupervisorEvent::SupervisorStarting { path, .. } => {
                self.supervisors.insert(path.to_string());
                json!({"ev": "sup_start", "sup": **path})
            }
            SupervisorEvent::SupervisorExited { path, ended, .. } => {
                self.supervisors.remove(&**path);
                self.forget_instances(path);
                match &**path {
                    "root" => json!({"ev": "root_exit", "reason": end(ended)}),
                    _ => json!({"ev": "sup_exit", "sup": **path, "reason": end(ended)}),
                }
            }
            SupervisorEvent::ChildStarted { path, .. } => self.started(path, style, "ok"),
            SupervisorEvent::ChildIgnored { path, .. } => self.started(path, style, "ignore"),
            SupervisorEvent::ChildStartFailed { path, reason, .. } => match reason {
                ExitReason::Panic(_) => self.started(path, style, "crash"),
                _ => self.started(path, style, "error"),
            },
            SupervisorEvent::ChildExited { path, reason, .. } => {
                self.exits += 1;
                json!({"ev": "exit", "child": self.name_of(path), "reason": exit(reason)})
            }
            _ => return None,
        })
    }

    /// The end of a start attempt.
    fn started(&mut self, path: &str, style: Style, result: &str) -> Value {
        let name = self.name_of(path);
        let n = self.attempts.entry(name.clone()).or_default();
        *n += 1;
        let n = *n;
        if style == Style::TwoPhase && self.made(&name) != n {
            return json!({"ev": "start", "child": name, "n": n, "made": self.made(&name)});
        }
        json!({"ev": "start", "child": name, "n": n, "result": result})
    }
}

fn exit(reason: &ExitReason) -> Value {
    match reason {
        ExitReason::Normal => json!("normal"),
        ExitReason::Shutdown(None) => json!("shutdown"),
        ExitReason::Shutdown(Some(detail)) => json!({"shutdown": **detail}),
        ExitReason::Killed => json!("killed"),
        _ => json!("error"),
    }
}

fn end(ended: &Ended) -> Value {
    match ended {
        Ended::StartFailed(error) => match error.cause {
            StartFailure::BadSpec(_) => json!("bad_spec"),
            _ => json!({"shutdown": "failed_to_start_child"}),
        },
        Ended::Stopped | Ended::GaveUp { .. } | Ended::AutoShutdown => json!("shutdown"),
        other => json!(other.to_string()),
    }
}
