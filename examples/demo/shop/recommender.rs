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

/// What goes well with a product.
#[derive(Clone, Debug)]
pub(crate) struct Recommended {
    /// The numbers of those products.
    pub(crate) others: Vec<u16>,
    pub(crate) by: By,
    /// Those who know were not asked, since the circuit was open.
    pub(crate) short_circuited: bool,
}

/// Who recommends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// Those who know.
    Service,
    /// They did, some time ago.
    Kept,
    /// Nobody in particular: it sells well.
    BestSellers,
}

impl By {
    const ALL: [Self; 3] = [Self::Service, Self::Kept, Self::BestSellers];

    /// As a header says it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Kept => "kept",
            Self::BestSellers => "best-sellers",
        }
    }

    pub(crate) fn from_word(word: &[u8]) -> Option<Self> {
        let is_it = |by: &Self| by.word().as_bytes() == word;
        Self::ALL.into_iter().find(is_it)
    }
}

impl Recommended {
    /// By those who know.
    pub(crate) fn by_service(others: Vec<u16>) -> Self {
        Self {
            others,
            by: By::Service,
            short_circuited: false,
        }
    }
}

/// Asked by the number of a product.
pub(crate) type Recommender = BoxCloneSyncService<u16, Recommended, BoxError>;

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
