//! Callers and workers who are dropped at every await: nobody else waits for ever.

use seaworthy_core::component::Registry;
use seaworthy_core::{Reason, Rejected};
use seaworthy_queue::service::{self, Client, Requests};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tower::{BoxError, ServiceExt, service_fn};

use super::*;

type Answer = Result<u32, BoxError>;

/// Three callers, one after the other, of whom the second waits for room.
struct Office {
    client: Client<u32, u32, BoxError>,
    requests: Requests<u32, u32, BoxError>,
    callers: Vec<JoinHandle<Answer>>,
}

async fn twice(number: u32) -> Answer {
    sleep(2 * MILLI).await;
    Ok(2 * number)
}

impl Office {
    fn new() -> Self {
        let builder = service::builder("office").capacity(1);
        let built = builder.registry(&Registry::new()).build();
        let (client, requests) = built.expect("it is allowed");
        Self {
            client,
            requests,
            callers: Vec::new(),
        }
    }

    fn with_callers() -> Self {
        let mut office = Self::new();
        for number in 1..=3_u32 {
            let client = office.client.clone();
            office.callers.push(tokio::spawn(async move {
                sleep(number * MILLI).await;
                client.oneshot(number).await
            }));
        }
        office
    }

    /// Another worker serves what is left: nobody waits for ever, and at most one was under way with the first.
    async fn goes_on(&mut self) {
        let worker = self.requests.clone().serve(service_fn(twice));
        let worker = tokio::spawn(worker);
        let mut crashed = 0;
        for (number, caller) in (1..).zip(std::mem::take(&mut self.callers)) {
            let answer = timeout(100 * MILLI, caller).await.expect("an answer");
            match answer.expect("no panic") {
                Ok(answer) => assert_eq!(answer, 2 * number),
                Err(error) => {
                    let rejected = Rejected::find_in(error.as_ref()).expect("by ours");
                    // One that had not been let in when the queue was closed.
                    if rejected.reason() != Reason::ShuttingDown {
                        assert_eq!(rejected.reason(), Reason::Crashed);
                        crashed += 1;
                    }
                }
            }
        }
        assert!(crashed <= 1, "{crashed}");
        worker.abort();
    }
}

#[test]
pub(super) fn call() {
    let asked = at_every_await(
        8,
        async || {
            let office = Office::new();
            // There is no room for whoever comes now, and there will be.
            let before = tokio::spawn(office.client.clone().oneshot(7));
            sleep(MILLI).await;
            let worker = office.requests.clone();
            tokio::spawn(async move {
                sleep(3 * MILLI).await;
                worker.serve(service_fn(twice)).await
            });
            (office, Some(before))
        },
        async |(office, _)| office.client.clone().oneshot(4).await,
        async |(office, before), ending| {
            if let Ending::Completed(answer) = ending {
                assert_eq!(answer.expect("served"), 8);
            }
            let before = before.take().expect("once").await.expect("no panic");
            assert_eq!(before.expect("served"), 14);
            let after = office.client.clone().oneshot(5);
            let after = timeout(100 * MILLI, after).await.expect("an answer");
            assert_eq!(after.expect("served"), 10);
            assert_eq!(office.client.len(), 0);
        },
    );
    assert_eq!(asked, 2, "for room, and for the answer");
}

#[test]
pub(super) fn serve_until() {
    let served = at_every_await(
        40,
        async || Office::with_callers(),
        async |office| {
            let worker = office.requests.clone();
            let served = worker.serve_until(service_fn(twice), sleep(20 * MILLI));
            served.await.expect("it is always ready");
        },
        async |office, _| office.goes_on().await,
    );
    assert!(served >= 4, "{served}");
}

#[test]
pub(super) fn serve() {
    let served = at_every_await(
        40,
        async || {
            let office = Office::with_callers();
            let requests = office.requests.clone();
            tokio::spawn(async move {
                sleep(30 * MILLI).await;
                requests.close();
            });
            office
        },
        async |office| {
            let served = office.requests.clone().serve(service_fn(twice));
            served.await.expect("it is always ready");
        },
        async |office, _| office.goes_on().await,
    );
    assert!(served >= 4, "{served}");
}

#[test]
pub(super) fn drain() {
    let drained = at_every_await(
        8,
        async || {
            let office = Office::with_callers();
            tokio::spawn(office.requests.clone().serve(service_fn(twice)));
            // One is under way, one waits, one has not come.
            sleep(5 * MILLI / 2).await;
            office
        },
        async |office| office.requests.drain(100 * MILLI).await,
        async |office, ending| {
            if let Ending::Completed(drained) = &ending {
                assert_eq!((drained.dropped, drained.in_flight), (0, 0));
            }
            let drained = matches!(ending, Ending::Completed(_));
            for (number, caller) in (1..).zip(std::mem::take(&mut office.callers)) {
                assert!(!drained || number == 3 || caller.is_finished());
                let answer = timeout(100 * MILLI, caller).await.expect("an answer");
                let answer = answer.expect("no panic");
                if number < 3 {
                    assert_eq!(answer.expect("served"), 2 * number);
                }
            }
        },
    );
    assert!(drained >= 1);
}
