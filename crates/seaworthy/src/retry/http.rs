//! What retries know of HTTP: which responses are [no answers](HttpOutcomes), and how a request is sent again whose body is
//! [read only once](ReplayLayer).

mod body;
mod log;
mod outcomes;
mod replay;

pub use body::ReplayBody;
pub use outcomes::HttpOutcomes;
pub use replay::{Replay, ReplayLayer, ReplayService};
