//! The list servers: one for each user, loaded from disk when it is called and asleep when it is not.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use seaworthy::Workers;
use seaworthy::core::{BoxError, ConfigError, Executed, Rejected};
use seaworthy::queue::Sender;
use seaworthy::supervisor::{Child, ChildRef};
use tokio::sync::mpsc;
use tokio::task::block_in_place;
use tokio::time;
use tower::service_fn;

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

/// Which list server is whose.
#[derive(Default)]
pub(crate) struct Names(Mutex<HashMap<String, ChildRef>>);

impl Names {
    pub(crate) fn lock(&self) -> MutexGuard<'_, HashMap<String, ChildRef>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The cache: the list servers of all users, and their supervisor.
pub(crate) fn cache(
    idle_after: Duration,
    store: &Arc<Store>,
    writes: &Sender<Write>,
    names: &Arc<Names>,
) -> Result<(Lists, Child), ConfigError> {
    let (store, writes, names) = (Arc::clone(store), writes.clone(), Arc::clone(names));
    Workers::builder("cache")
        .idle_after(idle_after)
        .build(move |user: String, cx| {
            names.lock().insert(user.clone(), cx.me());
            let (store, writes) = (Arc::clone(&store), writes.clone());
            async move {
                let entries = block_in_place(|| store.load(&user))?;
                let list = Arc::new(List {
                    user,
                    entries: entries.into(),
                    store,
                    writes,
                });
                Ok(service_fn(move |request| Arc::clone(&list).serve(request)))
            }
        })
}

struct List {
    user: String,
    /// One request is served at a time: nobody waits for this lock. It is here because an answer of a tower service
    /// cannot borrow from the service.
    entries: tokio::sync::Mutex<Vec<String>>,
    store: Arc<Store>,
    writes: Sender<Write>,
}

impl List {
    async fn serve(self: Arc<Self>, request: Request) -> Result<Vec<String>, BoxError> {
        let mut entries = self.entries.lock().await;
        if let Request::Add(text) = request {
            // What is in memory follows what is on disk, never the other way round.
            while self.write(entries.len(), &text).await? == Written::Taken {
                // By an entry that was still on its way when this server's predecessor crashed and this one loaded.
                *entries = block_in_place(|| self.store.load(&self.user))?;
            }
            entries.push(text);
        }
        Ok(entries.clone())
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

/// Asks the list server of a user, and once more if the request was turned away before anything was done: while the
/// cache is restarted, say. Whatever may have been begun is up to whoever asked.
pub(crate) async fn ask(
    lists: &Lists,
    user: &str,
    request: Request,
) -> Result<Vec<String>, BoxError> {
    let mut round = time::interval(Duration::from_millis(10));
    for _ in 0..100 {
        round.tick().await;
        match lists.call(user.to_owned(), request.clone()).await {
            Err(error) if was_not_begun(&error) => {}
            outcome => return outcome,
        }
    }
    lists.call(user.to_owned(), request).await
}

fn was_not_begun(error: &BoxError) -> bool {
    Rejected::find_in(&**error).is_some_and(|rejected| rejected.executed() == Executed::No)
}
