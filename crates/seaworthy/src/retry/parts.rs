//! What is the user's of a layer and its services.

/// By what outcomes are judged, what is known of requests, and how they are copied.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts<J, D, K> {
    pub(crate) judge: J,
    pub(crate) describe: D,
    pub(crate) copy: K,
}
