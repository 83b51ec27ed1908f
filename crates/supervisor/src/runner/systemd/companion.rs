//! Who talks to systemd while the tree works.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use sd_notify::NotifyState;
use seaworthy_core::{ConfigError, clock};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Interval, MissedTickBehavior, interval_at, sleep_until};

use super::Stage;
use super::news::{News, plain};
use super::socket::Socket;
use crate::address::Address;
use crate::builder::SupervisorSpec;

/// How often more time is asked for, and how often the status may change.
const SECOND: Duration = Duration::from_secs(1);
/// How much time is asked for, in microseconds: one request may be late, or be lost.
const EXTENSION: u32 = 10_000_000;
/// How many heartbeats there are in the time after which the watchdog bites.
const BEATS: u32 = 3;

/// Tells systemd how the tree is. It runs in the main thread and therefore never touches a value of the
/// user: it asks the tree by tasks on the tree's own runtime, which also shows that this one works.
pub(super) struct Companion {
    socket: Socket,
    news: Arc<News>,
    tree: Arc<Address>,
    workers: Handle,
    /// How often the watchdog is answered, if there is one.
    heartbeat: Option<Duration>,
}

impl Companion {
    /// `None` if the environment does not ask for it.
    pub(super) fn of(
        root: &mut SupervisorSpec,
        heartbeat: Option<Duration>,
        workers: &Handle,
    ) -> Result<Option<Self>, ConfigError> {
        let watchdog = sd_notify::watchdog_enabled().filter(|deadline| !deadline.is_zero());
        let heartbeat = beat(&root.id, heartbeat, watchdog)?;
        let Some(socket) = Socket::from_environment() else {
            return Ok(None);
        };
        Ok(Some(Self {
            socket,
            news: News::of(root.events.get_or_insert_default(), &root.id),
            tree: Arc::clone(&root.address),
            workers: workers.clone(),
            heartbeat,
        }))
    }

    pub(super) async fn attend(mut self, mut stages: mpsc::UnboundedReceiver<Stage>) {
        let mut stage = Stage::Starting;
        let mut beats = self.beats(&stage);
        let mut trip = Asked::default();
        let mut census = Asked::default();
        let mut status = String::new();
        let (mut news, mut next_status) = (false, clock::exact() + SECOND);
        loop {
            tokio::select! {
                biased;
                next = stages.recv() => {
                    let Some(next) = next else { return };
                    self.enter(&stage, &next).await;
                    if matches!(next, Stage::Over(_)) {
                        return;
                    }
                    stage = next;
                    beats = self.beats(&stage);
                    trip = Asked::default();
                    // Each stage has begun with a status of its own.
                    census = Asked::default();
                    next_status = clock::exact() + SECOND;
                    news = true;
                }
                () = trip.answered() => self.live(&stage).await,
                _ = tick(&mut beats), if !trip.is_asked() => match stage {
                    // Its deadline is watched by this very thread.
                    Stage::Stopping { .. } => self.live(&stage).await,
                    _ => trip = self.ask_tree(),
                },
                (workers, supervisors) = census.answered() => {
                    let sentence = about(&stage, &self.news.sentence(workers, supervisors));
                    if sentence != status {
                        self.socket.send(&[NotifyState::Status(&sentence)]).await;
                        status = sentence;
                    }
                    next_status = clock::exact() + SECOND;
                }
                () = self.news.changed(), if !news => news = true,
                () = sleep_until(next_status), if news && !census.is_asked() => {
                    news = false;
                    census = self.count();
                }
            }
        }
    }

    /// What is told when the next stage begins.
    async fn enter(&mut self, stage: &Stage, next: &Stage) {
        match next {
            Stage::Starting => {}
            Stage::Up => {
                let told = [NotifyState::Ready, NotifyState::Status("up")];
                self.socket.send(&told).await;
            }
            Stage::Stopping { signal, delay } => {
                let status = if delay.is_zero() {
                    format!("{signal}: stopping")
                } else {
                    format!("{signal}: stopping in {delay:?}")
                };
                let (status, extend) = (NotifyState::Status(&status), extend());
                self.socket
                    .send(&[NotifyState::Stopping, status, extend])
                    .await;
            }
            Stage::Over(words) => {
                let first = words.lines().next().unwrap_or("ended in order");
                let status = plain(first);
                let status = NotifyState::Status(&status);
                match stage {
                    Stage::Up => self.socket.send(&[NotifyState::Stopping, status]).await,
                    _ => self.socket.send(&[status]).await,
                }
            }
        }
    }

