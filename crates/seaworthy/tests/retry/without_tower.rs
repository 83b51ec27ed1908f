//! Retries of anything.

use std::cell::RefCell;

use seaworthy::core::request::Info;
use seaworthy::core::{BoxError, Executed, Reason};
use seaworthy::retry::{GivenUp, Judgement, SourceChain};
use seaworthy_testkit::{Live, LiveGuard};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};
use tower::{Layer, ServiceExt, service_fn};

use crate::script::idempotent;
use crate::{MILLI, broken, retry, turned_away};

#[tokio::test(start_paused = true)]
async fn attempts_are_numbered_and_the_last_outcome_is_the_answer() {
    let (retry, begun) = (retry(3), Instant::now());
    let seen = RefCell::new(Vec::new());
    let outcome = retry.call(idempotent(), async |attempt| {
        let at = begun.elapsed().as_millis();
        seen.borrow_mut().push((attempt, at));
        Err::<(), BoxError>(format!("attempt {attempt}").into())
    });
    assert_eq!(outcome.await.unwrap_err().to_string(), "attempt 3");
    assert_eq!(seen.into_inner(), [(1, 0), (2, 100), (3, 300)]);
    assert_eq!(retry.view().given_up(GivenUp::Attempts), 1);
}

/// An answer that is none may hold a connection.
#[tokio::test(start_paused = true)]
async fn what_an_attempt_has_left_behind_is_gone_while_the_next_is_waited_for() {
    let live = Live::new();
    let again = |_: Result<&LiveGuard, &BoxError>| Judgement::Again {
        executed: Executed::No,
        retry_after: None,
    };
    let attempt = async |_| Ok::<_, BoxError>(live.guard());
    let looks = async || {
        sleep(50 * MILLI).await;
        assert_eq!(live.alive(), 0, "while the second attempt is waited for");
    };
    let retry = retry(3);
    let call = retry.call_with(again, Info::new(), attempt);
    let (last, ()) = tokio::join!(call, looks());
    assert_eq!(live.alive(), 1);
    drop(last);
    let service = service_fn(|()| attempt(1));
    let service = retry.layer().judge(again).layer(service);
    let (last, ()) = tokio::join!(service.oneshot(()), looks());
    assert_eq!(live.alive(), 1);
    drop(last);
}

/// It can be part of a task.
#[tokio::test(start_paused = true)]
async fn a_call_can_be_spawned() {
    let retry = retry(3);
    let handle = retry.clone();
    let task = tokio::spawn(async move {
        let (text, words) = (String::from("hello"), ["hello"]);
        // With what belongs to the task, in closures of either kind.
        let first = handle.call(Info::new(), async |attempt| {
            yield_now().await;
            match attempt {
                1 => Err(turned_away(Reason::QueueFull).into()),
                _ => Ok::<_, BoxError>(text.len()),
            }
        });
        let first = first.await?;
        let words = &words;
        let second = handle.call(Info::new(), |_| async move {
            yield_now().await;
            Ok::<_, BoxError>(words.len())
        });
        Ok::<_, BoxError>((first, second.await?))
    });
    assert_eq!(task.await.unwrap().unwrap(), (5, 1));
}

#[tokio::test(start_paused = true)]
async fn while_it_is_off_there_is_one_attempt_and_nothing_is_asked() {
    let retry = retry(1);
    let judge = |_: Result<&(), &BoxError>| -> Judgement { panic!("nobody was to ask") };
    let outcome = retry.call_with(judge, idempotent(), async |_| Err(broken()));
    outcome.await.unwrap_err();
    assert_eq!(retry.view().given_up(GivenUp::Attempts), 0);
}

#[derive(Debug, thiserror::Error)]
enum ShopError {
    #[error("out of stock")]
    OutOfStock,
    #[error("not now")]
    TurnedAway(#[from] seaworthy::core::Rejected),
}

#[tokio::test(start_paused = true)]
async fn a_rejection_within_an_own_error_is_found_if_that_is_asked_for() {
    let attempt = async |attempt| match attempt {
        1 => Err(ShopError::from(turned_away(Reason::QueueFull))),
        2 => Err(ShopError::OutOfStock),
        _ => Ok(7),
    };
    let retry = retry(3);
    let outcome = retry.call_with(SourceChain::default(), idempotent(), attempt);
    assert_eq!(outcome.await.unwrap(), 7);
    // It is not idempotent: the first time it was turned away, the second it may have been executed.
    let outcome = retry.call_with(SourceChain::default(), Info::new(), attempt);
    assert!(matches!(outcome.await, Err(ShopError::OutOfStock)));
    // Nobody has looked for it: it may have been executed, as any other.
    let outcome = retry.call(Info::new(), attempt);
    assert!(matches!(outcome.await, Err(ShopError::TurnedAway(_))));
}

#[tokio::test(start_paused = true)]
async fn a_judge_of_ones_own_knows_what_was_not_executed() {
    let judge = |outcome: Result<&u32, &&str>| match outcome {
        Err(&"connection refused") => Judgement::Again {
            executed: Executed::No,
            retry_after: None,
        },
        Err(_) => Judgement::InVain,
        Ok(_) => Judgement::Answer,
    };
    let retry = retry(3);
    let outcome = retry.call_with(judge, Info::new(), async |attempt| match attempt {
        1 => Err("connection refused"),
        _ => Err("no such user"),
    });
    assert_eq!(outcome.await, Err("no such user"));
    assert_eq!(retry.view().given_up(GivenUp::InVain), 1);
    assert_eq!(retry.view().retries, 1);
}
