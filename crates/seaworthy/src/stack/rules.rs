//! What of a stack is code.

use seaworthy_core::classify::DefaultClassifier;
use seaworthy_core::reject::IntoError;
use seaworthy_core::request::NothingKnown;

use crate::retry::{ByVerdict, Cloned};

/// By what outcomes are judged, what is known of requests, and what becomes of rejections.
///
/// Made by the [builder](super::StackBuilder).
#[derive(Clone, Debug)]
pub struct Rules<C = DefaultClassifier, J = ByVerdict, D = NothingKnown, K = Cloned, R = IntoError>
{
    pub(super) for_breaker: C,
    pub(super) for_limit: C,
    pub(super) judge: J,
    pub(super) describe: D,
    pub(super) copy: K,
    pub(super) reject: R,
}

impl Rules {
    pub(super) fn new() -> Self {
        Self {
            for_breaker: DefaultClassifier::for_breaker(),
            for_limit: DefaultClassifier::for_limit(),
            judge: ByVerdict::default(),
            describe: NothingKnown,
            copy: Cloned,
            reject: IntoError,
        }
    }
}

impl<C, J, D, K, R> Rules<C, J, D, K, R> {
    pub(super) fn classify<E: Clone>(self, classify: E) -> Rules<E, ByVerdict<E>, D, K, R> {
        Rules {
            for_breaker: classify.clone(),
            for_limit: classify.clone(),
            judge: ByVerdict(classify),
            describe: self.describe,
            copy: self.copy,
            reject: self.reject,
        }
    }

    pub(super) fn judge<E>(self, judge: E) -> Rules<C, E, D, K, R> {
        Rules {
            for_breaker: self.for_breaker,
            for_limit: self.for_limit,
            judge,
            describe: self.describe,
            copy: self.copy,
            reject: self.reject,
        }
    }

    pub(super) fn describe<E>(self, describe: E) -> Rules<C, J, E, K, R> {
        Rules {
            for_breaker: self.for_breaker,
            for_limit: self.for_limit,
            judge: self.judge,
            describe,
            copy: self.copy,
            reject: self.reject,
        }
    }

    pub(super) fn copy<E>(self, copy: E) -> Rules<C, J, D, E, R> {
        Rules {
            for_breaker: self.for_breaker,
            for_limit: self.for_limit,
            judge: self.judge,
            describe: self.describe,
            copy,
            reject: self.reject,
        }
    }

    pub(super) fn reject<E>(self, reject: E) -> Rules<C, J, D, K, E> {
        Rules {
            for_breaker: self.for_breaker,
            for_limit: self.for_limit,
            judge: self.judge,
            describe: self.describe,
            copy: self.copy,
            reject,
        }
    }
}
