//! The product pages, as a tower service: who builds the stack decides what is behind it.

use std::future::{Ready, ready};
use std::task::{Context, Poll};
use std::time::Duration;

use seaworthy_core::BoxError;
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceBuilder};

use super::catalogue;

/// Pages that may be made at a time.
const HANDS: usize = 64;

/// How long a page may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// A product's page by its number; none if there is no such product.
pub(crate) type Pages = BoxCloneSyncService<u16, Option<String>, BoxError>;

/// Makes the pages. The [bug](catalogue::Product::piece_price) of the catalogue makes it panic.
#[derive(Clone, Debug)]
pub(crate) struct Printer;

impl Service<u16> for Printer {
    type Response = Option<String>;
    type Error = BoxError;
    type Future = Ready<Result<Option<String>, BoxError>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, id: u16) -> Self::Future {
        ready(Ok(catalogue::find(id).map(catalogue::Product::page)))
    }
}

/// The same stack in both builds, around what makes the pages.
pub(crate) fn stack<S>(pages: S) -> Pages
where
    S: Service<u16, Response = Option<String>, Error = BoxError> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    let stack = ServiceBuilder::new()
        .concurrency_limit(HANDS)
        .timeout(PATIENCE)
        .service(pages);
    BoxCloneSyncService::new(stack)
}
