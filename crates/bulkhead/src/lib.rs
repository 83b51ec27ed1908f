//! Limits on how many calls a service works on at once: fixed, shared out, or finding themselves.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

mod builder;
mod bulkhead;
mod config;
mod demand;
mod entrance;
mod event;
mod future;
#[cfg(feature = "http")]
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
pub mod http;
mod keyed;
mod layer;
pub mod limit;
#[cfg(all(test, seaworthy_loom))]
mod loom_tests;
mod machine;
mod metrics;
mod mode;
mod permit;
mod release;
mod service;
mod shared;
mod snapshot;
mod wait;
mod word;

pub use builder::BulkheadBuilder;
pub use bulkhead::Bulkhead;
pub use config::{Config, Partition};
pub use demand::{Ask, Demand, One};
pub use event::BulkheadEvent;
pub use future::ResponseFuture;
pub use keyed::{Bulkheads, BulkheadsBuilder, Keyed, KeyedEntrance};
pub use layer::BulkheadLayer;
pub use limit::{Algorithm, Limit};
pub use mode::{AtOnce, Mode, Waits};
pub use permit::Permit;
pub use release::{OnResponse, Release};
pub use service::BulkheadService;
pub use shared::View;
mod pool;
mod throttle;

pub use pool::{
    Job, JobFuture, PoolConfig, PoolEvent, PoolReport, PoolResponse, PoolService, PoolView,
    ThreadPool, ThreadPoolBuilder, WhenFull,
};
#[cfg(feature = "http")]
pub use throttle::HttpOverload;
pub use throttle::{
    Throttle, ThrottleBuilder, ThrottleConfig, ThrottleEvent, ThrottleFuture, ThrottleLayer,
    ThrottlePermit, ThrottleRule, ThrottleService, ThrottleView,
};
