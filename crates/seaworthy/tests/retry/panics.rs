//! Code of the user panics: nothing is taken from the budget for a retry that is not made.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::task::{Context, Poll};

use seaworthy::core::request::Info;
use seaworthy::core::{BoxError, Reason, Verdict, panic};
use tower::{Layer, Service, ServiceExt};

use crate::script::Script;
use crate::{broken, retry, turned_away};

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

/// Clones and their readiness are code of the user as well. The first clone is for the others.
#[tokio::test(start_paused = true)]
async fn a_service_that_panics_before_it_is_called_again_takes_nothing() {
    struct Touchy {
        script: Script,
        clone: Arc<Bomb>,
        ready: Arc<Bomb>,
    }

    impl Clone for Touchy {
        fn clone(&self) -> Self {
            self.clone.tick();
            Self {
                script: self.script.clone(),
                clone: Arc::clone(&self.clone),
                ready: Arc::clone(&self.ready),
            }
        }
    }

    impl Service<()> for Touchy {
        type Response = u32;
        type Error = BoxError;
        type Future = <Script as Service<()>>::Future;

        fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
            self.ready.tick();
            Service::<()>::poll_ready(&mut self.script, cx)
        }

        fn call(&mut self, (): ()) -> Self::Future {
            self.script.call(())
        }
    }

    for (clone, ready) in [(2, 0), (0, 2)] {
        let full = || Err(turned_away(Reason::QueueFull));
        let (retry, script) = (retry(2), Script::new([full(), full(), Ok(7)]));
        let touchy = Touchy {
            script: script.clone(),
            clone: Arc::new(Bomb::new(clone)),
            ready: Arc::new(Bomb::new(ready)),
        };
        let mut service = retry.layer().layer(touchy);
        let mut call = Box::pin(service.ready().await.unwrap().call(()));
        let panicked = poll_fn(|cx| match panic::catch(|| call.as_mut().poll(cx)) {
            Ok(polled) => polled.map(|_| false),
            Err(_) => Poll::Ready(true),
        });
        assert!(panicked.await, "the bomb");
        assert_eq!(script.came().len(), 1);
        drop(call);
        assert_eq!(retry.view().budget, Some(10.0), "it is given back");
        // Nothing is broken for others.
        assert_eq!(service.ready().await.unwrap().call(()).await.unwrap(), 7);
        assert_eq!((retry.view().retries, script.came().len()), (1, 3));
    }
}
