//! Seaworthy's side of the scenarios.

use std::sync::Arc;
use std::time::Duration;

use seaworthy_core::reject::IntoError;
use seaworthy_supervisor::service::{NeverFatal, SupervisedBuilder};
use seaworthy_supervisor::{Child, DynamicSupervisor, Strategy, Supervised, Supervisor};

use crate::Failure;
use crate::child::Plan;
use crate::crowd::Crowd;
use crate::service::{Page, Watch};

/// Restarts without end: no benchmark is to end in an escalation.
const INTENSITY: u32 = u32::MAX;

/// Runs a plan's children under a supervisor with this strategy, until the probe has seen enough.
///
/// # Errors
///
/// When the supervisor does not start.
pub async fn restart(plan: Arc<Plan>, strategy: Strategy) -> Result<(), Failure> {
    let mut tree = Supervisor::builder("bench")
        .strategy(strategy)
        .intensity(INTENSITY, Duration::from_secs(1));
    for index in 0..plan.probe.group() {
        let plan = plan.clone();
        tree = tree.child(Child::task(format!("child-{index}"), move |_| {
            Arc::clone(&plan).live(index)
        }));
    }
    let root = tree.start().await.map_err(|error| error.to_string())?;
    plan.probe.finished().await;
    root.stop().await;
    Ok(())
}

/// A dynamic supervisor for members of crowds, with room for so many.
///
/// # Errors
///
/// When it does not start.
pub async fn dynamic(max_children: usize) -> Result<DynamicSupervisor<Arc<Crowd>>, Failure> {
    DynamicSupervisor::builder("bench")
        .template(Child::template(|_, crowd: Arc<Crowd>| async move {
            crowd.join().await;
            Ok(())
        }))
        .max_children(max_children)
        .start()
        .await
        .map_err(|error| error.to_string())
}

/// Starts a crowd one by one under a dynamic supervisor.
///
/// # Errors
///
/// When the supervisor or a child does not start.
pub async fn start_dynamic(crowd: Arc<Crowd>) -> Result<DynamicSupervisor<Arc<Crowd>>, Failure> {
    let root = dynamic(crowd.size()).await?;
    for _ in 0..crowd.size() {
        root.start_child(Arc::clone(&crowd))
            .await
            .map_err(|error| error.to_string())?;
    }
    Ok(root)
}

/// Starts a crowd as the children that a supervisor's builder names.
///
/// # Errors
///
/// When the supervisor or a child does not start.
pub async fn start_static(crowd: Arc<Crowd>) -> Result<Supervisor, Failure> {
    let mut tree = Supervisor::builder("bench");
    for index in 0..crowd.size() {
        let crowd = Arc::clone(&crowd);
        tree = tree.child(Child::task(format!("child-{index}"), move |_| {
            let crowd = Arc::clone(&crowd);
            async move {
                crowd.join().await;
                Ok(())
            }
        }));
    }
    tree.start().await.map_err(|error| error.to_string())
}

/// A supervised service, and the tree that it is in; `build` chooses where its calls run.
///
/// # Errors
///
/// When it does not start.
pub async fn service<X: 'static>(
    watch: &Watch,
    build: impl FnOnce(SupervisedBuilder) -> SupervisedBuilder<IntoError, NeverFatal, X>,
) -> Result<(Supervised<Page, IntoError, NeverFatal, X>, Supervisor), Failure> {
    let watch = watch.clone();
    let (service, child) = build(Supervised::builder("page"))
        .build(move |_cx| {
            let page = Page::new(&watch);
            async move { Ok(page) }
        })
        .map_err(|error| error.to_string())?;
    let root = Supervisor::builder("bench")
        .intensity(INTENSITY, Duration::from_secs(1))
        .child(child)
        .start()
        .await
        .map_err(|error| error.to_string())?;
    Ok((service, root))
}
