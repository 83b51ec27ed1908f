//! How many copies are made, and what becomes of requests of which there are none.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use seaworthy::core::request::Info;
use seaworthy::core::{BoxError, Reason};
use seaworthy::retry::{GivenUp, NotReplayable};
use tower::{Layer, ServiceExt};

use crate::script::Script;
use crate::{broken, retry, turned_away};

/// Counts how often it is cloned.
struct Counted(Arc<AtomicU32>);

impl Clone for Counted {
    fn clone(&self) -> Self {
        self.0.fetch_add(1, SeqCst);
        Self(Arc::clone(&self.0))
    }
}

fn idempotent(_: &Counted) -> Info {
    Info::new().with_idempotent(true)
}

#[tokio::test(start_paused = true)]
async fn a_copy_is_made_before_each_attempt_but_the_last_and_none_while_it_is_off() {
    for (attempts, failures, copies) in [
        (1, 1, 0),
        (2, 0, 1),
        (3, 0, 1),
        (3, 1, 2),
        (3, 3, 2),
        (4, 2, 3),
    ] {
        let outcomes = (0..failures).map(|_| Err(broken())).chain([Ok(7)]);
        let (retry, script) = (retry(attempts), Script::new(outcomes));
        let layer = retry.layer().describe(idempotent);
        let cloned = Arc::new(AtomicU32::new(0));
        let call = layer
            .layer(script.clone())
            .oneshot(Counted(Arc::clone(&cloned)));
        let is_answered = call.await.is_ok();
        assert_eq!(is_answered, failures < attempts);
        assert_eq!(
            cloned.load(SeqCst),
            copies,
            "{attempts} attempts, {failures} failures"
        );
    }
}

/// It cannot be cloned.
#[derive(Debug, PartialEq)]
struct Upload;

#[tokio::test(start_paused = true)]
async fn what_cannot_be_copied_is_tried_once_and_counted_if_it_fails() {
    let idempotent = |_: &Upload| Info::new().with_idempotent(true);
    let not_idempotent = |_: &Upload| Info::new();
    let turned_away = || turned_away(Reason::QueueFull);
    for (error, is_idempotent, reason) in [
        (broken(), true, GivenUp::NotReplayable),
        (broken(), false, GivenUp::NotIdempotent),
        (turned_away().into(), false, GivenUp::NotReplayable),
    ] {
        let (retry, script) = (retry(3), Script::new([Ok(7), Err(error)]));
        let layer = retry.layer().copy(NotReplayable);
        let (yes, no) = (
            layer.clone().describe(idempotent).layer(script.clone()),
            layer.describe(not_idempotent).layer(script.clone()),
        );
        let call = async |upload| {
            if is_idempotent {
                yes.clone().oneshot(upload).await
            } else {
                no.clone().oneshot(upload).await
            }
        };
        assert_eq!(call(Upload).await.unwrap(), 7);
        let all: u64 = [reason].map(|it| retry.view().given_up(it)).iter().sum();
        assert_eq!(all, 0, "it was answered: there was nothing to give up");
        call(Upload).await.unwrap_err();
        assert_eq!(retry.view().given_up(reason), 1, "{:?}", retry.view());
        assert_eq!(script.came().len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_closure_copies_what_can_be_copied() {
    enum Request {
        Read(u32),
        Upload,
    }
    let retry = retry(3);
    let copy = |request: &Request| match request {
        Request::Read(key) => Some(Request::Read(*key)),
        Request::Upload => None,
    };
    let layer = retry.layer().copy(copy);
    let outcomes = || [Err(turned_away(Reason::QueueFull)), Ok(7)];
    let script = Script::new(outcomes());
    let answer: Result<u32, BoxError> = layer.layer(script).oneshot(Request::Read(1)).await;
    assert_eq!(answer.unwrap(), 7);
    let script = Script::new(outcomes());
    layer
        .layer(script)
        .oneshot(Request::Upload)
        .await
        .unwrap_err();
    assert_eq!(retry.view().given_up(GivenUp::NotReplayable), 1);
}
