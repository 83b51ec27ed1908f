//! Code of the user panics: nothing is taken from the budget for a retry that is not made.

use std::future::poll_fn;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::task::Poll;

use seaworthy::core::request::Info;
use seaworthy::core::{BoxError, Verdict, panic};
use tower::{Layer, Service, ServiceExt};

use crate::script::Script;
use crate::{broken, retry};

/// Panics the `at`th time, counted from 1.
struct Bomb {
    at: u32,
    times: AtomicU32,
}

impl Bomb {
    fn new(at: u32) -> Self {
        let times = AtomicU32::new(0);
        Self { at, times }
    }

    fn tick(&self) {
        let time = self.times.fetch_add(1, SeqCst) + 1;
        assert!(time != self.at, "the bomb");
    }

    fn is_off(&self) -> bool {
        self.times.load(SeqCst) >= self.at
    }
}

/// Whether a call panics, with bombs in all the code that is the user's; how much of the budget it took; and how many
/// attempts were made.
async fn call(classify: &Bomb, describe: &Bomb, copy: &Bomb) -> (bool, f64, usize) {
    let (retry, script) = (retry(3), Script::new((0..3).map(|_| Err(broken()))));
    let before = retry.view().budget.expect("there is one");
    let layer = retry
        .layer()
        .classify(|outcome: Result<&u32, &BoxError>| {
            classify.tick();
            outcome.map_or(Verdict::Failure, |_| Verdict::Success)
        })
        .describe(|_: &u32| {
            describe.tick();
            Info::new().with_idempotent(true)
        })
        .copy(|request: &u32| {
            copy.tick();
            Some(*request)
        });
    let mut service = layer.layer(script.clone());
    service.ready().await.expect("it is");
    let panicked = {
        let Ok(call) = panic::catch(|| service.call(1)) else {
            return (true, 0.0, 0);
        };
        let mut call = Box::pin(call);
        poll_fn(|cx| match panic::catch(|| call.as_mut().poll(cx)) {
            Ok(polled) => polled.map(|_| false),
            Err(_) => Poll::Ready(true),
        })
        .await
    };
    let taken = before - retry.view().budget.expect("there is one");
    (panicked, taken, script.came().len())
}

#[tokio::test(start_paused = true)]
async fn what_panics_takes_no_more_than_the_retries_that_were_made() {
    let never = || Bomb::new(0);
    let mut panics = 0;
    for at in 1..=4 {
        let bombs = [
            [Bomb::new(at), never(), never()],
            [never(), Bomb::new(at), never()],
            [never(), never(), Bomb::new(at)],
        ];
        for [classify, describe, copy] in &bombs {
            let is_off = || {
                [classify, describe, copy]
                    .iter()
                    .any(|it| it.at > 0 && it.is_off())
            };
            let (panicked, taken, attempts) = call(classify, describe, copy).await;
            assert_eq!(panicked, is_off());
            panics += u32::from(panicked);
            let retries = attempts.saturating_sub(1);
            assert_eq!(taken, retries as f64, "{at}");
        }
    }
    // Each of three outcomes is judged, each request described, and two are copied.
    assert_eq!(panics, 3 + 3 + 2);
}
