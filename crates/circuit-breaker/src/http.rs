//! Judging HTTP and gRPC responses: by their head alone, or when their body has ended.
//!
//! | | judges | a call ends | for |
//! |---|---|---|---|
//! | [`layer`], [`HttpStatus`] or [`GrpcStatus`] its [classifier] | the head of a response | with the head | long downloads, server-sent events, streams |
//! | [`CircuitBreaker::http_layer`] | the head, and whether the body breaks off | with the body | all else |
//! | [`CircuitBreaker::grpc_layer`] | the same, and the status in the trailers | with the trailers | unary calls of gRPC, and short streams |
//!
//! # What a body says
//!
//! A head that is no success says it all, and the body does not count. After one that is:
//!
//! | the body | counts as |
//! |---|---|
//! | is read to its end | success, or what its trailers say; with gRPC a failure if there is no status anywhere |
//! | breaks off with an error, or panics | failure |
//! | is dropped before its end | success: the head was good, and so was what has been read |
//!
//! So it does not matter how much of a body a client reads: many look at the status alone, and a server that has sent as
//! many bytes as it had announced does not ask for more. (A call that is dropped before its *head* is there was
//! [cancelled](crate::Config::cancelled).)
//!
//! # Time
//!
//! With `http_layer` and `grpc_layer` a call lasts until its body has ended or is dropped, and that is what
//! [`slow_calls`](crate::CircuitBreakerBuilder::slow_calls) and the [lease](crate::HalfOpen::lease) of a probe go by:
//! also the time that the reader takes, who may be slow himself. A download of an hour is a slow call, a stream without
//! an end is a probe that is overdue. Judge those by their head.
//!
//! # Rejections as responses
//!
//! A service that cannot fail answers a call that is turned away with a response. [`respond`] makes it, for this and any
//! other layer, and `HttpStatus` further out knows it again and ignores it, as it does the error. For gRPC there is
//! `respond_grpc`.
//!
//! ```
//! use std::convert::Infallible;
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use seaworthy_circuit_breaker::CircuitBreaker;
//! use seaworthy_circuit_breaker::http::{self as breaker_http, HttpStatus};
//! use seaworthy_core::{Reason, Rejected};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Infallible> {
//! let search = CircuitBreaker::new("search");
//! let handler = ServiceBuilder::new()
//!     .layer(search.layer().classify(HttpStatus).respond(breaker_http::respond))
//!     .service(service_fn(async |_: Request<()>| {
//!         Ok::<_, Infallible>(Response::new(Full::new("found".as_bytes())))
//!     }));
//!
//! search.force_open();
//! let response = handler.oneshot(Request::new(())).await?;
//! assert_eq!(response.status(), 503); // with Retry-After, if it had opened by itself
//! let rejected = response.extensions().get::<Rejected>().expect("turned away");
//! assert_eq!(rejected.reason(), Reason::CircuitOpen);
//! # Ok(())
//! # }
//! ```
//!
//! [`layer`]: CircuitBreaker::layer
//! [classifier]: crate::CircuitBreakerLayer::classify

mod body;
mod future;
mod layer;
mod trailers;

#[cfg(feature = "grpc")]
#[cfg_attr(docsrs, doc(cfg(feature = "grpc")))]
pub use seaworthy_core::{classify::GrpcStatus, http::respond_grpc};
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
pub use seaworthy_core::{classify::HttpStatus, http::respond};

pub use body::JudgedBody;
pub use future::HttpResponseFuture;
pub use layer::{HttpLayer, HttpService};
pub use trailers::JudgeTrailers;

#[cfg(doc)]
use crate::CircuitBreaker;
