//! All rules at once, against a model that says in plain words what becomes of a call.

use std::collections::VecDeque;
use std::sync::Mutex;

use proptest::prelude::*;
use seaworthy::core::request::Info;
use seaworthy::core::{BoxError, Reason, Rejected};
use seaworthy::retry::{ByVerdict, GivenUp, Retry, RetryBudget};
use seaworthy_testkit::block_on_paused;
use tokio::time::{Instant, sleep};
use tower::{Layer, ServiceExt, service_fn};

use crate::{MILLI, broken, builder, turned_away};

/// How one attempt ends. Times are in milliseconds.
#[derive(Clone, Copy, Debug)]
enum Outcome {
    Answer,
    Broken,
    TurnedAway { retry_after: Option<u32> },
    TimedOut { retry_after: Option<u32> },
    Gone,
}

use Outcome::{Answer, Broken, Gone, TimedOut, TurnedAway};

#[derive(Clone, Debug)]
struct Call {
    /// How long each attempt takes, and how it ends; after the last it is answered at once.
    script: Vec<(u32, Outcome)>,
    is_idempotent: bool,
    is_replayable: bool,
    deadline: Option<u32>,
}

#[derive(Clone, Debug)]
struct Config {
    attempts: u32,
    /// A quarter is the least.
    quarters: u32,
    burst: u32,
    within: Option<u32>,
    max_retry_after: Option<u32>,
}

/// What became of a call: when each attempt began, when it was over, and why it was given up, if it was.
#[derive(Debug, PartialEq)]
struct Fate {
    began: Vec<u32>,
    over: u32,
    given_up: Option<GivenUp>,
}

/// Tokens, in quarters.
fn fate_of(call: &Call, config: &Config, tokens: &mut u32) -> Fate {
    if config.attempts > 1 {
        *tokens = (*tokens + config.quarters).min(4 * config.burst);
    }
    let (mut now, mut began) = (0, Vec::new());
    loop {
        began.push(now);
        let attempt = began.len() as u32;
        let script = call.script.get(attempt as usize - 1);
        let (took, outcome) = script.copied().unwrap_or((0, Answer));
        now += took;
        let over = |given_up| Fate {
            began: began.clone(),
            over: now,
            given_up,
        };
        let (may_be_executed, retry_after) = match outcome {
            _ if config.attempts == 1 => return over(None),
            Answer => return over(None),
            Gone => return over(Some(GivenUp::InVain)),
            Broken => (true, None),
            TimedOut { retry_after } => (true, retry_after),
            TurnedAway { retry_after } => (false, retry_after),
        };
        if may_be_executed && !call.is_idempotent {
            return over(Some(GivenUp::NotIdempotent));
        }
        if attempt >= config.attempts {
            return over(Some(GivenUp::Attempts));
        }
        if !call.is_replayable {
            return over(Some(GivenUp::NotReplayable));
        }
        let longest = config.max_retry_after.unwrap_or(u32::MAX);
        if retry_after.is_some_and(|it| it > longest) {
            return over(Some(GivenUp::RetryAfter));
        }
        let backoff = [100, 200, 400, 800, 1000][attempt as usize - 1];
        let next = now + retry_after.map_or(backoff, |it| it.max(backoff));
        let is_late = |limit: Option<u32>| limit.is_some_and(|limit| next >= limit);
        if is_late(call.deadline) || is_late(config.within) {
            return over(Some(GivenUp::Deadline));
        }
        if *tokens < 4 {
            return over(Some(GivenUp::Budget));
        }
        *tokens -= 4;
        now = next;
    }
}

fn outcome(outcome: Outcome) -> Result<(), BoxError> {
    let rejected = |reason, retry_after: Option<u32>| -> BoxError {
        let rejected = turned_away(reason);
        let after = |millis| Rejected::with_retry_after(rejected, millis * MILLI);
        retry_after.map_or(rejected, after).into()
    };
    match outcome {
        Answer => Ok(()),
        Broken => Err(broken()),
        TurnedAway { retry_after } => Err(rejected(Reason::CircuitOpen, retry_after)),
        TimedOut { retry_after } => Err(rejected(Reason::TimedOut, retry_after)),
        Gone => Err(rejected(Reason::Stopped, None)),
    }
}

