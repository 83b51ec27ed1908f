//! The handle, which is a tower service.

mod call;

use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};

use seaworthy_core::reject::IntoError;
use seaworthy_core::{Reason, Reject, panic};
use tower_service::Service;

use super::fatal::NeverFatal;
use super::fate::Fate;
use super::owned::{Grant, Inline, Mode};
use super::shared::{Loan, Look, Shared};
use super::vigil::Outage;

/// A tower service whose instance is a child in a supervision tree: when it breaks it is built anew, and this
/// handle goes on with the new one.
///
/// Made by [`Supervised::builder`], together with the [`Child`](crate::Child). Handles are clones of one
/// another and share one life. See the [module](super) for what is promised.
///
/// # When not to use it
///
/// For a service without state of its own nothing is gained by building it anew: a panic that is turned into an
/// error is enough. And a service that cannot be cloned belongs behind a queue.
///
/// # Panics
///
/// Its futures, if polled again after they have resolved.
pub struct Supervised<S, R = IntoError, T = NeverFatal, X = Inline> {
    shared: Arc<Shared<S, R, T>>,
    /// Our clone of the instance of `generation`.
    instance: Option<S>,
    generation: u64,
    readied: Readied,
    /// Our number among those who wait; 0 while we do not.
    waiter: u64,
    outage: Option<Box<Outage>>,
    /// Of `generation`, with owned execution.
    grant: Weak<Grant>,
    mode: PhantomData<fn() -> X>,
}

/// What `poll_ready` has said last, for the next `call`.
#[derive(Clone, Copy, Debug)]
enum Readied {
    Not,
    Instance,
    /// Ready to turn a call away.
    Refusal(Reason),
}

/// How a supervised service is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ServiceState {
    /// An instance is up.
    Running,
    /// None is up: it is being built, or will be.
    Restarting,
    /// It was asked to stop and takes no more calls.
    ShuttingDown,
    /// None is up, and nothing will bring it back by itself.
    Stopped,
}

impl<S, R, T, X> Supervised<S, R, T, X> {
    pub(super) fn new(shared: Arc<Shared<S, R, T>>) -> Self {
        Self {
            shared,
            instance: None,
            generation: 0,
            readied: Readied::Not,
            waiter: 0,
            outage: None,
            grant: Weak::new(),
            mode: PhantomData,
        }
    }

    /// The name that it has in the tree and in rejections.
    #[must_use]
    pub fn name(&self) -> &str {
        self.shared.core.name.text()
    }

    /// Which incarnation takes calls, as [`Context::incarnation`](crate::Context::incarnation) of its child
    /// says; `None` while none does.
    #[must_use]
    pub fn incarnation(&self) -> Option<u64> {
        Some(self.shared.core.current()).filter(|current| *current != 0)
    }

    /// How it is doing. Reads the tree if no instance is up.
    #[must_use]
    pub fn state(&self) -> ServiceState {
        let core = &self.shared.core;
        if core.current() != 0 {
            ServiceState::Running
        } else if core.is_stopping() {
            ServiceState::ShuttingDown
        } else if matches!(core.fate(), Fate::Lost) {
            ServiceState::Stopped
        } else {
            ServiceState::Restarting
        }
    }

    /// Drops our clone. What its drop does harms nobody.
    fn forget(&mut self) {
        self.generation = 0;
        panic::drop_quietly(self.instance.take());
    }

    /// We do not wait any more.
    fn settle(&mut self, readied: Readied) {
        self.readied = readied;
        self.shared.core.leave(&mut self.waiter);
        self.outage = None;
    }

    fn refuse<Err>(&mut self, reason: Reason) -> Poll<Result<(), Err>> {
        self.settle(Readied::Refusal(reason));
        Poll::Ready(Ok(()))
    }
}

