//! What all handles and services of a fallback share.

use std::sync::Arc;

use crate::desk::Desk;
use crate::handle::Handle;

/// How it answers, and where that is counted.
#[derive(Debug)]
pub struct Shared<T, H, L> {
    pub(crate) strategies: T,
    pub(crate) handle: H,
    pub(crate) last_word: L,
    pub(crate) desk: Arc<Desk>,
}

impl<T, H, L> Shared<T, H, L> {
    /// Whether somebody else is to answer.
    #[inline]
    pub(crate) fn handles<Res, Err>(&self, outcome: Result<&Res, &Err>) -> bool
    where
        H: Handle<Res, Err>,
    {
        self.handle.handles(outcome) && self.desk.is_enabled()
    }
}
