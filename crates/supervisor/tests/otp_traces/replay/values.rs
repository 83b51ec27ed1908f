//! What the answers to calls are called in a trace.

use seaworthy_supervisor::{
    CallError, ChildId, ChildInfo, ChildKind, ChildRef, ChildState, Counts, RestartChildError,
    StartChildError,
};
use serde_json::{Value, json};

pub(crate) fn started(result: &Result<Option<ChildRef>, StartChildError>) -> Value {
    json!(match result {
        Ok(Some(_)) => "ok",
        Ok(None) => "ignored",
        Err(StartChildError::AlreadyStarted) => "already_started",
        Err(StartChildError::AlreadyPresent) => "already_present",
        Err(StartChildError::Invalid(_)) => "invalid_spec",
        Err(StartChildError::Failed(_)) => "start_error",
        Err(StartChildError::NotAlive) => "no_sup",
        Err(_) => "unexpected",
    })
}

pub(crate) fn restarted(result: &Result<Option<ChildRef>, RestartChildError>) -> Value {
    json!(match result {
        Ok(Some(_)) => "ok",
        Ok(None) => "ignored",
        Err(RestartChildError::Failed(_)) => "start_error",
        Err(RestartChildError::Call(error)) => refused(*error),
        Err(_) => "unexpected",
    })
}

pub(crate) fn done(result: &Result<(), CallError>) -> Value {
    json!(match result {
        Ok(()) => "ok",
        Err(error) => refused(*error),
    })
}

fn refused(error: CallError) -> &'static str {
    match error {
        CallError::NotFound => "not_found",
        CallError::Running => "running",
        CallError::Restarting => "restarting",
        CallError::NotSupported => "simple_one_for_one",
        CallError::NotAlive => "no_sup",
        _ => "unexpected",
    }
}

pub(crate) fn which(result: &Result<Vec<ChildInfo>, CallError>) -> Value {
    let children = match result {
        Ok(children) => children,
        Err(error) => return json!(refused(*error)),
    };
    let mut rows: Vec<Value> = children.iter().map(row).collect();
    if children
        .iter()
        .any(|child| matches!(child.id, ChildId::Number(_)))
    {
        // Instances have no order.
        rows.sort_by_key(|row| row[1] != "restarting");
    }
    json!(rows)
}

fn row(child: &ChildInfo) -> Value {
    let id = match &child.id {
        ChildId::Name(name) => Some(&**name),
        ChildId::Number(_) => None,
    };
    let state = match child.state {
        ChildState::Starting | ChildState::Quarantined | ChildState::Zombie => {
            unreachable!("only in snapshots")
        }
        ChildState::Running => "running",
        ChildState::Restarting => "restarting",
        ChildState::Undefined => "undefined",
    };
    let kind = match child.kind {
        ChildKind::Worker => "worker",
        ChildKind::Supervisor => "supervisor",
    };
    json!([id, state, kind])
}

pub(crate) fn count(result: &Result<Counts, CallError>) -> Value {
    match result {
        Ok(counts) => json!({
            "specs": counts.specs,
            "active": counts.active,
            "supervisors": counts.supervisors,
            "workers": counts.workers,
        }),
        Err(error) => json!(refused(*error)),
    }
}
