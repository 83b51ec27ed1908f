//! The span of whoever sends, on its way with the item.

#[cfg(not(feature = "tracing"))]
mod off;
#[cfg(feature = "tracing")]
mod on;

#[cfg(not(feature = "tracing"))]
use off as imp;
#[cfg(feature = "tracing")]
use on as imp;

pub(crate) use imp::{Carried, InSpan};
