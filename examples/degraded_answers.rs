//! Database, then what it said last, then a default: and each answer says which.
//!
//! A page over HTTP tells how many of a product there are. The number comes from a real database on disk, with all stages
//! of the standard stack around it, from a file that is read again whenever it changes. Then the database goes away.
//!
//! Run it: `cargo run -p seaworthy-examples --example degraded_answers`
//!
//! What you should see: the answers of each phase with their sources, and the claims that the program has checked. While
//! the database is away the pages that were asked for before have the last number, with its age, the others a default; after
//! some failures the circuit is open, and the database is left alone. With the fallback switched off in the file, from one
//! request to the next, the same requests are errors. When the database is back, so are its answers.

#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use axum::extract::{Path as UrlPath, State};
use axum::http::{HeaderValue, StatusCode, header::AGE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, body::Body};
use http_body_util::BodyExt;
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use redb::{Database, ReadableDatabase, TableDefinition};
use seaworthy::core::request::Info;
use seaworthy::core::{BoxError, Rejected, clock, http::respond};
use seaworthy::fallback::{Degraded, LastGood, Source};
use seaworthy::stack::Config;
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};
use tower::util::BoxCloneSyncService;
use tower::{Layer, ServiceExt, service_fn};

/// How many there are of each product.
const STOCK: TableDefinition<'_, u64, u64> = TableDefinition::new("stock");

/// Where an answer comes from.
const SOURCE: &str = "x-source";

const CONFIG: &str = r#"
total_timeout = "1s"
attempt_timeout = "200ms"

[retry]
attempts = 2
backoff = { min = "1ms", max = "10ms" }

[circuit_breaker]
consecutive_failures = 5
open = { first = "300ms", at_most = "300ms" }
"#;

/// The database, while it is there, and how often it was asked.
#[derive(Clone, Default)]
struct Store {
    database: Arc<RwLock<Option<Database>>>,
    asked: Arc<AtomicU64>,
}

impl Store {
    fn open(&self, file: &Path) -> Result<(), BoxError> {
        let database = Database::create(file)?;
        let transaction = database.begin_write()?;
        {
            let mut stock = transaction.open_table(STOCK)?;
            for product in 0..20 {
                stock.insert(product, product * 11)?;
            }
        }
        transaction.commit()?;
        *self.database.write().map_err(|_| "poisoned")? = Some(database);
        Ok(())
    }

    fn close(&self) -> Result<(), BoxError> {
        *self.database.write().map_err(|_| "poisoned")? = None;
        Ok(())
    }

    fn look_up(&self, product: u64) -> Result<String, BoxError> {
        self.asked.fetch_add(1, Relaxed);
        let database = self.database.read().map_err(|_| "poisoned")?;
        let database = database.as_ref().ok_or("the database is away")?;
        let stock = database.begin_read()?.open_table(STOCK)?;
        let left = stock.get(product)?.ok_or("no such product")?;
        Ok(format!("{} left", left.value()))
    }
}

/// Whoever asks it does not know what is around it.
type Stock = BoxCloneSyncService<u64, Degraded<String, BoxError>, BoxError>;

async fn page(State(stock): State<Stock>, UrlPath(product): UrlPath<u64>) -> Response {
    match stock.oneshot(product).await {
        Ok(answer) => {
            let mut response = answer.value.into_response();
            let (source, age) = match answer.source {
                Source::Stale { age } => ("stale", Some(age.as_secs())),
                Source::Default => ("default", None),
                _ => ("database", None),
            };
            let headers = response.headers_mut();
            headers.insert(SOURCE, HeaderValue::from_static(source));
            if let Some(age) = age {
                headers.insert(AGE, age.into());
            }
            response
        }
        Err(error) => match Rejected::find_in(&*error) {
            Some(rejected) => respond(*rejected),
            None => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
        },
    }
}

/// In one step, so that nobody reads half of it.
fn write(file: &Path, text: &str) -> Result<(), BoxError> {
    let new = file.with_extension("new");
    fs::write(&new, text)?;
    Ok(fs::rename(new, file)?)
}

/// Reads the file again whenever it has changed.
async fn follow(file: PathBuf, apply: impl Fn(Config)) {
    let mut known = String::new();
    loop {
        sleep(Duration::from_millis(10)).await;
        let Ok(text) = tokio::fs::read_to_string(&file).await else {
            continue;
        };
        if text == known {
            continue;
        }
        match toml::from_str(&text) {
            Ok(config) => apply(config),
            Err(error) => println!("  the file stays unread: {error}"),
        }
        known = text;
    }
}

