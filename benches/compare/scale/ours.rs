//! Seaworthy's supervisors: the dynamic one, and the one whose builder names each child.

use std::sync::Arc;

use seaworthy_benches::crowd::Crowd;
use seaworthy_benches::{Failure, ours};
use seaworthy_supervisor::{DynamicSupervisor, Supervisor};

use super::{Population, Run, run};
use crate::contender::Contender;

/// The one whose builder names each child: nobody names a million.
pub(super) const STATIC: &str = "seaworthy static";

pub(super) fn contenders() -> Vec<Contender<Run>> {
    vec![
        Contender::ours("seaworthy", run::<Dynamic>()),
        Contender::ours(STATIC, run::<Static>()),
    ]
}

struct Dynamic;

impl Population for Dynamic {
    type Tree = DynamicSupervisor<Arc<Crowd>>;

    async fn start(crowd: Arc<Crowd>) -> Result<Self::Tree, Failure> {
        ours::start_dynamic(crowd).await
    }

    async fn stop(root: Self::Tree) -> Result<(), Failure> {
        root.stop().await;
        Ok(())
    }
}

struct Static;

impl Population for Static {
    type Tree = Supervisor;

    async fn start(crowd: Arc<Crowd>) -> Result<Supervisor, Failure> {
        ours::start_static(crowd).await
    }

    async fn stop(root: Supervisor) -> Result<(), Failure> {
        root.stop().await;
        Ok(())
    }
}
