//! Retries of HTTP requests.

mod outcomes;
