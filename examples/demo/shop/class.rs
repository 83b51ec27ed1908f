//! What matters how much: the classes of requests, the most important first.

/// A class of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Checkout,
    Pages,
    Reports,
}

impl Class {
    /// That of a request for this path.
    pub(crate) fn of(path: &str) -> Self {
        match path {
            "/checkout" => Self::Checkout,
            "/report" => Self::Reports,
            _ => Self::Pages,
        }
    }
}
