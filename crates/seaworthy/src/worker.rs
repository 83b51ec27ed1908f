//! A supervised service behind a queue.

use std::sync::Arc;

use seaworthy_core::{BoxError, ConfigError};
use seaworthy_queue::service::{Client, ServiceBuilder};
use seaworthy_supervisor::{Child, Context, Init, Restart};
use tower_service::Service;

/// A child that serves requests by the service that `factory` builds, and the client by which it is asked: what Erlang
/// calls a generic server.
///
/// The factory is called for each incarnation, and the child is up when it has built a service. If that service panics
/// (or is never ready again), the callers whose requests were under way are told that their worker crashed, the child is
/// restarted, and all other requests wait for the next incarnation. Ordered to stop, it finishes what is under way; what
/// waits is there for the next incarnation.
///
/// A service that is a state and a function is made by [`stateful`](crate::stateful), one that answers with an error and then
/// dies of it by [`dies_of`](crate::dies_of).
///
/// Several children of one kind over one queue are a pool: put them under a supervisor of their own, each made of
/// [`Requests`](seaworthy_queue::service::Requests) as this one is.
///
/// The child is [transient](Restart::Transient): it ends for good when all clients are gone.
///
/// # Errors
///
/// [`ConfigError`], if the configuration of the queue is not allowed.
pub fn worker<Req, Res, E, F, Fut, S>(
    queue: ServiceBuilder<Req, Res, E>,
    factory: F,
) -> Result<(Child, Client<Req, Res, E>), ConfigError>
where
    Req: Send + 'static,
    Res: Send + 'static,
    E: Into<BoxError> + Send + 'static,
    F: Fn(Context) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<S, BoxError>> + Send + 'static,
    S: Service<Req, Response = Res, Error = E> + Send + 'static,
    S::Future: Send,
{
    let name = Arc::clone(queue.name());
    let (client, requests) = queue.build()?;
    let child = Child::init(name, move |cx: Context| {
        let requests = requests.clone();
        let built = factory(cx.clone());
        async move {
            let service = built.await?;
            let stop = cx.shutdown();
            Ok(Init::Run(async move {
                let served = requests.serve_until(service, stop).await;
                served.map_err(Into::into)
            }))
        }
    });
    Ok((child.restart(Restart::Transient), client))
}
