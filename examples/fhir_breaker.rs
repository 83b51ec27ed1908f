//! A FHIR server has a bad day, and a circuit breaker stands between it and its clients.
//!
//! Four clients read a Patient over real HTTP. The server is well, then slow, then answers 503, then refuses
//! connections, then is back. The breaker goes by the status of each response and by how long it took; a timeout
//! inside of it ends calls that take too long. Whoever is turned away makes do with the last good copy.
//!
//! Run it: `cargo run -p seaworthy-examples --example fhir_breaker`
//!
//! What you should see: each change of the breaker with its cause, a line on each part of the day, and the claims that
//! the program has checked. It takes a few seconds.

#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use axum::routing::get;
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use seaworthy_circuit_breaker::http::HttpStatus;
use seaworthy_circuit_breaker::{BreakerEvent, CircuitBreaker, OpenFor, State, Window};
use seaworthy_core::event::Event;
use seaworthy_core::{BoxError, Cause, ConfigError, Rejected};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{self, Instant};
use tower::util::BoxCloneSyncService;
use tower::{ServiceBuilder, ServiceExt};

/// An answer that takes longer is slow.
const SLOW: Duration = Duration::from_millis(100);

/// What the slow server takes: still an answer, and no timeout.
const SLOWER: Duration = Duration::from_millis(150);

/// What one attempt may take.
const TIMEOUT: Duration = Duration::from_millis(500);

const CLIENTS: usize = 4;

/// How long a client thinks before it asks again.
const PAUSE: Duration = Duration::from_millis(10);

/// A part of the day lasts so long, and until the breaker has done what is expected of it.
const PART: Duration = Duration::from_millis(600);

/// Nothing that is expected takes so long.
const LIMIT: Duration = Duration::from_secs(10);

/// How the server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    Well,
    Slow,
    Overloaded,
    Refusing,
}

/// What a client asks through: breaker, timeout, HTTP client.
type Fhir = BoxCloneSyncService<Request<Body>, Response<Body>, BoxError>;

fn breaker() -> Result<CircuitBreaker, ConfigError> {
    let mut open = OpenFor::default();
    open.first = Duration::from_millis(200);
    open.at_most = Duration::from_millis(400);
    CircuitBreaker::builder("fhir")
        .window(Window::Calls(20))
        .minimum_calls(10)
        .slow_calls(SLOW, 0.5)
        .open_for(open)
        .build()
}

fn client(breaker: &CircuitBreaker) -> Fhir {
    let http = Client::builder(TokioExecutor::new()).build_http();
    let stack = ServiceBuilder::new()
        .layer(breaker.layer().classify(HttpStatus))
        .timeout(TIMEOUT)
        .service(http)
        .map_response(|response| response.map(Body::new));
    Fhir::new(stack)
}

/// What came of the calls of one part of the day.
#[derive(Debug, Default)]
struct Count {
    answered: u64,
    failed: u64,
    turned_away: u64,
    /// Of those turned away, who had a copy of an earlier answer.
    from_copy: u64,
    /// The longest that a call took which was turned away.
    longest: Duration,
}

/// Reads the Patient again and again until told to stop.
async fn read(
    fhir: Fhir,
    server: SocketAddr,
    copy: Arc<Mutex<Option<Value>>>,
    end: watch::Receiver<bool>,
) -> Result<Count, BoxError> {
    let mut count = Count::default();
    while !*end.borrow() {
        let request = Request::get(format!("http://{server}/Patient/bruno")).body(Body::empty())?;
        let began = Instant::now();
        match fhir.clone().oneshot(request).await {
            Ok(response) if response.status() == StatusCode::OK => {
                let body = response.into_body().collect().await?.to_bytes();
                let patient = serde_json::from_slice(&body)?;
                *copy.lock().unwrap_or_else(PoisonError::into_inner) = Some(patient);
                count.answered += 1;
            }
            Ok(_) => count.failed += 1,
            Err(error) => match Rejected::find_in(&*error) {
                Some(_) => {
                    count.turned_away += 1;
                    count.longest = count.longest.max(began.elapsed());
                    let copy = copy.lock().unwrap_or_else(PoisonError::into_inner);
                    count.from_copy += u64::from(copy.is_some());
                }
                None => count.failed += 1,
            },
        }
        time::sleep(PAUSE).await;
    }
    Ok(count)
}

/// The server, for as long as the day lasts.
async fn serve(
    mut door: TcpListener,
    router: Router,
    mut moods: watch::Receiver<Mood>,
) -> Result<(), BoxError> {
    let address = door.local_addr()?;
    loop {
        let mut guests = JoinSet::new();
        tokio::select! {
            never = receive(&door, &router, &mut guests) => match never? {},
            refuses = moods.wait_for(|mood| *mood == Mood::Refusing) => refuses?,
        };
        guests.shutdown().await;
        drop(door);
        // Bound, and nobody listens: the port is kept, and who connects is refused.
        let kept = TcpSocket::new_v4()?;
        #[cfg(unix)]
        kept.set_reuseaddr(true)?;
        kept.bind(address)?;
        moods.wait_for(|mood| *mood != Mood::Refusing).await?;
        door = kept.listen(64)?;
    }
}

