//! The shop itself, bugs included: the same code in both builds.
//!
//! Nothing in here knows who looks after its tasks. [`supervised`](crate::supervised) hangs them into
//! a supervision tree, [`naked`](crate::naked) spawns them; that is the only difference between the two.

pub(crate) mod catalogue;
pub(crate) mod database;
pub(crate) mod pages;
pub(crate) mod recommender;
pub(crate) mod report;
pub(crate) mod shipping;
pub(crate) mod store;
pub(crate) mod till;
pub(crate) mod web;
