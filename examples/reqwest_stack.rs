//! The standard stack around a reqwest client, by a file that is read again while it runs.
//!
//! A client asks a shop over real HTTP for prices, and sends it orders. The shop is well, fails now and then, has too much
//! to do and says when to come back, and becomes slow. Whatever it does, whoever asks for a price has one: that of the
//! shop, or the last one that it gave, and then the answer says so.
//!
//! Run it: `cargo run -p seaworthy-examples --example reqwest_stack`
//!
//! What you should see: what came of the calls of each phase, how often the shop was asked for them, and the claims that
//! the program has checked. It takes a few seconds.

#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;
use std::{fmt, fs};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::RETRY_AFTER;
use axum::http::{Method, Response, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use http_body_util::BodyExt;
use seaworthy::circuit_breaker::State as Circuit;
use seaworthy::core::request::HttpRequests;
use seaworthy::core::{BoxError, clock};
use seaworthy::fallback::http::{HttpFailures, may_be_shared};
use seaworthy::fallback::{Degraded, LastGood, Source};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::sleep;
use tower::util::BoxCloneSyncService;
use tower::{Layer, ServiceExt, service_fn};

const CONFIG: &str = r#"
total_timeout = "2s"
attempt_timeout = "300ms"

[retry]
max_retry_after = "1s" # less than the circuit is open for: nobody waits for that
backoff = { min = "1ms", max = "10ms" }

[circuit_breaker]
open = { first = "1600ms", at_most = "1600ms", jitter = "none" }
"#;

/// With all of its body: so it can be kept, and the time that it takes counts.
type Answer = Response<Bytes>;

/// One attempt.
async fn send(http: reqwest::Client, request: reqwest::Request) -> Result<Answer, BoxError> {
    let (head, body) = Response::from(http.execute(request).await?).into_parts();
    Ok(Response::from_parts(head, body.collect().await?.to_bytes()))
}

/// Goes by the file whenever it has changed, and tells what became of it.
async fn follow(
    file: PathBuf,
    go_by: impl Fn(&str) -> Result<(), BoxError>,
    told: watch::Sender<String>,
) {
    let mut known = CONFIG.to_owned();
    loop {
        sleep(Duration::from_millis(10)).await;
        match tokio::fs::read_to_string(&file).await {
            Ok(text) if text != known => {
                let outcome =
                    go_by(&text).map_or_else(|error| error.to_string(), |()| "taken over".into());
                told.send_replace(outcome);
                known = text;
            }
            _ => {}
        }
    }
}

/// In one step, so that nobody reads half of it.
fn write(file: &Path, text: &str) -> Result<(), BoxError> {
    let new = file.with_extension("new");
    fs::write(&new, text)?;
    Ok(fs::rename(new, file)?)
}

#[derive(Clone, Copy, Default)]
enum Mood {
    #[default]
    Well,
    /// Every third time that it is asked it fails.
    Flaky,
    /// Who comes next is to come back after so many seconds.
    Busy(u64),
    Slow(Duration),
}

/// The shop at the other end, and how often it was asked.
#[derive(Clone, Default)]
struct Shop {
    mood: watch::Sender<Mood>,
    asked: Arc<AtomicUsize>,
}

async fn serve(State(shop): State<Shop>) -> Result<&'static str, axum::response::Response> {
    let number = shop.asked.fetch_add(1, Relaxed);
    let mood = *shop.mood.borrow();
    match mood {
        Mood::Flaky if number % 3 == 2 => return Err(StatusCode::BAD_GATEWAY.into_response()),
        Mood::Busy(seconds) => {
            shop.mood.send_replace(Mood::Well);
            let after = [(RETRY_AFTER, seconds.to_string())];
            return Err((StatusCode::SERVICE_UNAVAILABLE, after).into_response());
        }
        Mood::Slow(time) => sleep(time).await,
        Mood::Well | Mood::Flaky => {}
    }
    Ok("3.50")
}

/// Who asks the shop, and does not know what is around that.
struct Customer {
    http: reqwest::Client,
    at: String,
    client: BoxCloneSyncService<reqwest::Request, Degraded<Answer, BoxError>, BoxError>,
    shop: Shop,
}

/// What came of some calls.
#[derive(Debug, Default)]
struct Seen {
    from_the_shop: usize,
    stale: usize,
    failed: usize,
    /// How old the oldest answer was.
    age: Duration,
    /// How often the shop was asked.
    asked: usize,
    took: Duration,
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.from_the_shop > 0 {
            write!(f, "{} answered, ", self.from_the_shop)?;
        }
        if self.stale > 0 {
            write!(
                f,
                "{} with the last price (of at most {:.1?} ago), ",
                self.stale, self.age
            )?;
        }
        if self.failed > 0 {
            write!(f, "{} failed, ", self.failed)?;
        }
        write!(
            f,
            "in {:.1?}; the shop was asked {} times",
            self.took, self.asked
        )
    }
}

impl Customer {
    async fn prices(&self, calls: usize) -> Result<Seen, BoxError> {
        let price = || self.http.get(format!("{}/prices/tea", self.at));
        self.call("prices", calls, price).await
    }

