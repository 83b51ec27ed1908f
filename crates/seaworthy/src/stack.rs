//! All that goes around a service that is called, in the order that makes sense, from one configuration.
//!
//! ```
//! use std::time::Duration;
//! use seaworthy::core::BoxError;
//! use seaworthy::core::request::Info;
//! use seaworthy::fallback::{LastGood, Source};
//! use seaworthy::stack::{Config, Stack};
//! use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), BoxError> {
//! let mut config = Config::default(); // or from a file, with the feature `serde`
//! config.total_timeout = Some(Duration::from_secs(3));
//! config.attempt_timeout = Some(Duration::from_secs(1));
//!
//! let kept = LastGood::by(|item: &&'static str| *item).build()?;
//! let prices = Stack::builder("prices")
//!     .config(config)
//!     .describe(|_: &&'static str| Info::new().with_idempotent(true)) // asking twice does no harm
//!     .fallback(|it| it.last_good(kept))
//!     .build()?;
//!
//! let mut client = ServiceBuilder::new()
//!     .layer(prices.layer().with_source())
//!     .service(service_fn(|item: &'static str| async move {
//!         match item {
//!             "coffee" => std::future::pending().await,
//!             _ => Ok::<_, BoxError>(3),
//!         }
//!     }));
//! assert_eq!(client.ready().await?.call("tea").await?.source, Source::Primary);
//!
//! // Attempts of a second each, until the three seconds are over or the breaker has had enough.
//! let error = client.ready().await?.call("coffee").await.unwrap_err();
//! assert!(error.to_string().contains("timed out"), "{error}");
//!
//! prices.circuit_breaker().force_open();
//! let tea = client.ready().await?.call("tea").await?;
//! assert_eq!(tea.value, 3);
//! assert!(tea.is_degraded());
//! # Ok(())
//! # }
//! ```
//!
//! # In which order
//!
//! ```text
//! fallback > bulkhead > total timeout > retry > circuit breaker > attempt timeout > service
//! ```
//!
//! * The **attempt timeout** is inside of the breaker: an attempt that takes too long is a failure like any other. Outside, it
//!   would be a call that its caller gave up.
//! * The **breaker** is inside of the retries: it sees each attempt, and an open one turns the next attempt away, which then
//!   waits for when to come back, or is the end of it.
//! * The **total timeout** is outside of the retries: the time that a caller has is that of all attempts and the pauses
//!   between them. No attempt begins for which there would be no time.
//! * The **bulkhead** is outside of both: a call that waits for its next attempt is one of those that there may be.
//! * The **fallback** is outermost: it answers whatever the rest turns away.
//!
//! All stages are always there, and each has an off state, so that the type of a service does not depend on its
//! configuration, which can [change](Stack::reconfigure) while it runs.
//!
//! # What is tried again
//!
//! What was never executed, and of the rest only what is idempotent, as [`describe`](StackBuilder::describe) says: see
//! [`retry`](crate::retry#what-is-tried-again). Requests have to be `Clone`, or [copied](StackBuilder::copy) otherwise.
//!
#![cfg_attr(
    feature = "http",
    doc = r##"
# Around an HTTP client

With the feature `http` the rules of HTTP are there: which responses are failures, which of them to try again and when,
which methods are idempotent, and which responses may be shown to others.

```
use axum::body::Bytes;
use axum::http::{Method, Request, Response, StatusCode, Uri};
use axum::{Router, routing::get};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use seaworthy::core::BoxError;
use seaworthy::fallback::LastGood;
use seaworthy::fallback::http::{HttpFailures, may_be_shared};
use tower::{ServiceBuilder, ServiceExt, service_fn};

# #[tokio::main(flavor = "current_thread")]
# async fn main() -> Result<(), BoxError> {
// A server that is busy at first, and later broken.
use std::sync::atomic::{AtomicU32, Ordering};
static CALLS: AtomicU32 = AtomicU32::new(0);
let server = Router::new().route("/tea", get(|| async {
    match CALLS.fetch_add(1, Ordering::Relaxed) {
        0 => (StatusCode::SERVICE_UNAVAILABLE, ""),
        1 => (StatusCode::OK, "3.50"),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, ""),
    }
}));
let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
let tea: Uri = format!("http://{}/tea", listener.local_addr()?).parse()?;
tokio::spawn(axum::serve(listener, server).into_future());

// A client whose answers are there as a whole: what is kept has to be in memory.
let http = Client::builder(TokioExecutor::new()).build_http();
let client = service_fn(move |request: Request<Full<Bytes>>| {
    let answer = http.request(request);
    async move {
        let (head, body) = answer.await?.into_parts();
        Ok::<_, BoxError>(Response::from_parts(head, body.collect().await?.to_bytes()))
    }
});

let kept = LastGood::by_some(|request: &Request<Full<Bytes>>| {
        (request.method() == Method::GET).then(|| request.uri().clone())
    })
    .store_if(may_be_shared)
    .build()?;
let shop = seaworthy::stack("shop")
    .http()
    .fallback(|it| it.last_good(kept).handle(HttpFailures))
    .build()?;
let client = ServiceBuilder::new().layer(shop.layer()).service(client);

let ask = || client.clone().oneshot(Request::get(&tea).body(Full::default()).unwrap());
assert_eq!(ask().await?.into_body(), "3.50"); // the second attempt
assert_eq!(shop.retry().view().retries, 1);
assert_eq!(ask().await?.into_body(), "3.50"); // the last good answer
assert_eq!(shop.fallback().view().answers, 1);
# Ok(())
# }
```
"##
)]
//! # When not to use it
//!
//! Around handlers that call nothing which may fail: there a bulkhead and a timeout are what there is to do. And with some
//! stages in another order, or more than once, put the layers together by yourself: this is nothing but them.

mod builder;
mod call;
mod config;
mod course;
mod handle;
mod layer;
mod reconfigure;
mod rules;

pub use builder::StackBuilder;
pub use config::Config;
pub use handle::Stack;
pub use layer::{GuardedService, StackLayer, StackService};
pub use reconfigure::StackHandle;
pub use rules::Rules;
