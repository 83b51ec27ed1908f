//! What of a stack is code: the rules, set one by one.

use seaworthy_core::Rejected;
#[cfg(feature = "http")]
use seaworthy_core::classify::HttpStatus;
use seaworthy_core::reject::Respond;
#[cfg(feature = "http")]
use seaworthy_core::request::HttpRequests;

use super::StackBuilder;
use crate::retry::ByVerdict;
#[cfg(feature = "http")]
use crate::retry::http::HttpOutcomes;
use crate::stack::Rules;

impl<F, C, J, D, K, R> StackBuilder<F, Rules<C, J, D, K, R>> {
    /// By what the breaker, a limit that finds itself and retries judge outcomes: a
    /// [`Classify`](seaworthy_core::Classify) for the service. Default: an error is a failure, and what another layer has
    /// turned away is none of the service.
    pub fn classify<E: Clone>(
        self,
        classify: E,
    ) -> StackBuilder<F, Rules<E, ByVerdict<E>, D, K, R>> {
        self.ruled(|rules| rules.classify(classify))
    }

    /// By what it is judged whether to try again, if that is another matter: a [`Judge`](crate::retry::Judge). After
    /// [`classify`](Self::classify), which sets it too.
    pub fn judge<E>(self, judge: E) -> StackBuilder<F, Rules<C, E, D, K, R>> {
        self.ruled(|rules| rules.judge(judge))
    }

    /// Who tells which requests may be executed twice, and until when somebody waits for them: a
    /// [`Describe`](seaworthy_core::request::Describe). Default: nothing is known, so that only what was never executed is
    /// tried again.
    pub fn describe<E>(self, describe: E) -> StackBuilder<F, Rules<C, J, E, K, R>> {
        self.ruled(|rules| rules.describe(describe))
    }

    /// How requests are copied, to be sent again: a [`CopyRequest`](crate::retry::CopyRequest). Default: they are cloned.
    pub fn copy<E>(self, copy: E) -> StackBuilder<F, Rules<C, J, D, E, R>> {
        self.ruled(|rules| rules.copy(copy))
    }

    /// For `http::Request`s and `http::Response`s: which responses are failures
    /// ([`HttpStatus`](seaworthy_core::classify::HttpStatus)), which of them are tried again, and when
    /// ([`HttpOutcomes`](crate::retry::http::HttpOutcomes)), and which methods are idempotent
    /// ([`HttpRequests`](seaworthy_core::request::HttpRequests)). Which of them the [fallback](Self::fallback) answers is
    /// up to that.
    #[cfg(feature = "http")]
    #[cfg_attr(docsrs, doc(cfg(feature = "http")))]
    pub fn http(self) -> StackBuilder<F, Rules<HttpStatus, HttpOutcomes, HttpRequests, K, R>> {
        self.classify(HttpStatus)
            .judge(HttpOutcomes)
            .describe(HttpRequests)
    }

    /// What a rejection becomes: a [`Reject`](seaworthy_core::Reject). Default: the error of the service, which is
    /// `From<Rejected>` then.
    pub fn reject<E>(self, reject: E) -> StackBuilder<F, Rules<C, J, D, K, E>> {
        self.ruled(|rules| rules.reject(reject))
    }

    /// A rejection becomes a response, for services that cannot fail, such as a route of axum: made by
    /// [`respond`](seaworthy_core::http::respond) for example, with the feature `http`.
    ///
    /// The stages further out see it as they see any other response: [`http`](Self::http) knows it for what it is, other
    /// rules have to, and the [fallback](Self::fallback), which goes by errors unless it is told what to handle.
    pub fn respond<G, Res>(self, respond: G) -> StackBuilder<F, Rules<C, J, D, K, Respond<G>>>
    where
        G: Fn(Rejected) -> Res,
    {
        self.reject(Respond::new(respond))
    }
}
