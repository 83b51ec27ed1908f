//! One round of a harness: a fresh fixture, the operation, some time, the check.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use tokio::time::{sleep, timeout};

use crate::{Ending, block_on_paused};

/// How long the operation may take, in virtual time.
const PATIENCE: Duration = Duration::from_secs(3600);

/// How much time passes before the check, in virtual time.
const AFTERMATH: Duration = Duration::from_secs(60);

/// Plays a round on a runtime of its own, and says whether the operation completed.
///
/// A panic of any part comes out with the moment in front of its message.
#[track_caller]
pub(crate) fn play<F, T>(
    plan: Ending<()>,
    fixture: &impl AsyncFn() -> F,
    operation: impl AsyncFnOnce(&mut F) -> Ending<T>,
    check: &impl AsyncFn(&mut F, Ending<T>),
) -> bool {
    let moment = RefCell::new(plan.to_string());
    let round = async {
        let mut fixture = fixture().await;
        let Ok(ending) = timeout(PATIENCE, operation(&mut fixture)).await else {
            panic!("the operation was neither done nor woken within an hour of virtual time");
        };
        moment.replace(ending.to_string());
        let completed = matches!(ending, Ending::Completed(_));
        sleep(AFTERMATH).await;
        check(&mut fixture, ending).await;
        completed
    };
    match catch_unwind(AssertUnwindSafe(|| block_on_paused(round))) {
        Ok(completed) => completed,
        Err(payload) => panic!("{}: {}", moment.borrow(), message(payload.as_ref())),
    }
}

/// The message of a panic, from its payload.
pub(crate) fn message(payload: &(dyn Any + Send)) -> &str {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        text
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text
    } else {
        "a payload that is not text"
    }
}
