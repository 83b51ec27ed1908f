//! A worker that is too slow, and what becomes of those who wait for it.
//!
//! The worker takes 5 ms for a request, and one comes every 2 ms. Each caller waits for 200 ms and then gives up. Behind
//! an unbounded channel the line grows for as long as the stream lasts, and soon everybody is served too late: the
//! worker works as hard as it can, and for nobody. A bounded queue turns some away at once, and the others are served
//! in time. Which ones is a matter of policy: the program shows four.
//!
//! Run it: `cargo run -p seaworthy-examples --example overloaded_worker`
//!
//! What you should see: how the line of the unbounded channel grows, then a table of what each policy makes of the same
//! stream, and the claims that the program has checked. It runs in real time; the worker's work is a timer, so that
//! the policies can be tried side by side.

#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use seaworthy::core::{BoxError, Rejected};
use seaworthy::queue::service::{self, ServiceBuilder};
use seaworthy::queue::{Codel, Order, Overload};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, interval, sleep, timeout};
use tower::{ServiceExt, service_fn};

const REQUESTS: usize = 500;

/// One request comes every so often: two and a half times as many as the worker can serve.
const EVERY: Duration = Duration::from_millis(2);

/// What the worker takes for one.
const WORK: Duration = Duration::from_millis(5);

/// How long a caller waits for an answer.
const PATIENCE: Duration = Duration::from_millis(200);

/// What a request takes in memory.
const BODY: usize = 16 * 1024;

/// Ten who wait are served after 50 ms. That is well within the patience of the last of them, with room for a worker
/// that is slower now and then.
const SHORT: usize = 10;

/// All who have not given up yet, with those who are about to be served.
const PATIENT: usize = 120;

/// What is known about the worker and its line.
#[derive(Default)]
struct Desk {
    /// Requests that are in memory, and the most there ever were.
    there: AtomicUsize,
    most: AtomicUsize,
    served: AtomicUsize,
    waits: Mutex<Waits>,
    /// The numbers of the requests that the worker has begun with.
    begun: Mutex<HashSet<usize>>,
}

/// How long requests have waited for the worker.
#[derive(Clone, Copy, Default)]
struct Waits {
    longest: Duration,
    last: Duration,
}

impl Desk {
    fn begun(&self) -> MutexGuard<'_, HashSet<usize>> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn waits(&self) -> MutexGuard<'_, Waits> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All that the worker does.
    async fn handle(&self, request: Request) {
        self.begun().insert(request.number);
        let waited = request.sent.elapsed();
        let longest = self.waits().longest.max(waited);
        *self.waits() = Waits {
            longest,
            last: waited,
        };
        sleep(WORK).await;
        self.served.fetch_add(1, Relaxed);
    }
}

struct Request {
    number: usize,
    sent: Instant,
    _body: Vec<u8>,
    desk: Arc<Desk>,
}

impl Request {
    fn new(number: usize, desk: &Arc<Desk>) -> Self {
        let there = desk.there.fetch_add(1, Relaxed) + 1;
        desk.most.fetch_max(there, Relaxed);
        Self {
            number,
            sent: Instant::now(),
            _body: vec![0; BODY],
            desk: Arc::clone(desk),
        }
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        self.desk.there.fetch_sub(1, Relaxed);
    }
}

/// How it ended for a caller.
enum Fate {
    InTime,
    GaveUp,
    /// Told at once, or as soon as it was clear, and why.
    TurnedAway {
        number: usize,
        why: String,
    },
}

/// What came of the whole stream.
struct Outcome {
    name: &'static str,
    served: usize,
    in_time: usize,
    longest: Duration,
    most: usize,
    not_served: BTreeMap<String, usize>,
}

/// Sends the stream to a worker, and waits until all callers are gone and the worker has nothing left to do.
async fn overload<Fut>(
    name: &'static str,
    desk: Arc<Desk>,
    worker: JoinHandle<()>,
    ask: impl Fn(Request) -> Fut,
) -> Result<Outcome, BoxError>
where
    Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
{
    let mut callers = JoinSet::new();
    let mut beat = interval(EVERY);
    for number in 0..REQUESTS {
        beat.tick().await;
        let answer = ask(Request::new(number, &desk));
        callers.spawn(async move {
            match timeout(PATIENCE, answer).await {
                Ok(Ok(())) => Fate::InTime,
                Ok(Err(error)) => Fate::TurnedAway {
                    number,
                    why: why(&error),
                },
                Err(_) => Fate::GaveUp,
            }
        });
    }
    let fates = callers.join_all().await;
    // Nobody asks any more: the worker ends when it has served what is left.
    drop(ask);
    worker.await?;

    let served = desk.served.load(Relaxed);
    let mut not_served = BTreeMap::new();
    let (mut in_time, mut turned_away) = (0, 0);
    for fate in fates {
        match fate {
            Fate::InTime => in_time += 1,
            Fate::GaveUp => {}
            Fate::TurnedAway { number, why } => {
                if desk.begun().contains(&number) {
                    return Err(format!("{name}: `{why}`, and yet the worker had it").into());
                }
                turned_away += 1;
                *not_served.entry(why).or_default() += 1;
            }
        }
    }
    let passed_over = REQUESTS - served - turned_away;
    if passed_over > 0 {
        not_served.insert("gave up before".to_owned(), passed_over);
    }
    Ok(Outcome {
        name,
        served,
        in_time,
        longest: desk.waits().longest,
        most: desk.most.load(Relaxed),
        not_served,
    })
}

