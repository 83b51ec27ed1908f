//! Supervised services: what breaks one, what its callers see, and how it comes back.

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
