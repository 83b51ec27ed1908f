//! The shop under a supervision tree: what is drawn in [`tree`], started as a root.

mod catalogue;
mod classes;
mod connections;
#[cfg(unix)]
mod desk;
mod orders;
mod recommender;
mod reports;
mod serve;
mod storage;
mod tree;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use seaworthy_core::BoxError;
use seaworthy_supervisor::Supervisor;
use tokio::time;

use crate::journal::Journal;
use crate::shop::report::Press;
use crate::storm::Blow;
use crate::trial::{Build, Site};

pub(crate) use serve::serve;

/// How long all of the shop may take to close.
const DEADLINE: Duration = Duration::from_secs(10);

/// The running shop.
pub(crate) struct Supervised {
    root: Supervisor,
    press: Press,
}

impl Build for Supervised {
    const NAME: &'static str = "supervised";

    async fn open(site: Site<'_>, journal: Arc<Journal>) -> Result<Self, BoxError> {
        let press = Press::default();
        let root = tree::plant(site, journal, &press, Router::new())?
            .start()
            .await?;
        Ok(Self { root, press })
    }

    async fn strike(&self, blow: Blow) {
        match blow {
            Blow::KillDatabase => while !self.kill("storage/database").await {},
            Blow::JamPress => self.press.jam(),
            Blow::CrashStorage => {
                let storage = self.incarnation("storage");
                while self.incarnation("storage") == storage {
                    self.kill("storage/database").await;
                }
            }
        }
    }

    fn crashes(&self, journal: &Journal) -> u64 {
        journal.crashes()
    }

    fn picture(&self) -> Option<String> {
        tree::picture(&self.root)
    }

    async fn close(self) -> Result<(), BoxError> {
        let report = self.root.shutdown(DEADLINE).await;
        if report.still_running.is_empty() {
            Ok(())
        } else {
            Err(report.to_string().into())
        }
    }
}

impl Supervised {
    fn incarnation(&self, path: &str) -> Option<u64> {
        self.root.child(path).map(|child| child.incarnation())
    }

    /// Kills a child and waits until it is gone. If it is just being restarted, waits a moment.
    async fn kill(&self, path: &str) -> bool {
        let Some(child) = self.root.child(path) else {
            time::sleep(Duration::from_millis(1)).await;
            return false;
        };
        let down = child.monitor();
        let hit = child.kill();
        down.await;
        hit
    }
}
