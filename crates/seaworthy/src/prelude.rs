//! What most programs name: `use seaworthy::prelude::*`.

pub use seaworthy_core::{BoxError, ConfigError, Executed, Reason, Rejected};

#[cfg(feature = "stack")]
pub use crate::{retry::Retry, stack::Stack, timeout::Timeout};
#[cfg(feature = "bulkhead")]
pub use seaworthy_bulkhead::Bulkhead;
#[cfg(feature = "circuit-breaker")]
pub use seaworthy_circuit_breaker::CircuitBreaker;
#[cfg(feature = "fallback")]
pub use seaworthy_fallback::{Degraded, Fallback, LastGood, Source};
#[cfg(feature = "supervisor")]
pub use seaworthy_supervisor::Supervisor;