    /// The tree is alive: the one deadline that holds now is to be put off.
    async fn live(&mut self, stage: &Stage) {
        let watched = self.heartbeat.is_some();
        match stage {
            Stage::Up => self.socket.send(&[NotifyState::Watchdog]).await,
            Stage::Stopping { .. } if watched => {
                self.socket.send(&[extend(), NotifyState::Watchdog]).await;
            }
            _ => self.socket.send(&[extend()]).await,
        }
    }

    fn beats(&self, stage: &Stage) -> Option<Interval> {
        let period = match stage {
            Stage::Up => self.heartbeat?,
            Stage::Starting => SECOND,
            _ => self
                .heartbeat
                .map_or(SECOND, |heartbeat| heartbeat.min(SECOND)),
        };
        let mut beats = interval_at(clock::exact() + period, period);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Some(beats)
    }

    /// A call to each supervisor, from a worker of the runtime.
    fn ask_tree(&self) -> Asked<()> {
        let recheck = self.heartbeat.unwrap_or(SECOND) / 4;
        let tree = Arc::clone(&self.tree);
        Asked::by(self.workers.spawn(async move {
            if let Some(root) = tree.node() {
                root.round_trip(recheck).await;
            }
        }))
    }

    fn count(&self) -> Asked<(usize, usize)> {
        let tree = Arc::clone(&self.tree);
        Asked::by(self.workers.spawn(async move {
            let root = tree.node();
            root.map_or((0, 0), |root| root.census())
        }))
    }
}

/// How often the watchdog is to be answered.
fn beat(
    root: &str,
    chosen: Option<Duration>,
    watchdog: Option<Duration>,
) -> Result<Option<Duration>, ConfigError> {
    let Some(every) = chosen else {
        return Ok(watchdog.map(|deadline| deadline / BEATS));
    };
    let allowed = match watchdog {
        Some(deadline) if every >= deadline => {
            format!("shorter than the deadline of systemd's watchdog (WatchdogSec={deadline:?})")
        }
        _ if every.is_zero() => "more than 0".to_owned(),
        _ => return Ok(watchdog.map(|_| every)),
    };
    let value = format_args!("{every:?}");
    Err(ConfigError::new(root, "heartbeat", value, allowed))
}

fn extend() -> NotifyState<'static> {
    NotifyState::ExtendTimeoutUsec(EXTENSION)
}

fn about(stage: &Stage, sentence: &str) -> String {
    match stage {
        Stage::Starting => format!("starting: {sentence}"),
        Stage::Stopping { signal, .. } => format!("{signal}: stopping: {sentence}"),
        _ => sentence.to_owned(),
    }
}

async fn tick(beats: &mut Option<Interval>) {
    match beats {
        Some(beats) => {
            beats.tick().await;
        }
        None => pending().await,
    }
}

/// A question to the tree that may be open, and that is dropped with this.
struct Asked<T>(Option<JoinHandle<T>>);

impl<T> Default for Asked<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Asked<T> {
    fn by(task: JoinHandle<T>) -> Self {
        Self(Some(task))
    }

    fn is_asked(&self) -> bool {
        self.0.is_some()
    }

    /// Resolves once with the answer; never if there is no question, or it came to nothing.
    async fn answered(&mut self) -> T {
        let answer = match &mut self.0 {
            Some(task) => task.await.ok(),
            None => pending().await,
        };
        self.0 = None;
        match answer {
            Some(answer) => answer,
            None => pending().await,
        }
    }
}

impl<T> Drop for Asked<T> {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heartbeat_fits_into_the_deadline() {
        let millis = Duration::from_millis;
        let beat = |chosen, watchdog| beat("app", chosen, watchdog);
        assert_eq!(beat(None, None), Ok(None));
        assert_eq!(beat(None, Some(millis(3000))), Ok(Some(millis(1000))));
        assert_eq!(beat(Some(millis(5)), None), Ok(None));
        assert_eq!(beat(Some(millis(5)), Some(millis(6))), Ok(Some(millis(5))));
        for (chosen, watchdog) in [(5, Some(5)), (6, Some(5)), (0, Some(5)), (0, None)] {
            let error = beat(Some(millis(chosen)), watchdog.map(millis)).expect_err("refused");
            assert_eq!(error.field, "heartbeat");
        }
    }
}
