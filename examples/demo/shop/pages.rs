//! The product pages, as a tower service: who builds the stack decides what is behind it, and around it.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use seaworthy_core::BoxError;
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceBuilder};

use super::catalogue::Product;
use super::products::Products;

/// Pages that may be made at a time.
const HANDS: usize = 64;

/// How long a page may take.
const PATIENCE: Duration = Duration::from_millis(100);

/// A product's page by its number.
pub(crate) type Pages = BoxCloneSyncService<u16, Page, BoxError>;

/// A page, and who has answered with it.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    /// None if there is no such product.
    pub(crate) text: Option<String>,
    pub(crate) by: Source,
}

/// Who has answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The database of the products.
    Database,
    /// It did, some time ago.
    Kept,
    /// Nobody who knows: the same words for each product.
    Default,
}

impl Source {
    const ALL: [Self; 3] = [Self::Database, Self::Kept, Self::Default];

    /// As a header says it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Kept => "kept",
            Self::Default => "default",
        }
    }

    pub(crate) fn from_word(word: &[u8]) -> Option<Self> {
        let is_it = |source: &Self| source.word().as_bytes() == word;
        Self::ALL.into_iter().find(is_it)
    }
}

impl Page {
    /// As the database has it.
    pub(crate) fn read(text: Option<String>) -> Self {
        let by = Source::Database;
        Self { text, by }
    }
}

/// Reads products, and makes their pages: none if there is no such product. The
/// [bug](Product::piece_price) of the catalogue makes it panic.
#[derive(Clone)]
pub(crate) struct Printer {
    pub(crate) products: Products,
}

impl Service<u16> for Printer {
    type Response = Option<String>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Option<String>, BoxError>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, id: u16) -> Self::Future {
        let products = self.products.clone();
        Box::pin(async move { Ok(products.read(id).await?.as_ref().map(Product::page)) })
    }
}

/// The same stack in both builds, around what makes the pages.
pub(crate) fn stack<S>(
    pages: S,
) -> impl Service<u16, Response = Option<String>, Error = BoxError, Future: Send> + Clone + Send + Sync
where
    S: Service<u16, Response = Option<String>, Error = BoxError> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    ServiceBuilder::new()
        .concurrency_limit(HANDS)
        .timeout(PATIENCE)
        .service(pages)
}
