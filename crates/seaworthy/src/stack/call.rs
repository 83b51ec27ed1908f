//! The stack around calls that are no services.

use seaworthy_core::request::Describe;
use seaworthy_core::sync::Lock;
use seaworthy_core::{Classify, Rejected};
use seaworthy_fallback::{Degraded, Fallback, Handle, LastWord, Strategy};

use super::handle::Stack;
use super::rules::Rules;
use crate::retry::Judge;

impl<T, H, L, C, J, D, K, R> Stack<Fallback<T, H, L>, Rules<C, J, D, K, R>> {
    /// Makes a call of anything that is no service: a query of a database, for example. `attempt` gets the number of the
    /// attempt, 1 for the first, once that is let in.
    ///
    /// An async closure does, as long as it changes nothing that it captures. Nothing is copied: what another attempt needs
    /// is up to `attempt`. Rejections are errors, whatever is set for the [layer](Self::layer).
    ///
    /// ```
    /// use seaworthy::core::BoxError;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), BoxError> {
    /// let stock = seaworthy::stack("stock").fallback(|it| it.value(0)).build()?;
    ///
    /// let left = stock.call(async |_| Ok::<u32, BoxError>(12)).await?;
    /// assert_eq!(left, 12);
    /// stock.circuit_breaker().force_open();
    /// let left = stock.call(async |_| Ok::<u32, BoxError>(12)).await?;
    /// assert_eq!(left, 0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// That of the last attempt, or [`Rejected`] as such an error, if no fallback answers.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops whatever is under way, and gives back what it has taken.
    pub async fn call<A, F, Res, Err>(&self, attempt: A) -> Result<Res, Err>
    where
        A: FnMut(u32) -> F,
        F: Future<Output = Result<Res, Err>>,
        Err: From<Rejected>,
        T: Strategy<(), Res, Err>,
        H: Handle<Res, Err>,
        L: LastWord<Res, Err>,
        C: Classify<Res, Err> + Clone,
        J: Judge<Res, Err> + Clone,
        D: Describe<()>,
    {
        self.call_for(&(), attempt).await
    }

    /// As [`call`](Self::call), to answer `request`: what is known of it is asked of [`describe`](super::StackBuilder::describe),
    /// and fallbacks get of it what they need.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    ///
    /// # Cancel safety
    ///
    /// As that of [`call`](Self::call).
    pub async fn call_for<Req, A, F, Res, Err>(&self, request: &Req, attempt: A) -> Result<Res, Err>
    where
        A: FnMut(u32) -> F,
        F: Future<Output = Result<Res, Err>>,
        Err: From<Rejected>,
        T: Strategy<Req, Res, Err>,
        H: Handle<Res, Err>,
        L: LastWord<Res, Err>,
        C: Classify<Res, Err> + Clone,
        J: Judge<Res, Err> + Clone,
        D: Describe<Req>,
    {
        let call = self.guarded(request, attempt);
        self.fallback().call_for(request, call).await
    }

    /// As [`call_for`](Self::call_for), with who has answered.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    ///
    /// # Cancel safety
    ///
    /// As that of [`call`](Self::call).
    pub async fn call_with_source<Req, A, F, Res, Err>(
        &self,
        request: &Req,
        attempt: A,
    ) -> Result<Degraded<Res, Err>, Err>
    where
        A: FnMut(u32) -> F,
        F: Future<Output = Result<Res, Err>>,
        Err: From<Rejected>,
        T: Strategy<Req, Res, Err>,
        H: Handle<Res, Err>,
        L: LastWord<Res, Err>,
        C: Classify<Res, Err> + Clone,
        J: Judge<Res, Err> + Clone,
        D: Describe<Req>,
    {
        let call = self.guarded(request, attempt);
        self.fallback().call_with_source(request, call).await
    }

    /// All stages but the fallback.
    async fn guarded<Req, A, F, Res, Err>(&self, request: &Req, attempt: A) -> Result<Res, Err>
    where
        A: FnMut(u32) -> F,
        F: Future<Output = Result<Res, Err>>,
        Err: From<Rejected>,
        C: Classify<Res, Err> + Clone,
        J: Judge<Res, Err> + Clone,
        D: Describe<Req>,
    {
        let rules = self.rules();
        let info = rules.describe.describe(request);
        let attempt = &Lock::new(attempt);
        let attempt = |number| {
            // Not before it is let in.
            let attempt = async move {
                let future = (*attempt.lock())(number);
                future.await
            };
            let attempt = self.attempt_timeout().call(attempt);
            let classify = rules.for_breaker.clone();
            self.circuit_breaker().call_with(classify, attempt)
        };
        let attempts = self.retry().call_with(rules.judge.clone(), info, attempt);
        let call = self.total_timeout().call_with(info, attempts);
        self.bulkhead()
            .call_with(rules.for_limit.clone(), call)
            .await
    }
}
