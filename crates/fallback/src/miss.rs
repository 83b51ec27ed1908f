//! Why there is no answer from a fallback.

use seaworthy_core::BoxError;
use seaworthy_core::panic::Panicked;

/// Why one strategy of a fallback has not answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Miss {
    /// It has nothing for this request: no good answer was kept, or it is too old.
    #[error("nothing there")]
    Nothing,
    /// As many calls are under way in fallbacks as [may be](crate::Config::max_concurrent).
    #[error("as many fallbacks under way as may be: {limit}")]
    Busy {
        /// How many.
        limit: u32,
    },
    /// It failed.
    #[error("{0}")]
    Failed(BoxError),
    /// It panicked.
    #[error("panicked: {}", .0.message)]
    Panicked(Panicked),
}

/// The service has failed, and so has the fallback.
///
/// Of a chain, `fallback` is what the last one in it came to; the others are in the [events](crate::FallbackEvent).
#[derive(Debug, thiserror::Error)]
#[error("{primary}; and no fallback: {fallback}")]
pub struct BothFailed<E> {
    /// What the service came to.
    pub primary: E,
    /// Why there is no answer in its place.
    pub fallback: Miss,
}
