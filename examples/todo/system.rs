//! The whole: a tree of supervisors over what is on disk.
//!
//! ```text
//! todo
//! ├─ database      the pool
//! │  ├─ worker-1   writes what it takes from the queue
//! │  ├─ ...
//! │  └─ dead-letters
//! └─ cache
//!    ├─ Alice      her list server
//!    └─ ...
//! ```

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use seaworthy::core::BoxError;
use seaworthy::core::event::{Event, Events, Observer};
use seaworthy::supervisor::{ChildRef, Supervisor, SupervisorEvent};

use crate::database;
use crate::list::{self, Lists, Request};
use crate::store::{Closed, Store};

pub(crate) struct System {
    root: Supervisor,
    lists: Lists,
    closed: Closed,
    _observer: Observer,
}

impl System {
    /// Starts on the file in this folder. A list server that nobody calls for so long goes to sleep.
    pub(crate) async fn start(folder: &Path, idle_after: Duration) -> Result<Self, BoxError> {
        let (store, closed) = Store::open(&folder.join("lists.redb"))?;
        let store = Arc::new(store);
        let (pool, writes) = database::pool(&store)?;
        let (lists, cache) = list::cache(idle_after, &store, &writes.sender())?;
        let events = Events::new();
        let observer = events.observe(tell);
        // More than anybody can kill by hand. Beyond that the system gives up, with all lists on disk.
        let root = Supervisor::builder("todo")
            .intensity(10, Duration::from_secs(5))
            .child(pool)
            .child(cache)
            .events(&events)
            .start()
            .await?;
        Ok(Self {
            root,
            lists,
            closed,
            _observer: observer,
        })
    }

    /// Stops everything in order, and closes the file.
    pub(crate) async fn stop(self) {
        let Self {
            root,
            lists,
            closed,
            _observer,
        } = self;
        root.stop().await;
        // The children are gone. What they are made of holds the store, and goes with the handles.
        drop((root, lists));
        let _ = closed.await;
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.root.is_alive()
    }

    pub(crate) fn lists(&self) -> &Lists {
        &self.lists
    }

    pub(crate) async fn show(&self, user: &str) -> Result<Vec<String>, BoxError> {
        list::ask(&self.lists, user, Request::Show).await
    }

    /// Returns when the entry is on disk.
    pub(crate) async fn add(&self, user: &str, text: &str) -> Result<Vec<String>, BoxError> {
        list::ask(&self.lists, user, Request::Add(text.to_owned())).await
    }

    /// Kills a part, and waits until it is gone: a list server by the name of its user, or a child of the tree by its own.
    pub(crate) async fn kill(&self, part: &str) -> Result<ChildRef, BoxError> {
        let found = self.lists.child(&part.to_owned());
        let found = found
            .or_else(|| self.root.child(part))
            .or_else(|| self.root.child(&format!("database/{part}")));
        let part = found.ok_or("there is no such part, or it sleeps")?;
        let end = part.monitor();
        part.kill();
        end.await;
        Ok(part)
    }

    pub(crate) fn draw(&self) -> Result<String, BoxError> {
        let tree = self.root.snapshot().ok_or("the tree does not run")?;
        Ok(tree.to_string())
    }
}

/// Prints what a supervisor has to deal with.
fn tell(event: &Event) {
    let is_told = matches!(
        event.detail(),
        Some(
            SupervisorEvent::ChildCrashed(_)
                | SupervisorEvent::ChildStartFailed { .. }
                | SupervisorEvent::SupervisorExited { .. }
                | SupervisorEvent::IntensityExceeded { .. }
        )
    );
    if is_told {
        println!("  {event}");
    }
}