    async fn orders(&self, calls: usize) -> Result<Seen, BoxError> {
        let order = || self.http.post(format!("{}/orders", self.at)).body("tea");
        self.call("orders", calls, order).await
    }

    /// The shop knows an order by its key if it comes again.
    async fn orders_with_a_key(&self, calls: usize) -> Result<Seen, BoxError> {
        let order = || self.http.post(format!("{}/orders", self.at)).body("tea");
        let order = || order().header("idempotency-key", fastrand::u64(..));
        self.call("orders with a key", calls, order).await
    }

    async fn call(
        &self,
        what: &str,
        calls: usize,
        request: impl Fn() -> reqwest::RequestBuilder,
    ) -> Result<Seen, BoxError> {
        let mut seen = Seen::default();
        let (began, before) = (clock::exact(), self.shop.asked.load(Relaxed));
        for _ in 0..calls {
            let answer = self.client.clone().oneshot(request().build()?).await?;
            match answer.source {
                Source::Stale { age } => {
                    seen.stale += 1;
                    seen.age = seen.age.max(age);
                }
                _ if answer.value.status().is_success() => seen.from_the_shop += 1,
                _ => seen.failed += 1,
            }
        }
        seen.took = began.elapsed();
        seen.asked = self.shop.asked.load(Relaxed) - before;
        println!("  {calls} {what}: {seen}");
        Ok(seen)
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
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("shop.toml");
    write(&file, CONFIG)?;
    let shop = Shop::default();
    let service = Router::new()
        .route("/prices/tea", get(serve))
        .route("/orders", post(serve))
        .with_state(shop.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let at = format!("http://{}", listener.local_addr()?);
    tokio::spawn(axum::serve(listener, service).into_future());

    let kept = LastGood::by_some(|request: &reqwest::Request| {
        (request.method() == Method::GET).then(|| request.url().clone())
    })
    .store_if(may_be_shared)
    .build()?;
    let stack = seaworthy::stack("shop")
        .config(toml::from_str(CONFIG)?)
        .http() // which responses are failures, and what may be tried again
        // and which of the requests of reqwest: a GET, or one with a key
        .describe(|it: &reqwest::Request| HttpRequests::info(it.method(), it.headers()))
        .copy(reqwest::Request::try_clone)
        .fallback(|it| it.last_good(kept).handle(HttpFailures))
        .build()?;
    let http = reqwest::Client::new();
    let client = http.clone();
    let client = service_fn(move |request| send(client.clone(), request));
    let client = stack.layer().with_source().layer(client);
    let customer = Customer {
        http,
        at,
        client: BoxCloneSyncService::new(client),
        shop: shop.clone(),
    };
    let (told, mut news) = watch::channel(String::new());
    let live = stack.clone();
    let go_by = move |text: &str| Ok(live.reconfigure(toml::from_str(text)?)?);
    tokio::spawn(follow(file.clone(), go_by, told));

    println!("Every third time that the shop is asked it fails:");
    shop.mood.send_replace(Mood::Flaky);
    let prices = customer.prices(12).await?;
    let orders = customer.orders(12).await?;
    let known = customer.orders_with_a_key(12).await?;
    check(
        "prices, and orders that the shop knows again, were tried until they were answered",
        prices.from_the_shop + known.from_the_shop == 24 && prices.asked + known.asked > 24,
    )?;
    check(
        "no other order was sent twice",
        orders.asked == 12 && orders.failed == 4,
    )?;

    println!("It has too much to do, and says to come back in a second:");
    shop.mood.send_replace(Mood::Busy(1));
    let price = customer.prices(1).await?;
    check(
        "so it was asked again after a second, and answered",
        (price.from_the_shop, price.asked) == (1, 2) && price.took >= Duration::from_secs(1),
    )?;

    println!("It says to come back in a minute:");
    shop.mood.send_replace(Mood::Busy(60));
    let price = customer.prices(1).await?;
    check(
        "nobody waits for that: it was the last price, which says how old it is",
        (price.stale, price.asked) == (1, 1) && price.age > Duration::ZERO,
    )?;

    println!("It takes 600 ms for each answer, and an attempt may take 300:");
    shop.mood
        .send_replace(Mood::Slow(Duration::from_millis(600)));
    let slow = customer.prices(50).await?;
    check(
        "the circuit opened: the shop was asked next to nothing, and everybody had the last price",
        slow.stale == 50 && slow.asked < 10 && stack.circuit_breaker().openings() > 0,
    )?;

    println!("The file says that an attempt may take three seconds, and a call two:");
    write(&file, &CONFIG.replace("300ms", "3s"))?;
    news.changed().await?;
    println!("  {}", *news.borrow_and_update());
    check(
        "that cannot be, so all is as it was",
        stack.config() == toml::from_str(CONFIG)?,
    )?;

    println!("The file says that an attempt may take one second:");
    write(&file, &CONFIG.replace("300ms", "1s"))?;
    news.changed().await?;
    println!("  {}", *news.borrow_and_update());
    while stack.circuit_breaker().state() == Circuit::Open {
        sleep(Duration::from_millis(5)).await;
    }
    let slow = customer.prices(2).await?;
    check(
        "as slow as it is, the shop answers",
        (slow.from_the_shop, slow.asked) == (2, 2),
    )
}
