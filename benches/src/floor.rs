//! The barest code in safe Rust that brings children back, beside which ours is set.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;

use tokio::task::{JoinHandle, JoinSet};

use crate::Failure;
use crate::child::{Outcome, Plan, breathe};

/// Runs a supervising future until the probe has seen enough.
async fn until_finished(
    plan: &Arc<Plan>,
    supervise: impl Future<Output = ()>,
) -> Result<(), Failure> {
    tokio::select! {
        () = supervise => Err("the floor ended by itself".to_owned()),
        () = plan.probe.finished() => Ok(()),
    }
}

/// One task, which makes the next incarnation where the last one was, and polls it at once.
///
/// # Errors
///
/// When it ends by itself.
pub async fn in_place(plan: Arc<Plan>) -> Result<(), Failure> {
    let child = Arc::clone(&plan);
    let task = tokio::spawn(async move { while Arc::clone(&child).live(0).await.is_err() {} });
    plan.probe.finished().await;
    task.abort();
    Ok(())
}

/// The same with a yield between two incarnations, which a child that crashes in its first poll
/// again and again would make necessary.
///
/// # Errors
///
/// When it ends by itself.
pub async fn in_place_yielding(plan: Arc<Plan>) -> Result<(), Failure> {
    let child = Arc::clone(&plan);
    let task = tokio::spawn(async move {
        while Arc::clone(&child).live(0).await.is_err() {
            breathe().await;
        }
    });
    plan.probe.finished().await;
    task.abort();
    Ok(())
}

/// As [`in_place`], and each poll of the child catches a panic.
///
/// # Errors
///
/// When it ends by itself.
pub async fn in_place_caught(plan: Arc<Plan>) -> Result<(), Failure> {
    let child = Arc::clone(&plan);
    let task = tokio::spawn(async move {
        while !matches!(caught(Arc::clone(&child).live(0)).await, Ok(Ok(()))) {}
    });
    plan.probe.finished().await;
    task.abort();
    Ok(())
}

async fn caught<T>(child: impl Future<Output = T>) -> std::thread::Result<T> {
    let mut child = pin!(child);
    poll_fn(
        |cx| match catch_unwind(AssertUnwindSafe(|| child.as_mut().poll(cx))) {
            Ok(poll) => poll.map(Ok),
            Err(payload) => Err(payload).into(),
        },
    )
    .await
}

/// A task for each incarnation, and a supervising task that waits for its end.
///
/// # Errors
///
/// When it ends by itself.
pub async fn respawn(plan: Arc<Plan>) -> Result<(), Failure> {
    let supervise = async {
        let mut children = JoinSet::new();
        children.spawn(Arc::clone(&plan).live(0));
        while children.join_next().await.is_some() {
            children.spawn(Arc::clone(&plan).live(0));
        }
    };
    until_finished(&plan, supervise).await
}

fn start(plan: &Arc<Plan>, children: &mut Vec<JoinHandle<Outcome>>) {
    children
        .extend((0..plan.probe.group()).map(|index| tokio::spawn(Arc::clone(plan).live(index))));
}

/// As a supervisor does it: each child is gone before the one started before it is stopped.
///
/// # Errors
///
/// When it ends by itself.
pub async fn all_in_order(plan: Arc<Plan>) -> Result<(), Failure> {
    let crasher = plan.probe.crasher();
    let supervise = async {
        let mut children = Vec::with_capacity(plan.probe.group());
        loop {
            start(&plan, &mut children);
            let _ = (&mut children[crasher]).await;
            while let Some(child) = children.pop() {
                if children.len() != crasher {
                    child.abort();
                    let _ = child.await;
                }
            }
        }
    };
    until_finished(&plan, supervise).await
}

/// All are told to stop before the first of them is waited for: cheaper, and no supervisor's order.
///
/// # Errors
///
/// When it ends by itself.
pub async fn all_at_once(plan: Arc<Plan>) -> Result<(), Failure> {
    let crasher = plan.probe.crasher();
    let supervise = async {
        let mut children = Vec::with_capacity(plan.probe.group());
        loop {
            start(&plan, &mut children);
            let _ = (&mut children[crasher]).await;
            children.iter().rev().for_each(JoinHandle::abort);
            for (index, child) in children.drain(..).enumerate() {
                if index != crasher {
                    let _ = child.await;
                }
            }
        }
    };
    until_finished(&plan, supervise).await
}
