//! When a call of a service gives its place back.

use crate::permit::Permit;

/// Says what becomes of the place of a call that was answered, and of the answer.
///
/// A closure `Fn(Permit, Response) -> Answer` does: whoever has the permit has the place, until it is dropped. If the
/// limit finds itself, how long the service took is measured up to then. A call that failed gives its place back at once.
///
/// ```
/// use seaworthy_bulkhead::{Bulkhead, Permit};
/// use seaworthy_core::BoxError;
/// use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let cursors = Bulkhead::builder("cursors").max_concurrent(1).build()?;
/// let open = service_fn(|query: &'static str| async move { Ok::<_, BoxError>(query.len()) });
/// let mut open = ServiceBuilder::new()
///     .layer(cursors.layer().release_with(|permit: Permit, cursor: usize| (permit, cursor)))
///     .service(open);
///
/// let (permit, cursor) = open.ready().await?.call("select 1").await?;
/// assert_eq!((cursor, cursors.view().in_flight), (8, 1), "open for as long as its permit is there");
/// drop(permit);
/// assert_eq!(cursors.view().in_flight, 0);
/// # Ok(())
/// # }
/// ```
pub trait Release<Res> {
    /// The response of the service behind the bulkhead, as its callers get it.
    type Response;

    /// A call was answered.
    fn release(&self, permit: Permit, response: Res) -> Self::Response;
}

/// The default: the place is free as soon as there is a response.
#[derive(Clone, Copy, Debug, Default)]
pub struct OnResponse;

impl<Res> Release<Res> for OnResponse {
    type Response = Res;

    #[inline]
    fn release(&self, permit: Permit, response: Res) -> Res {
        drop(permit);
        response
    }
}

impl<F, Res, Out> Release<Res> for F
where
    F: Fn(Permit, Res) -> Out,
{
    type Response = Out;

    #[inline]
    fn release(&self, permit: Permit, response: Res) -> Out {
        self(permit, response)
    }
}
