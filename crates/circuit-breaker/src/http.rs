//! Judging HTTP and gRPC responses: by their head alone, or when their body has ended.
//!
//! [`HttpStatus`] and [`GrpcStatus`] are classifiers for [`CircuitBreakerLayer`](crate::CircuitBreakerLayer): they see the
//! head of a response. A server that dies in the middle of a body, or that puts the status of a gRPC call in the trailers
//! as servers do that have sent a message, is seen by [`CircuitBreaker::http_layer`] and [`CircuitBreaker::grpc_layer`],
//! for which a call lasts until its body has ended.

mod body;
mod classify;
mod future;
mod layer;

pub use body::JudgedBody;
#[cfg(feature = "grpc")]
pub use classify::GrpcStatus;
pub use classify::{HttpStatus, JudgeTrailers};
pub use future::HttpResponseFuture;
pub use layer::{HttpLayer, HttpService};

#[cfg(doc)]
use crate::CircuitBreaker;
