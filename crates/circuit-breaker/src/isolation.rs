//! Keeping calls away for as long as something lasts.

use std::fmt;

use seaworthy_core::shard::Spread;
use seaworthy_core::sync::atomic::Ordering;

use crate::breaker::CircuitBreaker;
use crate::machine::{Control, State};
use crate::shared::Shared;

/// Keeps a breaker open for as long as it lives, such as for the maintenance of a service. Made by
/// [`CircuitBreaker::isolate`].
///
/// When the last of them is dropped the breaker closes without evidence, or is disabled or only counts again if it did
/// before. If it was forced open before, or was given another order since, it is left alone.
#[must_use = "dropping it ends the isolation"]
pub struct Isolation {
    shared: Spread<Shared>,
}

impl CircuitBreaker {
    /// Turns calls away for as long as the answer lives. Several may at once.
    ///
    /// ```
    /// use seaworthy_circuit_breaker::{CircuitBreaker, State};
    ///
    /// let database = CircuitBreaker::builder("database").build()?;
    /// let maintenance = database.isolate();
    /// assert!(database.try_acquire().is_err());
    /// drop(maintenance);
    /// assert_eq!(database.state(), State::Closed);
    /// # Ok::<(), seaworthy_core::ConfigError>(())
    /// ```
    pub fn isolate(&self) -> Isolation {
        let shared = self.shared().clone();
        let isolations = &shared.isolations;
        shared.with(|machine, now| {
            isolations.fetch_add(1, Ordering::Relaxed);
            let before = machine.state();
            // One that somebody keeps open already is not ours to close; one that got another order meanwhile is begun
            // anew.
            if before != State::ForcedOpen {
                // Never refused.
                let _ = machine.control(now, Control::ForceOpen);
                *shared.isolated.lock() = Some((before, machine.generation()));
            }
        });
        Isolation { shared }
    }
}

impl Drop for Isolation {
    fn drop(&mut self) {
        let isolations = &self.shared.isolations;
        self.shared.with(|machine, now| {
            let last = isolations.fetch_sub(1, Ordering::Relaxed) == 1;
            let Some((before, generation)) =
                last.then(|| self.shared.isolated.lock().take()).flatten()
            else {
                return;
            };
            // The generation is another one if it was given another order since.
            if machine.generation() == generation {
                let _ = machine.control(
                    now,
                    match before {
                        State::Disabled => Control::Disable,
                        State::MetricsOnly => Control::MetricsOnly,
                        _ => Control::Reset,
                    },
                );
            }
        });
    }
}

impl fmt::Debug for Isolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Isolation")
            .field("breaker", self.shared.name())
            .finish()
    }
}
