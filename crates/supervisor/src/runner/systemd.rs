//! What systemd is told about the tree, if it wants to know.

#[cfg(all(unix, feature = "systemd"))]
mod companion;
#[cfg(all(unix, feature = "systemd"))]
mod news;
#[cfg(all(unix, feature = "systemd"))]
mod socket;

use std::time::Duration;

use seaworthy_core::ConfigError;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::builder::SupervisorSpec;
#[cfg(all(unix, feature = "systemd"))]
use companion::Companion;
#[cfg(not(all(unix, feature = "systemd")))]
use nobody::Companion;

/// How far the program has come.
#[derive(Debug)]
#[cfg_attr(
    not(all(unix, feature = "systemd")),
    expect(dead_code, reason = "nobody reads it")
)]
pub(super) enum Stage {
    Starting,
    Up,
    /// A signal asked it to stop, after the delay.
    Stopping {
        signal: &'static str,
        delay: Duration,
    },
    /// With these last words, or none.
    Over(String),
}

/// Where the stages are told.
#[derive(Clone)]
pub(super) struct Stages(mpsc::UnboundedSender<Stage>);

impl Stages {
    pub(super) fn tell(&self, stage: Stage) {
        // Without systemd nobody listens.
        let _ = self.0.send(stage);
    }
}

/// Whoever talks to systemd, if that is wanted.
pub(super) struct Systemd(Option<Companion>);

impl Systemd {
    /// Looks into the environment. `workers` is the runtime of the tree.
    ///
    /// # Errors
    ///
    /// If the heartbeat is not above zero and below the deadline of the watchdog.
    pub(super) fn of(
        root: &mut SupervisorSpec,
        heartbeat: Option<Duration>,
        workers: &Handle,
    ) -> Result<Self, ConfigError> {
        Companion::of(root, heartbeat, workers).map(Self)
    }

    /// Begins to talk, in the current runtime, until it is told that all is over.
    pub(super) fn begin(self) -> (JoinHandle<()>, Stages) {
        let (stages, told) = mpsc::unbounded_channel();
        let companion = tokio::spawn(async move {
            if let Some(companion) = self.0 {
                companion.attend(told).await;
            }
        });
        (companion, Stages(stages))
    }
}

#[cfg(not(all(unix, feature = "systemd")))]
mod nobody {
    use super::{ConfigError, Duration, Handle, Stage, SupervisorSpec, mpsc};

    /// There is none.
    pub(super) enum Companion {}

    impl Companion {
        pub(super) fn of(
            _root: &mut SupervisorSpec,
            _heartbeat: Option<Duration>,
            _workers: &Handle,
        ) -> Result<Option<Self>, ConfigError> {
            Ok(None)
        }

        pub(super) async fn attend(self, _stages: mpsc::UnboundedReceiver<Stage>) {
            match self {}
        }
    }
}
