//! Catching a panic of user code together with what it said and where.
//!
//! The payload of a panic has no location; only the process-wide panic hook sees it. So the first
//! [`catch`] of a process chains a hook in front of the one that is set: it notes the location for
//! its own thread and calls the other. Who replaces the hook afterwards loses the locations and
//! nothing else.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

/// What is known about a panic that was caught.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Panicked {
    /// The panic message, or a note that the payload was not text.
    pub message: String,
    /// `file:line:column`, if our hook saw the panic.
    pub location: Option<String>,
}

thread_local! {
    static LOCATION: RefCell<Option<String>> = const { RefCell::new(None) };
    /// Of panics that were not caught here, for those whose drop runs because of the last one. What others have caught
    /// stays below it for a while.
    static UNCAUGHT: RefCell<Vec<Panicked>> = const { RefCell::new(Vec::new()) };
}

/// So many are kept: a panic in a drop because of a panic in a drop is deep already.
const DEPTH: usize = 8;

/// What is known about the panic because of which this thread unwinds: if code that runs because of that panics as well, and
/// is [caught](catch), it is the first one again. `None` if it does not, or if nothing was ever
/// [caught](catch) before the panic, and [`watch`] not called either.
#[must_use]
pub fn current() -> Option<Panicked> {
    let last = || UNCAUGHT.try_with(|all| all.borrow().last().cloned());
    std::thread::panicking().then(last)?.ok().flatten()
}

/// Sees to it that [`current`] knows about panics from now on.
pub fn watch() {
    install_hook();
}

/// Runs `f`; a panic in it becomes the error, whatever the payload does when it is dropped.
///
/// `f` need not be unwind safe: drop what it was working on when it panicked.
///
/// Under `panic = "abort"` nothing can be caught; see [`can_catch`].
///
/// # Errors
///
/// [`Panicked`], if `f` panicked.
#[inline]
pub fn catch<T>(f: impl FnOnce() -> T) -> Result<T, Panicked> {
    install_hook();
    catch_unwind(AssertUnwindSafe(f)).map_err(examine)
}

const NO_TEXT: &str = "a payload that is not text";

#[cold]
fn examine(payload: Box<dyn Any + Send>) -> Panicked {
    let message = message(payload.as_ref());
    let location = LOCATION.try_with(RefCell::take).ok().flatten();
    let _ = UNCAUGHT.try_with(|all| {
        let mut all = all.borrow_mut();
        // Who unwinds without a panic, by `resume_unwind`, is not among them.
        if all.last().is_some_and(|last| last.message == message) {
            all.pop();
        }
    });
    dispose(payload);
    Panicked { message, location }
}

/// Drops a value of a user; a panic of its drop ends here.
pub fn drop_quietly<T>(value: T) {
    // The hook has reported it.
    let _ = catch(|| drop(value));
}

/// Whether a panic can be caught at all: false if this was built with `panic = "abort"`.
#[must_use]
pub const fn can_catch() -> bool {
    !cfg!(panic = "abort")
}

#[inline]
fn install_hook() {
    static HOOK: Once = Once::new();
    // Asked before each call of a service: the check is to be part of its caller.
    if !HOOK.is_completed() {
        chain_hook(&HOOK);
    }
}

#[cold]
fn chain_hook(once: &Once) {
    if std::thread::panicking() {
        // The hook cannot be changed by a thread that unwinds: trying to would end the process. Whoever is next does it.
        return;
    }
    once.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let location = info.location().map(ToString::to_string);
            // Fails only while the thread is being torn down: then nobody will ask.
            let _ = LOCATION.try_with(|slot| slot.replace(location.clone()));
            let message = message(info.payload());
            let last = Panicked { message, location };
            let _ = UNCAUGHT.try_with(|all| {
                let mut all = all.borrow_mut();
                if all.len() == DEPTH {
                    all.remove(0);
                }
                all.push(last);
            });
            previous(info);
        }));
    });
}

fn message(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        NO_TEXT.to_owned()
    }
}

/// Drops the payload; one that panics in its own drop leaves its successor behind, on purpose.
fn dispose(payload: Box<dyn Any + Send>) {
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        let _leaked: &'static mut (dyn Any + Send) = Box::leak(second);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_and_location_are_kept() {
        let line = line!() + 1;
        let caught = catch(|| panic!("disk {} gone", 7)).expect_err("it panicked");
        assert_eq!(caught.message, "disk 7 gone");
        let location = caught.location.expect("the hook saw it");
        assert!(
            location.contains(&format!("panic.rs:{line}:")),
            "{location}"
        );
    }

    #[test]
    fn a_drop_that_runs_because_of_a_panic_knows_of_it() {
        struct Curious(std::sync::mpsc::Sender<Option<Panicked>>);
        impl Drop for Curious {
            fn drop(&mut self) {
                self.0.send(current()).expect("somebody listens");
            }
        }
        watch();
        let (tx, rx) = std::sync::mpsc::channel();
        let guard = Curious(tx.clone());
        let caught = catch(move || {
            let _guard = guard;
            panic!("out of paper");
        });
        let seen = rx.recv().expect("it was dropped").expect("by a panic");
        assert_eq!(seen, caught.expect_err("it panicked"));
        drop(Curious(tx));
        assert_eq!(rx.recv().expect("it was dropped"), None, "by nothing");
    }

    #[test]
    fn a_panic_that_is_caught_on_the_way_is_not_the_cause() {
        struct Noisy;
        impl Drop for Noisy {
            fn drop(&mut self) {
                assert!(catch(|| panic!("noise")).is_err());
                assert!(catch(|| std::panic::resume_unwind(Box::new("echo"))).is_err());
            }
        }
        struct Curious(std::sync::mpsc::Sender<Option<Panicked>>);
        impl Drop for Curious {
            fn drop(&mut self) {
                self.0.send(current()).expect("somebody listens");
            }
        }
        let (tx, rx) = std::sync::mpsc::channel();
        // Whatever others have caught does not matter, however much of it there was.
        for _ in 0..2 * DEPTH {
            assert!(catch_unwind(|| panic!("long ago")).is_err());
        }
        let caught = catch(move || {
            let _last = Curious(tx);
            let _first = Noisy;
            panic!("out of paper");
        });
        assert!(caught.is_err());
        let seen = rx.recv().expect("it was dropped").expect("by a panic");
        assert_eq!(seen.message, "out of paper");
    }

    #[test]
    fn the_value_passes_through() {
        assert_eq!(catch(|| 7), Ok(7));
    }

    #[test]
    fn a_location_is_not_told_twice() {
        let _ = catch(|| panic!("with a location"));
        // Unwinding again runs no hook: there is no location to tell, and the old one must be gone.
        let caught = catch(|| std::panic::resume_unwind(Box::new(7_u8))).expect_err("it unwound");
        assert_eq!(caught.location, None);
        assert_eq!(caught.message, "a payload that is not text");
    }

    #[test]
    fn a_payload_that_panics_when_dropped_is_contained() {
        struct Spiteful;
        impl Drop for Spiteful {
            fn drop(&mut self) {
                panic!("and another thing");
            }
        }
        assert!(catch(|| std::panic::panic_any(Spiteful)).is_err());
    }
}
