//! The list servers: one for each user, loaded from disk when it is called and asleep when it is not.

use std::sync::Arc;
use std::time::Duration;

use seaworthy::core::{BoxError, ConfigError, Reason, Rejected};
use seaworthy::queue::Sender;
use seaworthy::supervisor::Child;
use seaworthy::{Workers, stateful};
use tokio::sync::mpsc;
use tokio::task::block_in_place;
use tokio::time;

use crate::database::Write;
use crate::store::{Store, Written};

/// An answer takes longer only if something is broken.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Clone, Debug)]
pub(crate) enum Request {
    Show,
    /// Answered when the entry is on disk, and not before.
    Add(String),
}

/// All list servers. Each answers with its list.
pub(crate) type Lists = Workers<String, Request, Vec<String>, BoxError>;

/// The cache: the list servers of all users, and their supervisor.
pub(crate) fn cache(
    idle_after: Duration,
    store: &Arc<Store>,
    writes: &Sender<Write>,
) -> Result<(Lists, Child), ConfigError> {
    let (store, writes) = (Arc::clone(store), writes.clone());
    Workers::builder("cache")
        .idle_after(idle_after)
        .evict_idle(true)
        .build(move |user: String, cx| {
            cx.show_as(&*user);
            let (store, writes) = (Arc::clone(&store), writes.clone());
            async move {
                let entries = block_in_place(|| store.load(&user))?;
                let list = List {
                    user,
                    entries,
                    store,
                    writes,
                };
                Ok(stateful(list, List::serve))
            }
        })
}

struct List {
    user: String,
    entries: Vec<String>,
    store: Arc<Store>,
    writes: Sender<Write>,
}

impl List {
    async fn serve(&mut self, request: Request) -> Result<Vec<String>, BoxError> {
        if let Request::Add(text) = request {
            // What is in memory follows what is on disk, never the other way round.
            while self.write(self.entries.len(), &text).await? == Written::Taken {
                // By an entry that was still on its way when this server's predecessor crashed and this one loaded.
                self.entries = block_in_place(|| self.store.load(&self.user))?;
            }
            self.entries.push(text);
        }
        Ok(self.entries.clone())
    }

    async fn write(&self, number: usize, text: &str) -> Result<Written, BoxError> {
        let (done, mut written) = mpsc::channel(1);
        let write = Write {
            user: self.user.clone(),
            number: number as u64,
            text: text.to_owned(),
            done,
        };
        self.writes.send(write).await?;
        let written = time::timeout(PATIENCE, written.recv()).await?;
        Ok(written.ok_or("it could not be written")?)
    }
}

/// Asks the list server of a user, and again while the cache is restarted. Whatever may have been begun is up to whoever
/// asked.
pub(crate) async fn ask(
    lists: &Lists,
    user: &str,
    request: Request,
) -> Result<Vec<String>, BoxError> {
    let mut round = time::interval(Duration::from_millis(10));
    for _ in 0..100 {
        round.tick().await;
        match lists.call(user.to_owned(), request.clone()).await {
            Err(error) if is_restarting(&error) => {}
            outcome => return outcome,
        }
    }
    lists.call(user.to_owned(), request).await
}

fn is_restarting(error: &BoxError) -> bool {
    Rejected::find_in(&**error).is_some_and(|rejected| rejected.reason() == Reason::Restarting)
}
