//! A queue in front of a service in a stack of layers.

use std::fmt;

use tower_layer::Layer;
use tower_service::Service;

use super::{Client, ServiceBuilder};

/// Puts a queue in front of a service, and a task that serves it: then the service need not be `Clone`. Made by
/// [`ServiceBuilder::layer`].
///
/// Each service that it is applied to has a queue and a task of its own, which ends when all clients are gone. If the
/// service panics, or is never ready again, so does its task, and callers are told that it
/// [stopped](seaworthy_core::Reason::Stopped): a service that is built anew wants a supervisor, who calls
/// [`serve`](super::Requests::serve).
///
/// ```
/// use seaworthy_queue::service;
/// use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let mut served = 0;
/// let counter = ServiceBuilder::new()
///     .layer(service::builder("counter").capacity(10).layer()?)
///     // It changes what it owns: it cannot be cloned.
///     .service(service_fn(move |(): ()| {
///         served += 1;
///         std::future::ready(Ok::<_, BoxError>(served))
///     }));
///
/// assert_eq!(counter.clone().oneshot(()).await?, 1);
/// assert_eq!(counter.oneshot(()).await?, 2);
/// # Ok(())
/// # }
/// ```
pub struct QueueLayer<Req, Res, E> {
    builder: ServiceBuilder<Req, Res, E>,
}

impl<Req, Res, E> QueueLayer<Req, Res, E> {
    /// The builder was checked.
    pub(super) fn new(builder: ServiceBuilder<Req, Res, E>) -> Self {
        Self { builder }
    }
}

impl<S, Req, Res, E> Layer<S> for QueueLayer<Req, Res, E>
where
    S: Service<Req, Response = Res, Error = E> + Send + 'static,
    S::Future: Send,
    Req: Send + 'static,
    Res: Send + 'static,
    E: Send + 'static,
{
    type Service = Client<Req, Res, E>;

    /// # Panics
    ///
    /// Outside a tokio runtime.
    fn layer(&self, service: S) -> Self::Service {
        let (client, requests) = self.builder.clone().build().unwrap_or_else(|error| {
            unreachable!("it was checked when the layer was made: {error}")
        });
        tokio::spawn(requests.serve(service));
        client
    }
}

impl<Req, Res, E> Clone for QueueLayer<Req, Res, E> {
    fn clone(&self) -> Self {
        Self::new(self.builder.clone())
    }
}

impl<Req, Res, E> fmt::Debug for QueueLayer<Req, Res, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueueLayer")
            .field("builder", &self.builder)
            .finish()
    }
}
