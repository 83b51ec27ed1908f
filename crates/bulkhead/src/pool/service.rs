//! A pool as a tower service.

use std::fmt;
use std::task::{Context, Poll};

use seaworthy_core::Rejected;
use seaworthy_core::reject::{IntoError, Reject, Respond};
use tower_service::Service;

use super::future::PoolResponse;
use super::handle::ThreadPool;

/// Does each request on the threads of a pool. Made by [`ThreadPool::service`].
///
/// It is always ready; a call that finds no place is turned away, or waits, as the pool is configured.
#[derive(Clone)]
pub struct PoolService<F, R = IntoError> {
    pool: ThreadPool,
    work: F,
    reject: R,
}

impl<F> PoolService<F> {
    pub(crate) fn new(pool: ThreadPool, work: F) -> Self {
        Self {
            pool,
            work,
            reject: IntoError,
        }
    }
}

impl<F, R> PoolService<F, R> {
    /// Answers a call that is turned away, or crashes, with a response instead of an error, as services need that cannot
    /// fail.
    #[must_use]
    pub fn respond<G, Res>(self, respond: G) -> PoolService<F, Respond<G>>
    where
        G: Fn(Rejected) -> Res,
    {
        self.reject(Respond::new(respond))
    }

    /// Turns a rejection into what the caller gets by `reject`, a [`Reject`](seaworthy_core::Reject).
    #[must_use]
    pub fn reject<Q>(self, reject: Q) -> PoolService<F, Q> {
        PoolService {
            pool: self.pool,
            work: self.work,
            reject,
        }
    }
}

impl<F, R, Req, Res, Err> Service<Req> for PoolService<F, R>
where
    F: FnOnce(Req) -> Result<Res, Err> + Clone + Send + 'static,
    R: Reject<Res, Err> + Clone,
    Req: Send + 'static,
    Res: Send + 'static,
    Err: Send + 'static,
{
    type Response = Res;
    type Error = Err;
    type Future = PoolResponse<Res, Err, R>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Err>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Req) -> Self::Future {
        let work = self.work.clone();
        let job = self.pool.run(move || work(request));
        PoolResponse::new(job, self.reject.clone())
    }
}

impl<F, R> fmt::Debug for PoolService<F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolService")
            .field("pool", self.pool.name())
            .finish_non_exhaustive()
    }
}
