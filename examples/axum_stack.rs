//! The standard stack around the routes of an axum service.
//!
//! Clients call it over real HTTP. The routes of the stock stand for a store that fails now and then, goes away and comes
//! back; what may be sent twice is tried again, and while the store is away it is left alone. Reports take long: two at a
//! time, and none without an end. Handlers cannot fail, so whoever is turned away has a response: 429, 503 or 504.
//!
//! Run it: `cargo run -p seaworthy-examples --example axum_stack`
//!
//! What you should see: the statuses of each phase, how often the store was asked for them, and the claims that the program
//! has checked. It takes a few seconds.

#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Method, Request, StatusCode, header::RETRY_AFTER};
use axum::routing::{get, post};
use http_body_util::BodyExt;
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use seaworthy::circuit_breaker::CircuitBreaker;
use seaworthy::core::{BoxError, clock, http::respond};
use seaworthy::retry::http::{Replay, ReplayLayer};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tower::ServiceBuilder;

/// Of routes behind which there is something that may fail.
const STOCK: &str = r#"
total_timeout = "2s"
attempt_timeout = "500ms"

[retry]
max_retry_after = "0ms" # nobody waits for an open circuit
backoff = { min = "1ms", max = "10ms" }

[circuit_breaker]
open = { first = "1s", at_most = "1s", jitter = "none" }
"#;

/// Of routes that need no more than places, and a time after which they have an end.
const REPORTS: &str = r#"
total_timeout = "800ms"
bulkhead = { limit = 2 }
retry = "off"
circuit_breaker = "off"
attempt_timeout = "off"
"#;

/// Puts all stages around the routes. However many there are, they share them.
fn guard(
    routes: Router,
    name: &'static str,
    config: &str,
) -> Result<(Router, CircuitBreaker), BoxError> {
    let stack = seaworthy::stack(name)
        .config(toml::from_str(config)?)
        .http() // which responses are failures, and what may be tried again
        .copy(Replay) // with what was read of its body
        .respond(respond::<Body>) // who is turned away has a response as well
        .build()?;
    let around = ServiceBuilder::new()
        .layer(ReplayLayer::new(64 * 1024))
        .layer(stack.layer());
    Ok((routes.route_layer(around), stack.circuit_breaker().clone()))
}

#[derive(Clone, Copy, Default)]
enum Mood {
    /// Every fourth time that it is asked it fails.
    #[default]
    Flaky,
    Gone,
    Well,
}

/// What is behind the service, and how often it was asked.
#[derive(Clone, Default)]
struct Store {
    mood: watch::Sender<Mood>,
    tea: watch::Sender<String>,
    asked: Arc<AtomicUsize>,
}

impl Store {
    fn ask(&self) -> Result<&watch::Sender<String>, StatusCode> {
        let number = self.asked.fetch_add(1, Relaxed);
        match *self.mood.borrow() {
            Mood::Flaky if number % 4 == 3 => Err(StatusCode::BAD_GATEWAY),
            Mood::Gone => Err(StatusCode::BAD_GATEWAY),
            Mood::Well | Mood::Flaky => Ok(&self.tea),
        }
    }
}

async fn look(State(store): State<Store>) -> Result<String, StatusCode> {
    store.ask().map(|tea| tea.borrow().clone())
}

async fn fill(State(store): State<Store>, left: String) -> Result<(), StatusCode> {
    store.ask()?.send_replace(left);
    Ok(())
}

async fn order(State(store): State<Store>) -> Result<(), StatusCode> {
    store.ask().map(|_| ())
}

/// How many reports are being made, and how many there were at most.
#[derive(Clone, Default)]
struct Desk {
    busy: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

async fn report(State(desk): State<Desk>) -> &'static str {
    let busy = desk.busy.fetch_add(1, Relaxed) + 1;
    desk.most.fetch_max(busy, Relaxed);
    sleep(Duration::from_millis(200)).await;
    desk.busy.fetch_sub(1, Relaxed);
    "all is well"
}

/// A client over HTTP, which tries nothing again.
#[derive(Clone)]
struct Caller {
    client: Client<HttpConnector, Body>,
    at: String,
}

/// How many responses there were of each status.
type Statuses = BTreeMap<u16, usize>;

