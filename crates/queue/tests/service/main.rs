//! Services behind a queue: what callers see while workers come, crash and go.

mod crashes;
mod ends;
mod layers;
mod order;
mod room;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use seaworthy_core::component::Registry;
use seaworthy_core::{Executed, Reason, Rejected};
use seaworthy_queue::service::{self, Client, Requests, ServiceBuilder};
use tower::{Service, ServiceExt};

/// An error as a user has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    Odd,
    Rejected(Rejected),
}

impl From<Rejected> for Trouble {
    fn from(rejected: Rejected) -> Self {
        Self::Rejected(rejected)
    }
}

type Callers = Client<u32, u32, Trouble>;
type Work = Requests<u32, u32, Trouble>;

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn builder() -> ServiceBuilder<u32, u32, Trouble> {
    service::builder("halves").registry(&Registry::new())
}

fn pair() -> (Callers, Work) {
    builder().build().expect("it is allowed")
}

/// Halves even numbers, after a second. 13 is bad luck.
#[derive(Clone, Default)]
struct Halves {
    begun: Arc<AtomicUsize>,
    running: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl Service<u32> for Halves {
    type Response = u32;
    type Error = Trouble;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<u32, Trouble>> + Send>>;

    fn poll_ready(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), Trouble>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, number: u32) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            this.begun.fetch_add(1, SeqCst);
            let running = this.running.fetch_add(1, SeqCst) + 1;
            this.most.fetch_max(running, SeqCst);
            tokio::time::sleep(secs(1)).await;
            this.running.fetch_sub(1, SeqCst);
            match number {
                13 => panic!("bad luck"),
                number if number % 2 == 1 => Err(Trouble::Odd),
                number => Ok(number / 2),
            }
        })
    }
}

async fn ask(callers: &Callers, number: u32) -> Result<u32, Trouble> {
    callers.clone().oneshot(number).await
}

fn asking(callers: &Callers, number: u32) -> tokio::task::JoinHandle<Result<u32, Trouble>> {
    let callers = callers.clone();
    tokio::spawn(async move { ask(&callers, number).await })
}

#[track_caller]
fn rejected(outcome: Result<u32, Trouble>, reason: Reason, executed: Executed) {
    match outcome {
        Err(Trouble::Rejected(rejected)) => {
            assert_eq!((rejected.reason(), rejected.executed()), (reason, executed));
            assert_eq!(rejected.component().to_string(), "halves");
        }
        other => panic!("not rejected: {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn answers_and_errors_come_back() {
    let (callers, work) = pair();
    tokio::spawn(work.serve(Halves::default()));
    assert_eq!(ask(&callers, 8).await, Ok(4));
    assert_eq!(ask(&callers, 7).await, Err(Trouble::Odd));
}
