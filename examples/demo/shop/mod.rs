//! The shop itself, bugs included: the same code in both builds.
//!
//! Nothing in here knows who looks after its tasks, and what they wait in until it is their turn.
//! [`supervised`](crate::supervised) hangs them into a supervision tree, with queues between them that keep what is not
//! done; [`naked`](crate::naked) spawns them, with channels. That is the difference between the two.

pub(crate) mod catalogue;
pub(crate) mod class;
pub(crate) mod database;
pub(crate) mod pages;
pub(crate) mod products;
pub(crate) mod recommender;
pub(crate) mod report;
pub(crate) mod shipping;
pub(crate) mod store;
pub(crate) mod till;
pub(crate) mod warehouse;
pub(crate) mod web;
