//! What retries tell: events, snapshots, metrics.

use std::num::NonZeroUsize;
use std::time::Duration;

use seaworthy::core::BoxError;
use seaworthy::core::component::Registry;
use seaworthy::core::event::Events;
use seaworthy::core::request::Info;
use seaworthy::retry::{GivenUp, Retry, RetryBudget, RetryEvent};
use tokio::time::advance;

use crate::script::idempotent;
use crate::{broken, builder, retry};

async fn fails(retry: &Retry, info: Info) {
    let call = retry.call(info, async |_| Err::<(), BoxError>(broken()));
    call.await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn it_tells_why_it_gives_up_now_and_then_and_of_each_change() {
    let events = Events::new();
    let mut log = events.subscribe(NonZeroUsize::new(9).expect("not zero"));
    let retry = builder().attempts(2).events(&events).build();
    let retry = retry.expect("allowed");
    for seconds in [0, 1, 8, 1] {
        advance(Duration::from_secs(seconds)).await;
        fails(&retry, Info::new()).await;
        fails(&retry, idempotent()).await;
    }
    let mut config = retry.config();
    config.attempts = 1;
    retry.reconfigure(config).expect("allowed");
    let told = std::iter::from_fn(|| log.try_recv());
    let told: Vec<_> = told
        .map(|it| *it.detail::<RetryEvent>().expect("one of ours"))
        .collect();
    let gives_up = |reason, calls| RetryEvent::GivesUp { reason, calls };
    let expected = [
        gives_up(GivenUp::NotIdempotent, 1),
        gives_up(GivenUp::Attempts, 1),
        gives_up(GivenUp::NotIdempotent, 4),
        gives_up(GivenUp::Attempts, 4),
        RetryEvent::Reconfigured,
    ];
    assert_eq!(told, expected);
    assert_eq!(
        gives_up(GivenUp::Budget, 7).to_string(),
        "a call is not tried again: there have been too many retries, 7 so far"
    );
}

#[tokio::test(start_paused = true)]
async fn it_shows_how_it_is() {
    let registry = Registry::new();
    let budget = RetryBudget {
        ratio: 0.25,
        burst: 1,
    };
    let retry = builder().attempts(2).budget(budget).registry(&registry);
    let retry = retry.build().expect("allowed");
    let shown = || registry.snapshot()[0].to_string();
    assert_eq!(
        shown(),
        "retry r: on (attempts 2, budget 1, retries 0, recovered 0, given_up 0)"
    );
    fails(&retry, idempotent()).await;
    assert_eq!(
        shown(),
        "retry r: budget spent [degraded] (attempts 2, budget 0, retries 1, recovered 0, given_up 1)"
    );
    let mut config = retry.config();
    (config.attempts, config.budget) = (1, None);
    retry.reconfigure(config).expect("allowed");
    assert_eq!(
        shown(),
        "retry r: off (attempts 1, retries 1, recovered 0, given_up 1)"
    );
    drop(retry);
    assert!(registry.snapshot().is_empty());
}

/// A reason without a number of its own would be counted as another, or panic.
#[tokio::test(start_paused = true)]
async fn each_reason_is_counted_for_itself() {
    let retry = retry(1);
    let view = retry.view();
    for reason in [
        GivenUp::InVain,
        GivenUp::NotIdempotent,
        GivenUp::Attempts,
        GivenUp::NotReplayable,
        GivenUp::RetryAfter,
        GivenUp::Deadline,
        GivenUp::Budget,
    ] {
        assert_eq!(view.given_up(reason), 0);
    }
}

#[cfg(feature = "metrics")]
#[test]
fn retries_and_what_came_of_them_are_counted() {
    let lines = seaworthy_testkit::measured("seaworthy_retry_", async {
        let budget = RetryBudget {
            ratio: 1e-9,
            burst: 3,
        };
        let retry = builder().budget(budget).build().expect("allowed");
        let recovers = retry.call(idempotent(), async |attempt| match attempt {
            1 => Err(broken()),
            _ => Ok(()),
        });
        recovers.await.unwrap();
        fails(&retry, idempotent()).await;
        fails(&retry, idempotent()).await;
        fails(&retry, Info::new()).await;
        retry
            .call(Info::new(), async |_| Ok::<_, BoxError>(()))
            .await
            .unwrap();
    });
    let expected = [
        "given_up_total{name=r,reason=attempts} 1",
        "given_up_total{name=r,reason=budget} 1",
        "given_up_total{name=r,reason=not_idempotent} 1",
        "recovered_total{name=r} 1",
        "retries_total{name=r} 3",
    ];
    assert_eq!(lines, expected);
}