impl Caller {
    /// The status, the seconds of `Retry-After`, and what it says.
    async fn call(
        &self,
        method: Method,
        path: &str,
        body: &str,
    ) -> Result<(u16, Option<u64>, String), BoxError> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.at));
        let response = self
            .client
            .request(request.body(Body::from(body.to_owned()))?)
            .await?;
        let (head, body) = response.into_parts();
        let after = head
            .headers
            .get(RETRY_AFTER)
            .and_then(|it| it.to_str().ok()?.parse().ok());
        let body = String::from_utf8(body.collect().await?.to_bytes().into())?;
        Ok((head.status.as_u16(), after, body))
    }

    /// The same so many times, one after the other.
    async fn times(&self, calls: usize, method: Method, path: &str) -> Result<Statuses, BoxError> {
        let mut statuses = Statuses::new();
        for number in 0..calls {
            let (status, ..) = self.call(method.clone(), path, &number.to_string()).await?;
            *statuses.entry(status).or_default() += 1;
        }
        Ok(statuses)
    }
}

/// Ends the program if it was not so.
fn check(claim: &str, came_true: bool) -> Result<(), BoxError> {
    if !came_true {
        return Err(format!("not true: {claim}").into());
    }
    println!("checked: {claim}\n");
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let (store, desk) = (Store::default(), Desk::default());
    let of_the_stock = Router::new()
        .route("/stock/tea", get(look).put(fill))
        .route("/orders", post(order))
        .with_state(store.clone());
    let of_reports = Router::new()
        .route("/report", get(report))
        .route("/endless", get(pending::<String>))
        .with_state(desk.clone());
    let (of_the_stock, circuit) = guard(of_the_stock, "stock", STOCK)?;
    let (of_reports, _) = guard(of_reports, "reports", REPORTS)?;
    let service = of_the_stock.merge(of_reports);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let caller = Caller {
        client: Client::builder(TokioExecutor::new()).build_http(),
        at: format!("http://{}", listener.local_addr()?),
    };
    tokio::spawn(axum::serve(listener, service).into_future());

    println!("Every fourth time that the store is asked it fails:");
    let mut asked = 0;
    let mut since = || {
        let before = std::mem::replace(&mut asked, store.asked.load(Relaxed));
        asked - before
    };
    let puts = caller.times(20, Method::PUT, "/stock/tea").await?;
    println!(
        "  20 PUTs:  {puts:?}, the store was asked {} times",
        since()
    );
    let gets = caller.times(20, Method::GET, "/stock/tea").await?;
    println!(
        "  20 GETs:  {gets:?}, the store was asked {} times",
        since()
    );
    let (.., tea) = caller.call(Method::GET, "/stock/tea", "").await?;
    since();
    let posts = caller.times(12, Method::POST, "/orders").await?;
    let sent = since();
    println!("  12 POSTs: {posts:?}, the store was asked {sent} times");
    let all_well = Statuses::from([(200, 20)]);
    check(
        "all GETs and PUTs were answered, the PUTs with the same body once more",
        puts == all_well && gets == all_well && tea == "19",
    )?;
    check(
        "no POST was sent to the store twice, and who was not served knows it",
        sent == 12 && posts == Statuses::from([(200, 9), (502, 3)]),
    )?;

    println!("The store is gone:");
    store.mood.send_replace(Mood::Gone);
    let gone = caller.times(52, Method::GET, "/stock/tea").await?;
    let sent = since();
    println!("  52 GETs:  {gone:?}, the store was asked {sent} times");
    let (status, after, _) = caller.call(Method::GET, "/stock/tea", "").await?;
    println!("  one more: {status}, Retry-After: {after:?}");
    check(
        "it was left alone, and callers were told when to come back",
        sent < 10 && gone.get(&503) >= Some(&50) && (status, after) == (503, Some(1)),
    )?;

    println!("The store is back:");
    store.mood.send_replace(Mood::Well);
    sleep(Duration::from_secs(after.unwrap_or_default())).await;
    let back = caller.times(20, Method::GET, "/stock/tea").await?;
    let state = circuit.state();
    println!("  20 GETs:  {back:?}, the circuit is {state}");
    check(
        "who comes back when he was told is served",
        back == all_well,
    )?;

    println!("Ten reports at once, for which there are two places:");
    let mut calls = JoinSet::new();
    for _ in 0..10 {
        let caller = caller.clone();
        calls.spawn(async move { caller.times(1, Method::GET, "/report").await });
    }
    let mut statuses = Statuses::new();
    for call in calls.join_all().await {
        for (status, calls) in call? {
            *statuses.entry(status).or_default() += calls;
        }
    }
    let most = desk.most.load(Relaxed);
    println!("  10 GETs:  {statuses:?}, at most {most} at a time");
    check(
        "there never were more than two, and the others were told so",
        most <= 2 && statuses.keys().eq([&200, &429]),
    )?;

    println!("A report without an end:");
    let began = clock::exact();
    let (status, ..) = caller.call(Method::GET, "/endless", "").await?;
    println!("  one GET:  {status} after {:.1?}", began.elapsed());
    check("it has one after all", status == 504)
}
