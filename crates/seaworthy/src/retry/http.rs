//! What retries know of HTTP.

mod outcomes;

pub use outcomes::HttpOutcomes;
