//! What goes well with a product: asked of somebody else's service over HTTP, while the customer waits for the page.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use seaworthy_core::BoxError;
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt, service_fn};

/// How long a page waits for it.
pub(crate) const PATIENCE: Duration = Duration::from_millis(100);

/// The numbers of the products that go well with one.
pub(crate) type Recommender = BoxCloneSyncService<u16, Vec<u16>, BoxError>;

/// A real HTTP client that keeps its connections alive. An answer without an error is one that came whole.
pub(crate) fn client(
    upstream: SocketAddr,
) -> impl Service<u16, Response = Vec<u16>, Error = BoxError, Future: Send> + Clone + Send + Sync {
    let client = Client::builder(TokioExecutor::new()).build_http();
    service_fn(move |id: u16| {
        let client = client.clone();
        async move {
            let uri = format!("http://{upstream}/goes-with/{id}");
            let request = Request::get(uri).body(Body::empty())?;
            let response = client.oneshot(request).await?;
            let status = response.status();
            let body = response.into_body().collect().await?.to_bytes();
            if status == StatusCode::OK {
                Ok(serde_json::from_slice(&body)?)
            } else {
                Err(BoxError::from(format!("answered {status}")))
            }
        }
    })
}
