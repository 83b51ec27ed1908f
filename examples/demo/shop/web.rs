//! The pages: an ordinary axum router.

use std::fmt::{Display, Write};

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use seaworthy_core::BoxError;
use serde::Serialize;
use tokio::sync::watch;
use tower::ServiceExt;

use super::catalogue;
use super::class::Class;
use super::pages::{Page, Pages};
use super::recommender::{By, Recommended, Recommender};
use super::report::Sheet;
use super::shipping::Quotes;
use super::till::{Order, Till, Unconfirmed};
use super::warehouse::Warehouse;

/// What the handlers need.
#[derive(Clone)]
pub(crate) struct Front {
    pub(crate) till: Till,
    pub(crate) report: watch::Receiver<Sheet>,
    pub(crate) pages: Pages,
    pub(crate) recommender: Recommender,
    pub(crate) quotes: Quotes,
    pub(crate) warehouse: Warehouse,
}

/// How old the report is, in milliseconds.
pub(crate) const AGE: &str = "x-age-ms";

/// Who has answered with the page of a product: [a word](super::pages::Source::word).
pub(crate) const PAGE_BY: &str = "x-page-by";

/// What became of the recommendations on a page: [`GIVEN`], [`SHORT_CIRCUITED`], or nothing.
pub(crate) const RECOMMENDED: &str = "x-recommended";
pub(crate) const GIVEN: &str = "given";
pub(crate) const SHORT_CIRCUITED: &str = "short-circuited";

/// Whose recommendations are on it: [a word](By::word).
pub(crate) const RECOMMENDED_BY: &str = "x-recommended-by";

/// What an order that was not confirmed comes to: [a word](Unconfirmed::word).
pub(crate) const UNCONFIRMED: &str = "x-unconfirmed";

/// The answer to a checkout.
#[derive(Serialize)]
struct Receipt {
    order: u64,
}

/// All routes of the shop.
pub(crate) fn router(front: Front) -> Router {
    Router::new()
        .route("/", get(products))
        .route("/products", get(products))
        .route("/products/{id}", get(product))
        .route("/checkout", post(check_out))
        .route("/report", get(report))
        .route("/shipping/{grams}", get(shipping))
        .with_state(front)
}

async fn products() -> Html<String> {
    Html(catalogue::list_page())
}

async fn product(State(front): State<Front>, Path(id): Path<u16>) -> Response {
    match front.pages.oneshot(id).await {
        Ok(Page {
            text: Some(text),
            by: page_by,
        }) => {
            if let Err(busy) = front.warehouse.ask(Class::Pages).await {
                return unavailable(busy);
            }
            let (became, by, others) = goes_with(front.recommender.oneshot(id).await);
            let headers = [
                (PAGE_BY, page_by.word()),
                (RECOMMENDED, became),
                (RECOMMENDED_BY, by),
            ];
            (headers, Html(text + &others)).into_response()
        }
        Ok(Page { text: None, .. }) => StatusCode::NOT_FOUND.into_response(),
        Err(why) => unavailable(why),
    }
}

/// What goes well with a product, for its page: what became of those who know, and who says it. A page is a page without
/// it.
fn goes_with(recommended: Result<Recommended, BoxError>) -> (&'static str, &'static str, String) {
    let recommended = match recommended {
        Ok(recommended) => recommended,
        Err(why) => {
            return (
                "missing",
                "nobody",
                format!("<p>No recommendations: {why}</p>\n"),
            );
        }
    };
    let (became, text) = match recommended.by {
        By::Service => (GIVEN, "<p>Goes well with it:"),
        _ if recommended.short_circuited => (SHORT_CIRCUITED, "<p>May go well with it:"),
        _ => ("missing", "<p>May go well with it:"),
    };
    let mut text = text.to_owned();
    for other in recommended.others.into_iter().filter_map(catalogue::find) {
        let (id, name) = (other.id, &other.name);
        // Writing into a string cannot fail.
        let _ = write!(text, " <a href=\"/products/{id}\">{name}</a>");
    }
    text.push_str("</p>\n");
    (became, recommended.by.word(), text)
}

fn unavailable(why: impl Display) -> Response {
    let retry = [(header::RETRY_AFTER, "1")];
    (StatusCode::SERVICE_UNAVAILABLE, retry, format!("{why}\n")).into_response()
}

async fn check_out(State(front): State<Front>, Json(order): Json<Order>) -> Response {
    if catalogue::find(order.product).is_none() || order.quantity == 0 {
        return (
            StatusCode::UNPROCESSABLE_ENTITY,
            "no such product, or none of it\n",
        )
            .into_response();
    }
    if front.warehouse.ask(Class::Checkout).await.is_err() {
        return unconfirmed(&Unconfirmed::NoLine);
    }
    match front.till.oneshot(order).await {
        Ok(order) => (StatusCode::CREATED, Json(Receipt { order })).into_response(),
        Err(why) => unconfirmed(&why),
    }
}

fn unconfirmed(why: &Unconfirmed) -> Response {
    let word = [(UNCONFIRMED, why.word())];
    let response = match why {
        // To come back with it is of no use.
        Unconfirmed::GivenUp(_) => {
            (StatusCode::INTERNAL_SERVER_ERROR, format!("{why}\n")).into_response()
        }
        _ => unavailable(why),
    };
    (word, response).into_response()
}

async fn report(State(front): State<Front>) -> Response {
    if let Err(busy) = front.warehouse.ask(Class::Reports).await {
        return unavailable(busy);
    }
    let Sheet { text, rendered } = front.report.borrow().clone();
    let age = rendered.elapsed().as_millis().to_string();
    ([(AGE, age)], text).into_response()
}

async fn shipping(State(front): State<Front>, Path(grams): Path<u32>) -> Response {
    match front.quotes.ask(grams).await {
        Some(price) => format!("{}\n", catalogue::cents(price.into())).into_response(),
        None => unavailable("nobody can say what that costs"),
    }
}