async fn receive(
    door: &TcpListener,
    router: &Router,
    guests: &mut JoinSet<()>,
) -> Result<Infallible, BoxError> {
    loop {
        let (stream, _) = door.accept().await?;
        let service = TowerToHyperService::new(router.clone());
        guests.spawn(async move {
            let http = auto::Builder::new(TokioExecutor::new());
            // Who hangs up in the middle is no concern of the server.
            let _ = http.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// The one endpoint. `seen` counts the requests that reach it.
fn endpoint(moods: watch::Receiver<Mood>, seen: Arc<AtomicU64>) -> Router {
    let patient = get(async move || {
        seen.fetch_add(1, Ordering::Relaxed);
        let mood = *moods.borrow();
        match mood {
            Mood::Overloaded => {
                let issue = json!({ "severity": "error", "code": "throttled" });
                let outcome = json!({ "resourceType": "OperationOutcome", "issue": [issue] });
                return (StatusCode::SERVICE_UNAVAILABLE, outcome.to_string());
            }
            Mood::Slow => time::sleep(SLOWER).await,
            Mood::Well | Mood::Refusing => {}
        }
        let name = json!({ "family": "Almeida", "given": ["Bruno"] });
        let patient = json!({ "resourceType": "Patient", "id": "bruno", "name": [name] });
        (StatusCode::OK, patient.to_string())
    });
    Router::new().route("/Patient/bruno", patient)
}

/// What the breaker has told of itself.
#[derive(Clone, Default)]
struct Diary(Arc<Mutex<Vec<Turn>>>);

/// Into what it turned, and why.
type Turn = (State, Option<Cause>);

impl Diary {
    fn write(&self, event: &Event) {
        if let Some(BreakerEvent::StateChanged { to, cause, .. }) = event.detail() {
            let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            turns.push((*to, *cause));
        }
    }

    fn pages(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether there is such a turn after so many others.
    fn tells(&self, since: usize, turn: impl Fn(State, Option<Cause>) -> bool) -> bool {
        let turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        turns[since..].iter().any(|(to, cause)| turn(*to, *cause))
    }
}

/// A part of the day: how the server is, what is expected of the breaker, and whether that has come about.
type Part = (Mood, &'static str, fn(&Diary, usize) -> bool);

const DAY: [Part; 5] = [
    (Mood::Well, "well", |_, _| true),
    (Mood::Slow, "slow", |diary, since| {
        diary.tells(since, |to, cause| {
            to == State::Open && matches!(cause, Some(Cause::SlowRate { .. }))
        }) && diary.tells(since, |to, cause| {
            to == State::Open && cause == Some(Cause::ProbeSlow)
        })
    }),
    (Mood::Overloaded, "overloaded", reopened),
    (Mood::Refusing, "refusing connections", reopened),
    (Mood::Well, "back", |diary, since| {
        diary.tells(since, |to, _| to == State::Closed)
    }),
];

fn reopened(diary: &Diary, since: usize) -> bool {
    diary.tells(since, |to, cause| {
        to == State::Open && cause == Some(Cause::ProbeFailed)
    })
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let began = Instant::now();
    let breaker = breaker()?;
    let diary = Diary::default();
    let writer = diary.clone();
    let _observer = breaker.events().observe(move |event| {
        println!("{:5.2} s  {event}", began.elapsed().as_secs_f64());
        writer.write(event);
    });

    let door = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let server = door.local_addr()?;
    let (mood, moods) = watch::channel(Mood::Well);
    let seen = Arc::new(AtomicU64::new(0));
    let router = endpoint(moods.clone(), Arc::clone(&seen));
    let mut serving = tokio::spawn(serve(door, router, moods));

    let fhir = client(&breaker);
    let copy = Arc::new(Mutex::new(None));
    let (mut reached, mut turned_away, mut all) = (0, 0, 0);
    for (how, name, is_done) in DAY {
        let (since, before) = (diary.pages(), seen.load(Ordering::Relaxed));
        mood.send_replace(how);
        println!(
            "{:5.2} s  the server is {name}",
            began.elapsed().as_secs_f64()
        );
        let (stop, end) = watch::channel(false);
        let mut clients = JoinSet::new();
        for _ in 0..CLIENTS {
            clients.spawn(read(fhir.clone(), server, Arc::clone(&copy), end.clone()));
        }
        time::sleep(PART).await;
        let limit = Instant::now() + LIMIT;
        while !is_done(&diary, since) {
            if serving.is_finished() {
                (&mut serving).await??;
            }
            check("the breaker reacts", Instant::now() < limit)?;
            time::sleep(PAUSE).await;
        }
        stop.send_replace(true);
        let mut sum = Count::default();
        for count in clients.join_all().await {
            let count = count?;
            sum.answered += count.answered;
            sum.failed += count.failed;
            sum.turned_away += count.turned_away;
            sum.from_copy += count.from_copy;
            sum.longest = sum.longest.max(count.longest);
        }
        let Count {
            answered, failed, ..
        } = sum;
        println!(
            "         {name}: {answered} answered, {failed} failed, {} turned away ({} µs at the longest)\n",
            sum.turned_away,
            sum.longest.as_micros()
        );
        if how != Mood::Refusing {
            let reached_now = seen.load(Ordering::Relaxed) - before;
            check(
                "no call that was turned away reached the server",
                reached_now == answered + failed,
            )?;
        }
        check(
            "whoever was turned away had the last good copy",
            sum.from_copy == sum.turned_away,
        )?;
        reached += answered + failed;
        turned_away += sum.turned_away;
        all += answered + failed + sum.turned_away;
    }
    serving.abort();

    println!("{all} calls: {reached} made, {turned_away} turned away\n");
    check("it is closed again", breaker.state() == State::Closed)?;
    println!("checked: slow answers opened the circuit, though none of them was an error");
    println!("checked: probes that were slow, answered 503 or were refused opened it again");
    println!("checked: it closed when the server was back");
    println!("checked: no call that was turned away reached the server");
    check(
        "the breaker counts them as the clients do",
        breaker.rejections() == turned_away,
    )?;
    println!("checked: whoever was turned away had the last good copy");
    Ok(())
}

fn check(claim: &str, is_so: bool) -> Result<(), BoxError> {
    if is_so {
        Ok(())
    } else {
        Err(format!("not so: {claim}").into())
    }
}
