//! Open-loop load: customers come by the clock, however slow the shop is.
//!
//! A client that waits for one answer before it sends the next request hides every outage: while
//! the shop hangs nobody asks. Here each customer comes at the planned instant, and waiting counts
//! from that instant.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use seaworthy_core::BoxError;
use serde::Deserialize;
use tokio::task::JoinSet;
use tokio::time::{self, Instant};

use crate::plan::{Arrival, Ask};
use crate::progress::Progress;
use crate::shop::pages::Source;
use crate::shop::recommender::By;
use crate::shop::{till, web};

/// Who has no answer by then goes away. The shop itself gives up on an order two seconds earlier.
const PATIENCE: Duration = Duration::from_secs(3);

/// What a customer experienced.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Visit {
    pub(crate) arrival: Arrival,
    /// When it was over, from the start of the load.
    pub(crate) left: Duration,
    pub(crate) answer: Answer,
}

#[cfg(test)]
impl Visit {
    /// One that began and was over at these times, in milliseconds.
    pub(crate) fn of(who: crate::plan::Who, ask: Ask, at: u64, left: u64, answer: Answer) -> Self {
        let at = Duration::from_millis(at);
        Self {
            arrival: Arrival { at, ask, who },
            left: Duration::from_millis(left),
            answer,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The page that was asked for.
    Page,
    /// The page of a product.
    Product(Advised, Source),
    /// The report, so old.
    Report(Duration),
    /// The order is confirmed under this id.
    Confirmed(u64),
    /// The order is not confirmed, and the shop says what that means; or anybody was turned away.
    Told(Told),
    /// An error, a torn connection, or no answer in time.
    Failed,
}

/// What an order is that was not confirmed, or a page that was not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// Not stored; welcome in a moment.
    TurnedAway,
    /// Never to be stored, whoever tries.
    GivenUp,
    /// Stored or not: the shop does not know, or has forgotten it.
    Unsure,
    /// Not stored: the shop has no database any more.
    Gone,
    /// Not stored: nobody can say whether it is in stock.
    NoLine,
}

impl Told {
    fn from_header(word: &HeaderValue) -> Option<Self> {
        Some(match word.to_str().ok()? {
            till::TURNED_AWAY => Self::TurnedAway,
            till::GIVEN_UP => Self::GivenUp,
            till::UNSURE => Self::Unsure,
            till::GONE => Self::Gone,
            till::NO_LINE => Self::NoLine,
            _ => return None,
        })
    }
}

/// Whether the page of a product recommends others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Advised {
    Given,
    /// Those who know were asked in vain: who recommends instead, if anybody does.
    Missing(Option<By>),
    /// They were not asked, since the circuit was open.
    ShortCircuited(Option<By>),
}

impl Advised {
    fn from_headers(became: &HeaderValue, by: Option<&HeaderValue>) -> Self {
        let by = by.and_then(|by| By::from_word(by.as_bytes()));
        match became.as_bytes() {
            became if became == web::GIVEN.as_bytes() => Self::Given,
            became if became == web::SHORT_CIRCUITED.as_bytes() => Self::ShortCircuited(by),
            _ => Self::Missing(by),
        }
    }

    /// Who recommends, if anybody does.
    pub(crate) fn by(self) -> Option<By> {
        match self {
            Self::Given => Some(By::Service),
            Self::Missing(by) | Self::ShortCircuited(by) => by,
        }
    }
}

/// A real HTTP client that keeps its connections alive.
#[derive(Clone)]
pub(crate) struct Customers {
    client: Client<HttpConnector, Body>,
    shop: SocketAddr,
}

#[derive(Deserialize)]
struct Receipt {
    order: u64,
}

impl Customers {
    pub(crate) fn of(shop: SocketAddr) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { client, shop }
    }

    /// Sends everyone at the planned time and waits until the last one has left.
    pub(crate) async fn come(
        &self,
        start: Instant,
        arrivals: &[Arrival],
        progress: &Progress,
    ) -> Vec<Visit> {
        let mut inside = JoinSet::new();
        for &arrival in arrivals {
            time::sleep_until(start + arrival.at).await;
            let (customers, progress) = (self.clone(), progress.clone());
            inside.spawn(async move {
                let answer = customers.ask(arrival.ask).await;
                progress.one_more();
                Visit {
                    arrival,
                    left: start.elapsed(),
                    answer,
                }
            });
        }
        inside.join_all().await
    }

    /// One request and its answer.
    pub(crate) async fn ask(&self, ask: Ask) -> Answer {
        match time::timeout(PATIENCE, self.request(ask)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) | Err(_) => Answer::Failed,
        }
    }

    async fn request(&self, ask: Ask) -> Result<Answer, BoxError> {
        let (method, path, body) = match ask {
            Ask::Products => (Method::GET, "/products".to_owned(), Body::empty()),
            Ask::Product(id) => (Method::GET, format!("/products/{id}"), Body::empty()),
            Ask::Report => (Method::GET, "/report".to_owned(), Body::empty()),
            Ask::Shipping(grams) => (Method::GET, format!("/shipping/{grams}"), Body::empty()),
            Ask::CheckOut(order) => {
                let body = Body::from(serde_json::to_string(&order)?);
                (Method::POST, "/checkout".to_owned(), body)
            }
        };
        let request = Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.shop))
            .header(header::CONTENT_TYPE, "application/json")
            .body(body)?;
        let response = self.client.request(request).await?;
        let status = response.status();
        let age = response.headers().get(web::AGE).cloned();
        let recommended = response.headers().get(web::RECOMMENDED).cloned();
        let by = response.headers().get(web::RECOMMENDED_BY).cloned();
        let page_by = response.headers().get(web::PAGE_BY).cloned();
        let told = response.headers().get(web::UNCONFIRMED);
        let told = told.and_then(Told::from_header);
        // To the end, also of an error: else the connection could not be used again.
        let body = response.into_body().collect().await?.to_bytes();
        Ok(match status {
            StatusCode::OK => match (age, recommended) {
                (Some(age), _) => Answer::Report(Duration::from_millis(age.to_str()?.parse()?)),
                (None, Some(became)) => {
                    let page_by = page_by.and_then(|by| Source::from_word(by.as_bytes()));
                    let page_by = page_by.ok_or("nobody has answered with it")?;
                    Answer::Product(Advised::from_headers(&became, by.as_ref()), page_by)
                }
                (None, None) => Answer::Page,
            },
            StatusCode::CREATED => {
                Answer::Confirmed(serde_json::from_slice::<Receipt>(&body)?.order)
            }
            // It says that nothing was done.
            StatusCode::TOO_MANY_REQUESTS => Answer::Told(Told::TurnedAway),
            _ => told.map_or(Answer::Failed, Answer::Told),
        })
    }
}
