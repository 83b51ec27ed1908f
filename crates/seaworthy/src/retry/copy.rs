//! How a request is sent more than once.

/// Copies requests, so that they can be sent again.
///
/// A copy is made before each attempt that may be followed by another: the request itself is gone then. A closure does;
/// give its argument a type, so that it is one for every lifetime.
///
/// ```
/// use seaworthy::retry::CopyRequest;
///
/// enum Request { Read(u32), Upload(std::fs::File) }
///
/// let copy = |request: &Request| match request {
///     Request::Read(key) => Some(Request::Read(*key)),
///     Request::Upload(_) => None,
/// };
/// assert!(copy.copy(&Request::Read(7)).is_some());
/// ```
#[diagnostic::on_unimplemented(
    message = "requests of type `{Req}` cannot be copied, to be sent again, by `{Self}`",
    label = "this does not copy them",
    note = "say how by `copy`: a closure `|request: &{Req}| -> Option<{Req}>`, or `NotReplayable` if none is ever to be"
)]
pub trait CopyRequest<Req> {
    /// A copy, or `None` if this request cannot be copied.
    fn copy(&self, request: &Req) -> Option<Req>;

    /// Whether a copy can still be sent, now that the original was. True, unless it depends on what became of that.
    fn is_complete(&self, copy: &Req) -> bool {
        let _ = copy;
        true
    }
}

impl<F, Req> CopyRequest<Req> for F
where
    F: Fn(&Req) -> Option<Req>,
{
    #[inline]
    fn copy(&self, request: &Req) -> Option<Req> {
        self(request)
    }
}

/// Requests that are `Clone` are cloned: the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cloned;

impl<Req: Clone> CopyRequest<Req> for Cloned {
    #[inline]
    fn copy(&self, request: &Req) -> Option<Req> {
        Some(request.clone())
    }
}

/// Requests cannot be copied: no call is ever tried again, and each one that would have been is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NotReplayable;

impl<Req> CopyRequest<Req> for NotReplayable {
    #[inline]
    fn copy(&self, _: &Req) -> Option<Req> {
        None
    }
}
