//! Waiting for news of a service that is down: news that no instance brings.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use seaworthy_core::clock::{self, Instant};
use seaworthy_core::panic;
use tokio::time::Sleep;

use super::fate::Outlook;
use crate::supervisor::Supervisor;

type News = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What a handle has only while it waits for an instance.
#[derive(Default)]
pub(super) struct Outage {
    timer: Option<(Instant, Pin<Box<Sleep>>)>,
    vigil: Option<Vigil>,
}

/// Looks at a supervisor, for as long as no further incarnation begins.
struct Vigil {
    outlook: Outlook,
    generation: u64,
    /// Only ever reached by whoever has the handle for itself; the lock makes the handle `Sync`, which it has to be to
    /// sit in the state of a router.
    news: Mutex<News>,
    /// How many times there was news.
    heard: u8,
}

impl Outage {
    /// Ready when `deadline` has come. Until then the task of `cx` is woken at that time.
    pub(super) fn poll_deadline(
        &mut self,
        deadline: Instant,
        outlook: Option<&Outlook>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        if clock::exact() >= deadline {
            return Poll::Ready(());
        }
        if self.timer.as_ref().is_none_or(|(set, _)| *set != deadline) {
            // Outside of a runtime the timer is that of the tree's. If there is none, nobody could end
            // the wait in time; so it ends at once.
            let made = panic::catch(|| {
                if tokio::runtime::Handle::try_current().is_ok() {
                    return Some(tokio::time::sleep_until(deadline));
                }
                let _in_runtime = outlook?.node.tree.runtime.enter();
                Some(tokio::time::sleep_until(deadline))
            });
            let Ok(Some(sleep)) = made else {
                return Poll::Ready(());
            };
            self.timer = Some((deadline, Box::pin(sleep)));
        }
        // Of a runtime that is shut down the timer panics.
        let timer = self.timer.as_mut();
        timer.map_or(Poll::Ready(()), |(_, sleep)| {
            panic::catch(|| sleep.as_mut().poll(cx)).unwrap_or(Poll::Ready(()))
        })
    }

    /// Ready when something has happened that may decide whether the service comes back.
    pub(super) fn poll_news(
        &mut self,
        outlook: Outlook,
        generation: u64,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        let vigil = match &mut self.vigil {
            Some(vigil) if vigil.is_for(&outlook, generation) => vigil,
            vigil => vigil.insert(Vigil::new(outlook, generation)),
        };
        vigil.poll(cx)
    }
}

impl Vigil {
    fn new(outlook: Outlook, generation: u64) -> Self {
        Self {
            news: Mutex::new(Box::pin(settled(outlook.clone()))),
            outlook,
            generation,
            heard: 0,
        }
    }

    fn is_for(&self, outlook: &Outlook, generation: u64) -> bool {
        Arc::ptr_eq(&self.outlook.node, &outlook.node)
            && self.outlook.child == outlook.child
            && self.generation == generation
    }

    /// There is news twice: when the supervisor has dealt with the end of the child, and when it ends itself.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let news = self.news.get_mut().unwrap_or_else(PoisonError::into_inner);
        if self.heard > 1 || news.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        self.heard += 1;
        let node = Arc::clone(&self.outlook.node);
        *news = Box::pin(async move {
            node.wait_ended().await;
        });
        Poll::Ready(())
    }
}

/// Waits until the supervisor has dealt with the end of its child, if that is ending, or has ended itself.
async fn settled(outlook: Outlook) {
    let Outlook { node, child } = outlook;
    let supervisor = Supervisor::of(&node);
    let dealt_with = async move {
        if let Some(child) = supervisor.child(&child) {
            child.monitor().await;
        }
        // Answered in its turn: after the notice of that end.
        let _ = supervisor.count_children().await;
    };
    tokio::select! {
        biased;
        _ = node.wait_ended() => {}
        () = dealt_with => {}
    }
}

impl fmt::Debug for Outage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outage").finish_non_exhaustive()
    }
}
