//! What is left of a process that was killed, until it is gone.

use std::process::Child;
use std::time::Duration;

use rustix::process::{Pid, test_kill_process_group};
use tokio::runtime::Handle;
use tokio::signal::unix::Signal;

use super::family::LINGER;
use crate::context::Hold;

/// After how long it is first looked again whether a killed group is empty; each time after twice as long.
const LOOK: Duration = Duration::from_millis(1);

/// Processes that were killed and have to be waited for; until then they keep the incarnation from being over.
#[derive(Debug)]
pub(super) struct Remains {
    /// Our own children: nobody but us can take their exit status, and until then they are in the process table.
    pub(super) children: Vec<Child>,
    /// Others may have been in it.
    pub(super) group: Option<Pid>,
    pub(super) changes: Signal,
    pub(super) runtime: Handle,
    pub(super) hold: Option<Hold>,
}

impl Remains {
    /// Waits for them in a task, for which no thread is needed.
    pub(super) async fn bury(mut self) {
        loop {
            // An error means that somebody else has taken the status.
            self.children
                .retain_mut(|child| matches!(child.try_wait(), Ok(None)));
            if self.children.is_empty() {
                break;
            }
            if self.changes.recv().await.is_none() {
                return;
            }
        }
        let Some(group) = self.group.filter(|&group| is_there(group)) else {
            return;
        };
        for pause in pauses() {
            tokio::time::sleep(pause).await;
            // It reads files, many of them.
            let looked = tokio::task::spawn_blocking(move || is_peopled(group));
            if !looked.await.unwrap_or_default() {
                return;
            }
        }
    }
}

impl Drop for Remains {
    /// The runtime is gone before them: a thread takes over.
    fn drop(&mut self) {
        if self.children.is_empty() {
            return;
        }
        let children = std::mem::take(&mut self.children);
        let (group, hold, runtime) = (self.group, self.hold.take(), self.runtime.clone());
        let burial = std::thread::Builder::new().name("seaworthy-reaper".to_owned());
        // Without a thread they stay in the process table as long as we do; they are dead all the same.
        let _ = burial.spawn(move || {
            for mut child in children {
                let _ = child.wait();
            }
            for pause in pauses() {
                if !group.is_some_and(is_peopled) {
                    break;
                }
                #[expect(clippy::disallowed_methods, reason = "there is no runtime any more")]
                std::thread::sleep(pause);
            }
            let _in_runtime = runtime.enter();
            drop(hold);
        });
    }
}

/// In all, as long as we have patience, and less than what makes a zombie.
fn pauses() -> impl Iterator<Item = Duration> {
    let doubled = |pause: &Duration| Some(*pause * 2);
    std::iter::successors(Some(LOOK), doubled).take_while(|&pause| pause < LINGER / 2)
}

/// Whether anybody is in the group, dead or alive.
fn is_there(group: Pid) -> bool {
    test_kill_process_group(group).is_ok()
}

/// Whether anybody alive is in the group. The dead stay in it until their parent has noticed: a parent that we do not
/// know, and that may take its time.
#[cfg(target_os = "linux")]
fn is_peopled(group: Pid) -> bool {
    let lives = |entry: std::fs::DirEntry| {
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        // The name of a program may contain anything. After it: the state, the parent, the group.
        let mut words = stat.rsplit_once(") ")?.1.split(' ');
        let state = words.next()?;
        let theirs: i32 = words.nth(1)?.parse().ok()?;
        Some(theirs == group.as_raw_pid() && !matches!(state, "Z" | "X"))
    };
    is_there(group)
        && std::fs::read_dir("/proc").is_ok_and(|entries| {
            let mut entries = entries.filter_map(Result::ok);
            entries.any(|entry| lives(entry).unwrap_or_default())
        })
}

#[cfg(not(target_os = "linux"))]
fn is_peopled(group: Pid) -> bool {
    is_there(group)
}
