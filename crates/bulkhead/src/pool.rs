//! Work that blocks or computes, on threads of its own.

mod bell;
mod blocking;
mod builder;
mod config;
mod crew;
mod event;
mod future;
mod gone;
mod handle;
mod job;
#[cfg(all(test, seaworthy_loom))]
mod loom_tests;
mod metrics;
mod report;
mod service;
mod shared;
mod span;
mod store;
mod ticket;
mod view;

pub use builder::ThreadPoolBuilder;
pub use config::{PoolConfig, WhenFull};
pub use event::PoolEvent;
pub use future::{JobFuture, PoolResponse};
pub use handle::ThreadPool;
pub use job::Job;
pub use report::PoolReport;
pub use service::PoolService;
pub use view::PoolView;
