//! Requests whose bodies can be read only once, sent again.

use std::task::{Context, Poll};

use http::Request;
use http_body::Body;
use tower_layer::Layer;
use tower_service::Service;

use super::body::ReplayBody;
use crate::retry::CopyRequest;

/// Keeps what is read of the body of a request, up to a bound, so that it can be sent again. Goes around the retries, which
/// copy by [`Replay`] then.
///
/// The first attempt has the body as it comes: nothing is read ahead, and nothing waits. What it reads is kept beside. The
/// next attempt has that again, and then goes on where the one before has stopped. A body of which more is read than may be
/// kept cannot be sent again: its attempt goes on undisturbed, nothing of it is kept any more, and if it gets no answer, the
/// call is given up as [not replayable](crate::retry::GivenUp::NotReplayable). So is one that says beforehand that it is
/// longer, and one that breaks off.
///
/// What is kept of one body is `max` bytes at most, where each part of it counts for 64 more; and only for as long as there
/// may be another attempt. For a request without a body nothing is allocated.
///
/// ```
/// use http::{Request, Response};
/// use http_body_util::Full;
/// use seaworthy::core::BoxError;
/// use seaworthy::core::request::HttpRequests;
/// use seaworthy::retry::Retry;
/// use seaworthy::retry::http::{HttpOutcomes, Replay, ReplayBody, ReplayLayer};
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), BoxError> {
/// let stock = Retry::builder("stock").build()?;
/// let client = ServiceBuilder::new()
///     .layer(ReplayLayer::new(64 * 1024))
///     .layer(stock.layer().copy(Replay).judge(HttpOutcomes).describe(HttpRequests))
///     .service(service_fn(async |_: Request<ReplayBody<Full<&'static [u8]>>>| {
///         Ok::<_, BoxError>(Response::new(()))
///     }));
///
/// let request = Request::put("/stock/7").body(Full::new(&b"12"[..]))?;
/// assert_eq!(client.oneshot(request).await?.status(), 200);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ReplayLayer {
    max: usize,
}

impl ReplayLayer {
    /// Keeps so many bytes of each body at most; with 0 only requests without a body can be sent again.
    #[must_use]
    pub const fn new(max: usize) -> Self {
        Self { max }
    }
}

impl<S> Layer<S> for ReplayLayer {
    type Service = ReplayService<S>;

    fn layer(&self, inner: S) -> ReplayService<S> {
        let max = self.max;
        ReplayService { inner, max }
    }
}

/// Gives requests bodies that can be sent again. Made by [`ReplayLayer`].
#[derive(Clone, Debug)]
pub struct ReplayService<S> {
    inner: S,
    max: usize,
}

impl<S, B> Service<Request<B>> for ReplayService<S>
where
    S: Service<Request<ReplayBody<B>>>,
    B: Body,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, request: Request<B>) -> S::Future {
        let request = request.map(|body| ReplayBody::new(body, self.max));
        self.inner.call(request)
    }
}

/// Copies requests whose bodies a [`ReplayLayer`] keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replay;

impl<B: Body> CopyRequest<Request<ReplayBody<B>>> for Replay {
    fn copy(&self, request: &Request<ReplayBody<B>>) -> Option<Request<ReplayBody<B>>> {
        let mut copy = Request::new(request.body().copy()?);
        copy.method_mut().clone_from(request.method());
        copy.uri_mut().clone_from(request.uri());
        *copy.version_mut() = request.version();
        copy.headers_mut().clone_from(request.headers());
        copy.extensions_mut().clone_from(request.extensions());
        Some(copy)
    }

    fn is_complete(&self, copy: &Request<ReplayBody<B>>) -> bool {
        copy.body().is_complete()
    }
}
