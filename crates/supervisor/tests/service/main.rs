//! Supervised services: what breaks one, what its callers see, and how it comes back.

#![allow(
    clippy::async_yields_async,
    reason = "a call is begun in one place and awaited in another"
)]

#[path = "../common/mod.rs"]
mod common;

mod contract;
mod crashes;
mod ends;
mod layer;
mod owned;
mod polls;
mod races;
mod shop;
mod waits;
