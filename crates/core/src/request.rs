//! What travels with a request: its deadline, and whether it may be sent twice.
//!
//! A layer that needs to know asks a [`Describe`], so that it need not know any protocol. A closure over the request does;
//! `HttpRequests`, with the feature `http`, reads what HTTP says.

#[cfg(feature = "http")]
mod http;

use crate::clock::Instant;

#[cfg(feature = "http")]
pub use http::HttpRequests;

/// What is known about one request.
///
/// What nobody has said counts as: no deadline, not idempotent.
///
/// ```
/// use std::time::Duration;
/// use seaworthy_core::{clock, request::Info};
///
/// let info = Info::new().with_idempotent(true);
/// assert_eq!((info.is_idempotent(), info.deadline()), (true, None));
///
/// let deadline = clock::after(Duration::from_secs(1));
/// let of_the_caller = Info::new().with_deadline(deadline);
/// assert_eq!(of_the_caller.or(info), info.with_deadline(deadline));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Info {
    deadline: Option<Instant>,
    idempotent: Option<bool>,
}

impl Info {
    /// Nothing is known.
    #[inline]
    #[must_use]
    pub const fn new() -> Self {
        Self {
            deadline: None,
            idempotent: None,
        }
    }

    /// From this instant on nobody waits for the answer.
    #[must_use]
    pub const fn with_deadline(mut self, at: Instant) -> Self {
        self.deadline = Some(at);
        self
    }

    /// Whether serving it twice does what serving it once does.
    #[must_use]
    pub const fn with_idempotent(mut self, idempotent: bool) -> Self {
        self.idempotent = Some(idempotent);
        self
    }

    /// When nobody waits for the answer any more, if that is known.
    #[inline]
    #[must_use]
    pub const fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Whether serving it twice does what serving it once does; false if that is not known.
    #[must_use]
    pub fn is_idempotent(&self) -> bool {
        self.idempotent.unwrap_or(false)
    }

    /// What this says, and what `other` says of the rest.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            deadline: self.deadline.or(other.deadline),
            idempotent: self.idempotent.or(other.idempotent),
        }
    }
}

/// Tells what is known about a request.
///
/// A closure does. Give its argument a type, so that it is one for every lifetime:
///
/// ```
/// use seaworthy_core::request::{Describe, Info};
///
/// let describe = |path: &String| Info::new().with_idempotent(path.starts_with("get "));
/// assert!(describe.describe(&"get stock".to_owned()).is_idempotent());
/// assert!(!describe.describe(&"order".to_owned()).is_idempotent());
/// ```
pub trait Describe<Req> {
    /// What is known about this one. On the hot path of some layers: be quick.
    fn describe(&self, request: &Req) -> Info;
}

impl<F, Req> Describe<Req> for F
where
    F: Fn(&Req) -> Info,
{
    #[inline]
    fn describe(&self, request: &Req) -> Info {
        self(request)
    }
}

/// Knows nothing about any request: the default. None has a deadline, and none is idempotent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NothingKnown;

impl<Req> Describe<Req> for NothingKnown {
    #[inline]
    fn describe(&self, _: &Req) -> Info {
        Info::new()
    }
}
