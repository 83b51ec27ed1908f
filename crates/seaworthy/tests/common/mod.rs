//! What the tests of workers by key share.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::time::Duration;

use seaworthy::core::{BoxError, Executed, Reason, Rejected};
use seaworthy::supervisor::{Child, Context, Supervisor};
use seaworthy::{Workers, WorkersBuilder};
use tokio::time::sleep;
use tower::util::BoxService;
use tower::{ServiceExt, service_fn};

pub const SECOND: Duration = Duration::from_secs(1);

/// Asked with a number, which is the answer; it takes a second. 13 is bad luck.
pub type Asked = Workers<&'static str, u32, u32, BoxError>;

pub type Echo = BoxService<u32, u32, BoxError>;

pub fn echo() -> Echo {
    let service = service_fn(|number: u32| async move {
        sleep(SECOND).await;
        assert_ne!(number, 13, "bad luck");
        Ok::<_, BoxError>(number)
    });
    service.boxed()
}

pub fn builder() -> WorkersBuilder {
    Workers::builder("workers").idle_after(60 * SECOND)
}

pub fn build<F, Fut>(builder: WorkersBuilder, factory: F) -> (Asked, Child)
where
    F: Fn(&'static str, Context) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Echo, BoxError>> + Send + 'static,
{
    builder.build(factory).expect("it is allowed")
}

/// With `app` above them.
pub async fn start<F, Fut>(builder: WorkersBuilder, factory: F) -> (Supervisor, Asked)
where
    F: Fn(&'static str, Context) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Echo, BoxError>> + Send + 'static,
{
    let (workers, child) = build(builder, factory);
    let tree = Supervisor::builder("app").child(child).start().await;
    (tree.expect("it starts"), workers)
}

pub fn rejected<T>(outcome: Result<T, BoxError>) -> Rejected {
    let Err(error) = outcome else {
        panic!("it was served");
    };
    *Rejected::find_in(error.as_ref()).expect("turned away by ours")
}

pub fn reason<T>(outcome: Result<T, BoxError>) -> (Reason, Executed) {
    let rejected = rejected(outcome);
    (rejected.reason(), rejected.executed())
}

pub const RESTARTING: (Reason, Executed) = (Reason::Restarting, Executed::No);
pub const STOPPED: (Reason, Executed) = (Reason::Stopped, Executed::No);
pub const CRASHED: (Reason, Executed) = (Reason::Crashed, Executed::Maybe);
pub const FULL: (Reason, Executed) = (Reason::BulkheadFull, Executed::No);
