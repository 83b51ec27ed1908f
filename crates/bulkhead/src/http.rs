//! Places that are held until the body of a response has ended.
//!
//! The head of a response says that the answer has begun: a server still works on a download, a query still has its
//! connection. With [`until_body_ends`](crate::BulkheadLayer::until_body_ends) such a call counts until its body was read
//! to the end, failed or was dropped; how long the service took is measured up to there too.
//!
//! ```
//! use http::{Request, Response};
//! use http_body_util::{BodyExt, Full};
//! use seaworthy_bulkhead::{Bulkhead, http::respond};
//! use std::convert::Infallible;
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let exports = Bulkhead::builder("exports").max_concurrent(1).build()?;
//! let service = ServiceBuilder::new()
//!     .layer(exports.layer().until_body_ends().respond(respond::<Full<&[u8]>>))
//!     .service(service_fn(|_request: Request<()>| async {
//!         Ok::<_, Infallible>(Response::new(Full::from(&b"all of it"[..])))
//!     }));
//!
//! let first = service.clone().oneshot(Request::new(())).await?;
//! let second = service.clone().oneshot(Request::new(())).await?;
//! assert_eq!(second.status(), 429);
//!
//! first.into_body().collect().await?;
//! assert_eq!(service.oneshot(Request::new(())).await?.status(), 200);
//! # Ok(())
//! # }
//! ```

use std::pin::Pin;
use std::task::{Context, Poll};

use http::Response;
use http_body::{Body, Frame, SizeHint};
use pin_project::{pin_project, pinned_drop};
use seaworthy_core::Rejected;

use crate::layer::BulkheadLayer;
use crate::permit::Permit;
use crate::release::Release;

/// The place is free when the body of the response has ended.
#[derive(Clone, Copy, Debug, Default)]
pub struct OnBodyEnd;

impl<C, R, A, K, M, T> BulkheadLayer<C, R, A, K, M, T> {
    /// Holds the place of a call until the body of its response has ended: see the module [`http`](crate::http). The
    /// response is of another type, with a [`HeldBody`].
    ///
    /// For streams that last, such as server-sent events, this counts connections rather than work.
    #[must_use]
    pub fn until_body_ends(self) -> BulkheadLayer<C, R, A, OnBodyEnd, M, T> {
        self.releasing(OnBodyEnd)
    }
}

/// What core's `respond` answers, with a body that holds nothing.
#[must_use]
pub fn respond<B: Default>(rejected: Rejected) -> Response<HeldBody<B>> {
    seaworthy_core::http::respond(rejected)
}

impl<B: Body> Release<Response<B>> for OnBodyEnd {
    type Response = Response<HeldBody<B>>;

    fn release(&self, permit: Permit, response: Response<B>) -> Self::Response {
        response.map(|body| HeldBody {
            // Nobody has to ask a body that is empty.
            permit: (!body.is_end_stream()).then_some(permit),
            inner: body,
        })
    }
}

/// The body of a response that holds the place of its call until it has ended.
///
/// If it fails or is dropped before, the place is free, and a limit that finds itself goes by what the head has said, if that
/// was overload; else by nothing, since how long it took says nothing.
#[pin_project(PinnedDrop)]
#[derive(Debug)]
pub struct HeldBody<B> {
    #[pin]
    inner: B,
    permit: Option<Permit>,
}

impl<B> From<B> for HeldBody<B> {
    /// A body that holds nothing.
    fn from(inner: B) -> Self {
        Self {
            inner,
            permit: None,
        }
    }
}

impl<B: Default> Default for HeldBody<B> {
    fn default() -> Self {
        Self::from(B::default())
    }
}

impl<B: Body> Body for HeldBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let polled = this.inner.as_mut().poll_frame(cx);
        let ended = match &polled {
            Poll::Pending => false,
            Poll::Ready(None) => true,
            Poll::Ready(Some(Err(_))) => {
                break_off(this.permit);
                true
            }
            // Nothing comes after trailers, and many do not ask again after the last frame.
            Poll::Ready(Some(Ok(frame))) => frame.is_trailers() || this.inner.is_end_stream(),
        };
        if ended {
            *this.permit = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[pinned_drop]
impl<B> PinnedDrop for HeldBody<B> {
    fn drop(self: Pin<&mut Self>) {
        break_off(self.project().permit);
    }
}

fn break_off(permit: &mut Option<Permit>) {
    if let Some(permit) = permit.take() {
        permit.break_off();
    }
}
