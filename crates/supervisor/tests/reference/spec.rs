//! What all children have.

use crate::replay::scenario::{ChildSpec, Restart};

impl ChildSpec {
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::Worker(worker) => &worker.id,
            Self::Supervisor(sup) => &sup.id,
        }
    }

    pub(crate) fn restart(&self) -> Restart {
        match self {
            Self::Worker(worker) => worker.restart,
            Self::Supervisor(sup) => sup.restart,
        }
    }

    pub(crate) fn significant(&self) -> bool {
        match self {
            Self::Worker(worker) => worker.significant,
            Self::Supervisor(sup) => sup.significant,
        }
    }
}
