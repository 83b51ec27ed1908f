//! A call that ends when it is told to, for breakers that take the future of a call.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

/// Why a call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Failed,
    /// One of those that are not to count.
    Ignored,
}

/// The end of a call, once it has come.
#[derive(Clone, Debug, Default)]
pub(crate) struct End(Arc<Mutex<Option<Result<(), Fault>>>>);

impl End {
    pub(crate) fn comes(&self, how: Result<(), Fault>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(how);
    }
}

impl Future for End {
    type Output = Result<(), Fault>;

    fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Self::Output> {
        let end = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        end.map_or(Poll::Pending, Poll::Ready)
    }
}

/// A call that was let through, inside the breaker's own future.
pub(crate) struct Call<F> {
    future: Pin<Box<F>>,
    end: End,
}

impl<F: Future<Output = bool>> Call<F> {
    /// `make` puts the call into the breaker; its future says at its end whether the call was turned away. `None` if it
    /// was.
    pub(crate) fn begin(make: impl FnOnce(End) -> F) -> Option<Self> {
        let end = End::default();
        let mut future = Box::pin(make(end.clone()));
        match poll(future.as_mut()) {
            Poll::Pending => Some(Self { future, end }),
            Poll::Ready(_) => None,
        }
    }

    /// It ends like this. What is neither a success nor a failure of any kind just goes away.
    pub(crate) fn finish(mut self, how: &str) {
        self.end.comes(match how {
            "success" => Ok(()),
            "error" => Err(Fault::Failed),
            "ignore" => Err(Fault::Ignored),
            _ => return,
        });
        let _ = poll(self.future.as_mut());
    }
}

/// Once. Nobody is to be woken: whoever ends a call polls it.
pub(crate) fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}