impl<S: Clone, R, T, X: Mode> Supervised<S, R, T, X> {
    #[inline]
    fn ready<Req>(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>>
    where
        S: Service<Req>,
        S::Error: fmt::Display,
        R: Reject<S::Response, S::Error>,
    {
        self.readied = Readied::Not;
        let mut waits = false;
        if self.shared.core.is_up(self.generation) {
            match self.poll_instance(cx) {
                Poll::Ready(true) => {
                    if self.waiter != 0 {
                        self.shared.core.leave(&mut self.waiter);
                    }
                    self.readied = Readied::Instance;
                    return Poll::Ready(Ok(()));
                }
                Poll::Ready(false) => {}
                Poll::Pending => waits = true,
            }
        }
        self.get_ready(waits, cx)
    }

    /// Whatever takes longer: the instance `waits`, or there is none.
    #[cold]
    fn get_ready<Req>(
        &mut self,
        mut waits: bool,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), S::Error>>
    where
        S: Service<Req>,
        S::Error: fmt::Display,
        R: Reject<S::Response, S::Error>,
    {
        loop {
            let core = &self.shared.core;
            // Whoever ends the incarnation wakes us: an instance that is gone may not.
            if waits && core.watch(self.generation, &mut self.waiter, cx.waker()) {
                return Poll::Pending;
            }
            self.forget();
            self.shared.core.tend();
            match self.shared.core.look(&mut self.waiter, cx.waker()) {
                Look::Up(loan) => {
                    self.copy(loan);
                    match self.poll_instance(cx) {
                        Poll::Ready(true) => {
                            self.settle(Readied::Instance);
                            return Poll::Ready(Ok(()));
                        }
                        Poll::Ready(false) => waits = false,
                        Poll::Pending => waits = true,
                    }
                }
                Look::Lent => return Poll::Pending,
                Look::Stopping => return self.refuse(Reason::ShuttingDown),
                Look::Down { generation, since } => match self.shared.core.fate() {
                    Fate::Lost => return self.stopped(),
                    Fate::Coming(outlook) => {
                        let deadline = since + self.shared.core.failfast;
                        let outage = self.outage.get_or_insert_default();
                        let late = outage.poll_deadline(deadline, outlook.as_ref(), cx);
                        if late.is_ready() {
                            return self.refuse(Reason::Restarting);
                        }
                        let Some(outlook) = outlook else {
                            return Poll::Pending;
                        };
                        // News may mean that nothing will come any more.
                        ready!(outage.poll_news(outlook, generation, cx));
                    }
                },
            }
        }
    }

    /// Whether our clone is ready; if it never will be, its incarnation is over.
    #[inline]
    fn poll_instance<Req>(&mut self, cx: &mut Context<'_>) -> Poll<bool>
    where
        S: Service<Req>,
        S::Error: fmt::Display,
    {
        let Some(instance) = &mut self.instance else {
            return Poll::Ready(false);
        };
        match panic::catch(|| instance.poll_ready(cx)) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(Ok(()))) => Poll::Ready(true),
            Ok(Poll::Ready(Err(error))) => {
                self.shared.core.unready(self.generation, error);
                Poll::Ready(false)
            }
            Err(panicked) => {
                self.shared.core.panicked(self.generation, panicked);
                Poll::Ready(false)
            }
        }
    }

    /// Makes our clone. If that panics, the incarnation is over.
    fn copy(&mut self, loan: Loan<S>) {
        let Loan {
            master,
            generation,
            grant,
        } = loan;
        match panic::catch(|| master.clone()) {
            Ok(instance) => {
                self.instance = Some(instance);
                self.generation = generation;
                if X::OWNED {
                    self.grant = grant;
                }
            }
            Err(panicked) => {
                self.shared.core.panicked(generation, panicked);
            }
        }
        self.shared.core.give_back(generation, master);
    }

    /// Says so as an error, by which a balancer lets go of it; if there is no such error, in the response.
    fn stopped<Res, Err>(&mut self) -> Poll<Result<(), Err>>
    where
        R: Reject<Res, Err>,
    {
        self.settle(Readied::Not);
        let rejected = self.shared.core.rejected(Reason::Stopped);
        match self.shared.reject.reject(rejected) {
            Ok(_response) => self.refuse(Reason::Stopped),
            Err(error) => Poll::Ready(Err(error)),
        }
    }
}

impl<S: Clone, R, T, X> Clone for Supervised<S, R, T, X> {
    /// The clone is not ready, whatever this one is.
    fn clone(&self) -> Self {
        let mut clone = Self::new(Arc::clone(&self.shared));
        if self.shared.core.is_up(self.generation) {
            match panic::catch(|| self.instance.clone()) {
                Ok(instance) => {
                    clone.instance = instance;
                    clone.generation = self.generation;
                    clone.grant = Weak::clone(&self.grant);
                }
                Err(panicked) => {
                    self.shared.core.panicked(self.generation, panicked);
                }
            }
        }
        clone
    }
}

impl<S, R, T, X> Drop for Supervised<S, R, T, X> {
    fn drop(&mut self) {
        self.shared.core.leave(&mut self.waiter);
        if self.instance.is_some() {
            self.forget();
        }
    }
}

impl<S, R, T, X> fmt::Debug for Supervised<S, R, T, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Supervised")
            .field("name", self.shared.core.name.text())
            .field("incarnation", &self.incarnation())
            .finish_non_exhaustive()
    }
}