/// A customer over HTTP.
struct Customer {
    client: Client<HttpConnector, Body>,
    shop: std::net::SocketAddr,
}

impl Customer {
    /// What the page says, and where that comes from; or the status.
    async fn ask(&self, product: u64) -> Result<(String, String), BoxError> {
        let page = format!("http://{}/products/{product}", self.shop).parse()?;
        let (head, body) = self.client.get(page).await?.into_parts();
        let body = String::from_utf8(body.collect().await?.to_bytes().into())?;
        let source = head.headers.get(SOURCE).map(|it| it.to_str()).transpose()?;
        Ok(match source {
            Some(source) => (body, source.to_owned()),
            None => (head.status.as_u16().to_string(), "nobody".to_owned()),
        })
    }

    /// Asks for some, and shows them.
    async fn look(&self, phase: &str) -> Result<Vec<(String, String)>, BoxError> {
        println!("{phase}:");
        let mut seen = Vec::new();
        for product in [1, 2, 3, 9] {
            let answer = self.ask(product).await?;
            println!("  product {product}: {:<16} from {}", answer.0, answer.1);
            seen.push(answer);
        }
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

/// Waits until something is so.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) -> Result<(), BoxError> {
    let so = async {
        while !is_so().await {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(10), so)
        .await
        .map_err(|_| format!("it never was so: {what}").into())
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    let (data, file) = (
        folder.path().join("stock.redb"),
        folder.path().join("stock.toml"),
    );
    write(&file, CONFIG)?;
    let store = Store::default();
    store.open(&data)?;

    let kept = LastGood::by(|product: &u64| *product)
        .max_age(Duration::from_secs(3600))
        .build()?;
    let stack = seaworthy::stack("stock")
        .config(toml::from_str(CONFIG)?)
        .describe(|_: &u64| Info::new().with_idempotent(true))
        .fallback(|it| it.last_good(kept).value("ask at the desk".to_owned()))
        .build()?;
    let database = store.clone();
    let look_up = service_fn(move |product| {
        let database = database.clone();
        async move { database.look_up(product) }
    });
    let stock = BoxCloneSyncService::new(stack.layer().with_source().layer(look_up));
    let live = stack.clone();
    tokio::spawn(follow(file.clone(), move |config| {
        if let Err(error) = live.reconfigure(config) {
            println!("  the file is not gone by: {error}");
        }
    }));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let client = Client::builder(TokioExecutor::new()).build_http();
    let customer = Customer {
        client,
        shop: listener.local_addr()?,
    };
    let router = Router::new()
        .route("/products/{id}", get(page))
        .with_state(stock);
    tokio::spawn(axum::serve(listener, router).into_future());

    for product in [1, 2, 3] {
        customer.ask(product).await?;
    }
    let well = customer.look("The database is there").await?;
    let of = |seen: &[(String, String)], source| seen.iter().filter(|it| it.1 == source).count();
    check(
        "all answers are those of the database",
        of(&well, "database") == 4,
    )?;

    store.close()?;
    let kept_since = clock::exact();
    let away = customer.look("The database is away").await?;
    check(
        "what was asked before is answered as it was, and the rest by a default, in time",
        of(&away, "stale") == 4 && away[0].0 == "11 left" && kept_since.elapsed().as_secs() < 5,
    )?;
    let unknown = customer.ask(10).await?;
    check(
        "nobody has asked for product 10 before",
        unknown == ("ask at the desk".into(), "default".into()),
    )?;
    let asked = store.asked.load(Relaxed);
    for _ in 0..50 {
        customer.ask(1).await?;
    }
    let more = store.asked.load(Relaxed) - asked;
    check(
        "the circuit is open, so that 50 more requests have asked the database next to nothing",
        stack.circuit_breaker().openings() > 0 && more < 25,
    )?;

    write(&file, &format!("fallback = \"off\"\n{CONFIG}"))?;
    until("switched off", async || stack.config().fallback.is_none()).await?;
    let errors = customer
        .look("The fallback is switched off in the file")
        .await?;
    check("the same requests are errors", of(&errors, "nobody") == 4)?;

    store.open(&data)?;
    write(&file, CONFIG)?;
    until(
        "the database answers",
        async || matches!(customer.ask(9).await, Ok((_, source)) if source == "database"),
    )
    .await?;
    let back = customer
        .look("The database and the fallback are back")
        .await?;
    check(
        "all answers are those of the database again",
        of(&back, "database") == 4,
    )
}
