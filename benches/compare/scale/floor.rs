//! Tasks and their handles.

use std::sync::Arc;

use seaworthy_benches::Failure;
use seaworthy_benches::crowd::Crowd;
use tokio::task::JoinHandle;

use super::{Population, Run, run};
use crate::contender::Contender;

pub(super) fn contender() -> Contender<Run> {
    Contender::other("floor", run::<Tasks>())
}

struct Tasks;

impl Population for Tasks {
    type Tree = Vec<JoinHandle<()>>;

    async fn start(crowd: Arc<Crowd>) -> Result<Self::Tree, Failure> {
        Ok((0..crowd.size())
            .map(|_| tokio::spawn(Arc::clone(&crowd).join()))
            .collect())
    }

    async fn stop(children: Self::Tree) -> Result<(), Failure> {
        children.iter().rev().for_each(JoinHandle::abort);
        for child in children {
            let _ = child.await;
        }
        Ok(())
    }
}
