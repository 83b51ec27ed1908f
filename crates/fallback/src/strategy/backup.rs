//! Another service.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project::pin_project;
use seaworthy_core::BoxError;
use seaworthy_core::name;
use seaworthy_core::sync::Lock;
use tower_service::Service;

use super::{Keep, Running, Strategy};
use crate::answer::Source;
use crate::desk::Desk;
use crate::miss::Miss;

/// Answers with what another service answers.
///
/// Each call has a clone of it, which is made ready for that call alone: one that waits for its turn keeps nobody else
/// waiting.
pub struct Backup<S, K> {
    name: name::Kept,
    /// Behind a lock, so that it need not be `Sync`. It is held while the service is cloned, and not while it is called.
    service: Lock<S>,
    keep: K,
}

impl<S, K> Backup<S, K> {
    pub(crate) fn new(name: name::Kept, service: S, keep: K) -> Self {
        Self {
            name,
            service: Lock::new(service),
            keep,
        }
    }
}

impl<S, K, Req, Res, Err> Strategy<Req, Res, Err> for Backup<S, K>
where
    K: Keep<Req>,
    S: Service<K::Kept, Response = Res> + Clone,
    S::Error: Into<BoxError>,
{
    type Kept = K::Kept;
    type Answering = Running<Oneshot<S, K::Kept>>;

    #[inline]
    fn keep(&self, request: &Req) -> K::Kept {
        self.keep.keep(request)
    }

    fn begin(&self, kept: K::Kept, _: Result<&Res, &Err>, desk: &Desk) -> Self::Answering {
        Running::begin(desk, || Oneshot::new(self.service.lock().clone(), kept))
    }

    fn poll(
        &self,
        answering: Pin<&mut Self::Answering>,
        cx: &mut Context<'_>,
        _: Result<&Res, &Err>,
        _: &Desk,
    ) -> Poll<Result<(Res, Source), Miss>> {
        let source = Source::Backup(self.name.name());
        answering.poll(cx).map_ok(|response| (response, source))
    }
}

impl<S, K> fmt::Debug for Backup<S, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Backup").field(self.name.text()).finish()
    }
}

/// One call of a service, beginning with its readiness.
#[pin_project(project = Project)]
pub enum Oneshot<S: Service<Req>, Req> {
    /// It is not ready yet.
    Readies {
        /// The service.
        service: S,
        /// What it will be called with.
        request: Option<Req>,
    },
    /// It was called.
    Called(#[pin] S::Future),
}

impl<S: Service<Req>, Req> Oneshot<S, Req> {
    fn new(service: S, request: Req) -> Self {
        let request = Some(request);
        Self::Readies { service, request }
    }
}

impl<S: Service<Req>, Req> Future for Oneshot<S, Req> {
    type Output = Result<S::Response, S::Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let future = match self.as_mut().project() {
                Project::Readies { service, request } => {
                    ready!(service.poll_ready(cx))?;
                    service.call(request.take().expect("polled again after it was ready"))
                }
                Project::Called(future) => return future.poll(cx),
            };
            self.set(Self::Called(future));
        }
    }
}

impl<S: Service<Req>, Req> fmt::Debug for Oneshot<S, Req> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Readies { .. } => "Readies",
            Self::Called(_) => "Called",
        })
    }
}
