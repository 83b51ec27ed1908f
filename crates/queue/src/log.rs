//! Trouble, for whoever reads logs.

#[cfg(not(feature = "tracing"))]
mod off;
#[cfg(feature = "tracing")]
mod on;

#[cfg(not(feature = "tracing"))]
use off as imp;
#[cfg(feature = "tracing")]
use on as imp;

pub(crate) use imp::Log;