fn why(error: &BoxError) -> String {
    let rejected = Rejected::find_in(&**error);
    rejected.map_or_else(
        || error.to_string(),
        |rejected| rejected.reason().to_string(),
    )
}

/// As it is often built: a channel, an answer, and no limit.
async fn unbounded() -> Result<Outcome, BoxError> {
    let desk = Arc::<Desk>::default();
    let (tx, mut rx) = mpsc::unbounded_channel::<(Request, oneshot::Sender<()>)>();
    let clerk = Arc::clone(&desk);
    let worker = tokio::spawn(async move {
        while let Some((request, answer)) = rx.recv().await {
            clerk.handle(request).await;
            // Whoever asked may be gone; then this was for nobody.
            let _ = answer.send(());
        }
    });
    let seen = Arc::clone(&desk);
    let watcher = tokio::spawn(async move { watch(&seen).await });
    let outcome = overload("unbounded channel", desk, worker, move |request| {
        let tx = tx.clone();
        async move {
            let (answer, answered) = oneshot::channel();
            tx.send((request, answer)).map_err(|_| "no worker")?;
            Ok(answered.await?)
        }
    })
    .await;
    watcher.abort();
    outcome
}

/// Prints how the line grows, and how it is still there when nobody comes any more.
async fn watch(desk: &Desk) {
    let began = Instant::now();
    let mut beat = interval(Duration::from_millis(250));
    beat.tick().await;
    loop {
        beat.tick().await;
        let there = desk.there.load(Relaxed);
        println!(
            "  {:.2} s: {there:3} requests in memory ({:.1} MB), the one whose turn it was had waited {:.2} s",
            began.elapsed().as_secs_f64(),
            megabytes(there),
            desk.waits().last.as_secs_f64()
        );
    }
}

/// The same worker behind a queue of ours, which passes over requests whose callers have given up.
async fn queued(
    name: &'static str,
    queue: ServiceBuilder<Request, (), BoxError>,
) -> Result<Outcome, BoxError> {
    let desk = Arc::<Desk>::default();
    let (client, requests) = queue.build()?;
    let clerk = Arc::clone(&desk);
    let worker = tokio::spawn(async move {
        let service = service_fn(move |request| {
            let clerk = Arc::clone(&clerk);
            async move {
                clerk.handle(request).await;
                Ok(())
            }
        });
        // It is always ready.
        let _ = requests.serve(service).await;
    });
    overload(name, desk, worker, move |request| {
        client.clone().oneshot(request)
    })
    .await
}

#[expect(clippy::cast_precision_loss, reason = "a few megabytes")]
fn megabytes(requests: usize) -> f64 {
    (requests * BODY) as f64 / 1e6
}

fn print(outcome: &Outcome) {
    let reasons = outcome.not_served.iter();
    let not_served: Vec<_> = reasons
        .map(|(why, times)| format!("{times} {why}"))
        .collect();
    println!(
        "{:26} {:6} {:8} {:10.2} s {:4} ({:3.1} MB)   {}",
        outcome.name,
        outcome.served,
        outcome.in_time,
        outcome.longest.as_secs_f64(),
        outcome.most,
        megabytes(outcome.most),
        not_served.join(", ")
    );
}

fn check(claim: &str, came_true: bool) -> Result<(), BoxError> {
    if !came_true {
        return Err(format!("not true: {claim}").into());
    }
    println!("checked: {claim}");
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    println!(
        "{REQUESTS} requests in a second, for a worker that serves 200; an unbounded channel:"
    );
    let unbounded = unbounded().await?;

    // The door is shut while the line is full: who is turned away knows it at once, and can go elsewhere.
    let reject = service::builder("reject")
        .capacity(SHORT)
        .overload(Overload::Reject);
    // The newest is what counts, or is the likeliest to be waited for.
    let drop_oldest = service::builder("drop-oldest")
        .capacity(SHORT)
        .overload(Overload::DropOldest);
    // Last come, first served, as soon as the first has waited for long: those behind will give up anyway. When they have,
    // they make room.
    let lifo = service::builder("adaptive-lifo")
        .capacity(PATIENT)
        .overload(Overload::DropOldest)
        .order(Order::AdaptiveLifo(Duration::from_millis(20)));
    // First come, first served, but who has waited for long in a line that never ends is told to go.
    let codel = service::builder("codel")
        .capacity(PATIENT)
        .codel(Codel::default());
    let (reject, drop_oldest, lifo, codel) = tokio::try_join!(
        queued("Reject, room for 10", reject),
        queued("DropOldest, room for 10", drop_oldest),
        queued("AdaptiveLifo", lifo),
        queued("CoDel", codel),
    )?;

    println!(
        "\n                           served  in time  longest wait   most there   not served"
    );
    let ours = [reject, drop_oldest, lifo, codel];
    print(&unbounded);
    ours.iter().for_each(print);
    println!();
    check(
        "behind the unbounded channel somebody was served after more than a second",
        unbounded.longest > Duration::from_secs(1),
    )?;
    check(
        "most of what was served there was served too late",
        unbounded.in_time * 2 < unbounded.served,
    )?;
    for outcome in &ours {
        check(
            &format!("{}: at least twice as many served in time", outcome.name),
            outcome.in_time >= unbounded.in_time * 2,
        )?;
    }
    println!("checked: whoever was turned away cost the worker nothing");
    Ok(())
}
