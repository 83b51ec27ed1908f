//! The pages: an ordinary axum router.

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Serialize;
use tokio::sync::watch;

use super::catalogue;
use super::till::{Order, Till};

/// What the handlers need.
#[derive(Clone)]
pub(crate) struct Front {
    pub(crate) till: Till,
    pub(crate) report: watch::Receiver<String>,
}

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
        .with_state(front)
}

async fn products() -> Html<String> {
    Html(catalogue::list_page())
}

async fn product(Path(id): Path<u16>) -> Result<Html<String>, StatusCode> {
    let product = catalogue::find(id).ok_or(StatusCode::NOT_FOUND)?;
    Ok(Html(product.page()))
}

async fn check_out(State(front): State<Front>, Json(order): Json<Order>) -> Response {
    if catalogue::find(order.product).is_none() || order.quantity == 0 {
        return (
            StatusCode::UNPROCESSABLE_ENTITY,
            "no such product, or none of it\n",
        )
            .into_response();
    }
    match front.till.check_out(order).await {
        Ok(order) => (StatusCode::CREATED, Json(Receipt { order })).into_response(),
        Err(why) => {
            let retry = [(header::RETRY_AFTER, "1")];
            (StatusCode::SERVICE_UNAVAILABLE, retry, format!("{why}\n")).into_response()
        }
    }
}

async fn report(State(front): State<Front>) -> String {
    front.report.borrow().clone()
}
