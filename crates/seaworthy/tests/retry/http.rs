//! Retries of HTTP requests.

mod outcomes;
mod replay;
mod source;
