//! The panic hooks, which are part of what a panic costs.

use std::panic;

/// Installs a hook that says nothing, before anything else is done.
pub(crate) fn silence() {
    panic::set_hook(Box::new(|_| {}));
}

/// Runs something with the silent hook alone: Seaworthy chains one of its own before it when it is
/// first used, and nobody else is to pay for that.
pub(crate) fn alone<T>(f: impl FnOnce() -> T) -> T {
    let chained = panic::take_hook();
    silence();
    let result = f();
    panic::set_hook(chained);
    result
}
