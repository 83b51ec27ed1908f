//! Whether a service has a call wait for its place.

/// What becomes of a call for which there is no place at once.
///
/// A call that waits takes the service along that is ready for it, so that another one has to be left in its place. This
/// trait is implemented for [`Waits`] and [`AtOnce`], and for nothing else.
pub trait Mode<S>: sealed::Sealed {
    /// Whether it does.
    #[doc(hidden)]
    const WAITS: bool;

    /// The service that is ready, for a call that waits. None if none does.
    #[doc(hidden)]
    fn take(inner: &mut S) -> Option<S>;
}

/// The default: it waits, if the configuration lets calls wait. The service behind the bulkhead has to be `Clone`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Waits;

/// It is turned away. Nothing is asked of the service behind the bulkhead.
#[derive(Clone, Copy, Debug, Default)]
pub struct AtOnce;

impl<S: Clone> Mode<S> for Waits {
    const WAITS: bool = true;

    fn take(inner: &mut S) -> Option<S> {
        let clone = inner.clone();
        Some(std::mem::replace(inner, clone))
    }
}

impl<S> Mode<S> for AtOnce {
    const WAITS: bool = false;

    fn take(_inner: &mut S) -> Option<S> {
        None
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Waits {}
    impl Sealed for super::AtOnce {}
}