/// The same through the layer, or without it. Whatever happened before in `given_up`.
async fn real(retry: &Retry, call: &Call, is_layered: bool) -> Fate {
    let before = retry.view();
    let begun = Instant::now();
    let passed = || begun.elapsed().as_millis() as u32;
    let script = Mutex::new(VecDeque::from(call.script.clone()));
    let began = Mutex::new(Vec::new());
    let attempt = async || {
        began.lock().expect("not poisoned").push(passed());
        let next = script.lock().expect("not poisoned").pop_front();
        let (took, how) = next.unwrap_or((0, Answer));
        if took > 0 {
            sleep(took * MILLI).await;
        }
        outcome(how)
    };
    let info = Info::new().with_idempotent(call.is_idempotent);
    let at = |millis: u32| info.with_deadline(begun + millis * MILLI);
    let info = call.deadline.map_or(info, at);
    let ended = if is_layered {
        let is_replayable = call.is_replayable;
        let copy = move |info: &Info| is_replayable.then_some(*info);
        let layer = retry.layer().describe(|info: &Info| *info).copy(copy);
        layer
            .layer(service_fn(|_: Info| attempt()))
            .oneshot(info)
            .await
    } else {
        let judge = ByVerdict::default();
        retry.call_with(judge, info, |_| attempt()).await
    };
    let over = passed();
    let after = retry.view();
    let reasons = [
        GivenUp::InVain,
        GivenUp::NotIdempotent,
        GivenUp::Attempts,
        GivenUp::NotReplayable,
        GivenUp::RetryAfter,
        GivenUp::Deadline,
        GivenUp::Budget,
    ];
    let counted: Vec<_> = reasons
        .into_iter()
        .filter(|it| after.given_up(*it) > before.given_up(*it))
        .collect();
    assert!(counted.len() <= 1, "{counted:?}");
    let began = began.into_inner().expect("not poisoned");
    assert_eq!(after.retries - before.retries, began.len() as u64 - 1);
    let recovered = ended.is_ok() && began.len() > 1;
    assert_eq!(after.recovered - before.recovered, u64::from(recovered));
    Fate {
        began,
        over,
        given_up: counted.first().copied(),
    }
}

fn times() -> impl Strategy<Value = Option<u32>> {
    // Such as hit the sums of others, and such as do not.
    let time = prop_oneof![prop::sample::select(vec![100, 300, 700, 1500]), 1..4000_u32];
    prop::option::of(time)
}

fn outcomes() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        1 => Just(Answer),
        4 => Just(Broken),
        4 => times().prop_map(|retry_after| TurnedAway { retry_after }),
        2 => times().prop_map(|retry_after| TimedOut { retry_after }),
        1 => Just(Gone),
    ]
}

fn calls() -> impl Strategy<Value = Call> {
    let took = prop_oneof![3 => Just(0_u32), 1 => 1..600_u32];
    let script = prop::collection::vec((took, outcomes()), 0..7);
    let is_idempotent = prop::bool::weighted(0.8);
    let is_replayable = prop::bool::weighted(0.9);
    (script, is_idempotent, is_replayable, times()).prop_map(
        |(script, is_idempotent, is_replayable, deadline)| Call {
            script,
            is_idempotent,
            is_replayable,
            deadline,
        },
    )
}

fn configs() -> impl Strategy<Value = Config> {
    (1..7_u32, 1..8_u32, 1..5_u32, times(), times()).prop_map(
        |(attempts, quarters, burst, within, max_retry_after)| Config {
            attempts,
            quarters,
            burst,
            within,
            max_retry_after,
        },
    )
}

proptest! {
    #[test]
    fn a_call_ends_as_the_rules_say(
        config in configs(),
        calls in prop::collection::vec((calls(), any::<bool>()), 1..8),
    ) {
        block_on_paused(async {
            let (ratio, burst) = (f64::from(config.quarters) / 4.0, config.burst);
            let builder = builder().attempts(config.attempts);
            let builder = builder.budget(RetryBudget { ratio, burst });
            let time = |millis: Option<u32>| millis.map(|it| it * MILLI);
            let builder = builder.max_retry_after(time(config.max_retry_after));
            let retry = builder.within(time(config.within)).build().expect("allowed");
            let mut tokens = 4 * burst;
            for (mut call, is_layered) in calls {
                // Without the layer there is no request to copy.
                call.is_replayable |= !is_layered;
                let expected = fate_of(&call, &config, &mut tokens);
                let fate = real(&retry, &call, is_layered).await;
                prop_assert_eq!(fate, expected, "{:?} {:?}", config, call);
                let left = Some(f64::from(tokens) / 4.0);
                prop_assert_eq!(retry.view().budget, left);
            }
            Ok(())
        })?;
    }
}
