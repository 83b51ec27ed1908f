//! What timeouts tell: events, snapshots, metrics.

use std::future::pending;
use std::num::NonZeroUsize;
use std::time::Duration;

use seaworthy::core::BoxError;
use seaworthy::core::component::Registry;
use seaworthy::core::event::Events;
use seaworthy::core::request::Info;
use seaworthy::timeout::{Timeout, TimeoutEvent};
use tokio::time::{Instant, advance};
use tower::{Layer, ServiceExt, service_fn};

use crate::{MILLI, timeout};

async fn times_out(timeout: &Timeout) {
    let hang = pending::<Result<(), BoxError>>();
    timeout.call(hang).await.unwrap_err();
}

async fn expires(timeout: &Timeout) {
    let layer = timeout.layer();
    let layer = layer.describe(|at: &Instant| Info::new().with_deadline(*at));
    let service = service_fn(async |_: Instant| Ok::<_, BoxError>(()));
    let call = layer.layer(service).oneshot(Instant::now());
    call.await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn it_tells_of_calls_now_and_then_and_of_each_change() {
    let events = Events::new();
    let mut log = events.subscribe(NonZeroUsize::new(9).expect("not zero"));
    let builder = Timeout::builder("t").after(MILLI).events(&events);
    let timeout = builder.registry(&Registry::new()).build().expect("allowed");
    for seconds in [0, 1, 8, 1] {
        advance(Duration::from_secs(seconds)).await;
        times_out(&timeout).await;
        expires(&timeout).await;
    }
    timeout.set(None).expect("allowed");
    let told = std::iter::from_fn(|| log.try_recv());
    let told: Vec<_> = told
        .map(|it| *it.detail::<TimeoutEvent>().expect("one of ours"))
        .collect();
    let set = TimeoutEvent::Set {
        from: Some(MILLI),
        to: None,
    };
    let expected = [
        TimeoutEvent::TimedOut { timed_out: 1 },
        TimeoutEvent::Expired { expired: 1 },
        TimeoutEvent::TimedOut { timed_out: 4 },
        TimeoutEvent::Expired { expired: 4 },
        set,
    ];
    assert_eq!(told, expected);
    assert_eq!(set.to_string(), "set from 1ms to off");
}

#[tokio::test(start_paused = true)]
async fn it_shows_how_it_is() {
    let timeout = timeout(20 * MILLI);
    times_out(&timeout).await;
    expires(&timeout).await;
    assert_eq!(
        timeout.snapshot().to_string(),
        "timeout t: on (after 20ms, timed_out 1, expired 1)"
    );
    timeout.set(None).expect("allowed");
    assert_eq!(
        timeout.snapshot().to_string(),
        "timeout t: off (timed_out 1, expired 1)"
    );
}

#[test]
fn dashboards_find_it_while_it_is_there() {
    let registry = Registry::new();
    let timeout = Timeout::builder("t").registry(&registry).build();
    assert_eq!(registry.snapshot().len(), 1);
    drop(timeout);
    assert!(registry.snapshot().is_empty());
}

#[cfg(feature = "metrics")]
#[test]
fn calls_that_were_turned_away_are_counted_by_reason() {
    let lines = seaworthy_testkit::measured("seaworthy_timeout_", async {
        let timeout = timeout(MILLI);
        times_out(&timeout).await;
        times_out(&timeout).await;
        expires(&timeout).await;
        timeout.call(async { Ok::<_, BoxError>(()) }).await.unwrap();
    });
    let expected = [
        "rejected_total{name=t,reason=expired} 1",
        "rejected_total{name=t,reason=timed_out} 2",
    ];
    assert_eq!(lines, expected);
}
