//! Which errors of a service cost it its life.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use seaworthy_core::panic;

use crate::exit::ExitReason;

/// Decides which error of a call means that the instance is broken and has to be replaced.
///
/// It sees only what calls return. A panic and an error of readiness always replace the instance.
pub trait Fatal<E> {
    /// Whether the instance that returned `error` is to be replaced. A panic in here replaces it too.
    fn is_fatal(&self, error: &E) -> bool;
}

/// No error of a call is fatal: the default.
#[derive(Clone, Copy, Debug, Default)]
pub struct NeverFatal;

impl<E> Fatal<E> for NeverFatal {
    fn is_fatal(&self, _error: &E) -> bool {
        false
    }
}

/// What [`fatal`](super::SupervisedBuilder::fatal) was given decides.
#[derive(Clone, Copy)]
pub struct FatalIf<F>(pub(super) F);

impl<E, F: Fn(&E) -> bool> Fatal<E> for FatalIf<F> {
    fn is_fatal(&self, error: &E) -> bool {
        (self.0)(error)
    }
}

impl<F> fmt::Debug for FatalIf<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FatalIf").finish_non_exhaustive()
    }
}

/// An error of the instance that ended it. The value itself is the caller's, or need not be `Send`, so this
/// has its text.
#[derive(Debug)]
pub(super) struct Unfit {
    what: &'static str,
    text: String,
}

impl Unfit {
    #[cold]
    pub(super) fn reason<E: fmt::Display>(what: &'static str, error: &E) -> ExitReason {
        let text = panic::catch(|| error.to_string())
            .unwrap_or_else(|panicked| format!("(showing it panicked: {})", panicked.message));
        ExitReason::Error(Arc::new(Self { what, text }))
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.text)
    }
}

impl Error for Unfit {}
