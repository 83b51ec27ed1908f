//! What ends an incarnation, and what its callers get.

use std::fmt;

use seaworthy_core::panic::{self, Panicked};
use seaworthy_core::{Reason, Reject};

use super::{Core, Shared};
use crate::exit::ExitReason;
use crate::service::fatal::{Fatal, Unfit};

impl<S, R, T> Shared<S, R, T> {
    /// What a caller gets that was turned away, or whose call crashed.
    #[cold]
    pub(in crate::service) fn reject<Res, Err>(&self, reason: Reason) -> Result<Res, Err>
    where
        R: Reject<Res, Err>,
    {
        self.reject.reject(self.core.rejected(reason))
    }

    /// Ends `generation` if this error of it is fatal.
    #[cold]
    pub(in crate::service) fn weigh<E: fmt::Display>(&self, generation: u64, error: E) -> E
    where
        T: Fatal<E>,
    {
        match panic::catch(|| self.fatal.is_fatal(&error)) {
            Ok(false) => {}
            Ok(true) => {
                let reason = Unfit::reason("fatal error", &error);
                self.core.crash(generation, reason);
            }
            Err(panicked) => {
                let reason = ExitReason::Panic(panicked.into());
                self.core.crash(generation, reason);
            }
        }
        error
    }
}

impl<S> Core<S> {
    /// Ends `generation`, whose readiness failed.
    #[cold]
    pub(in crate::service) fn unready<E: fmt::Display>(&self, generation: u64, error: E) {
        let reason = Unfit::reason("never ready again", &error);
        panic::drop_quietly(error);
        self.crash(generation, reason);
    }

    /// Ends `generation`, which panicked.
    #[cold]
    pub(in crate::service) fn panicked(&self, generation: u64, panicked: Panicked) {
        self.crash(generation, ExitReason::Panic(panicked.into()));
    }
}
