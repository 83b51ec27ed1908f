//! What of a stack is code.

use seaworthy_core::classify::DefaultClassifier;
use seaworthy_core::request::NothingKnown;

use crate::retry::{ByVerdict, Cloned};

/// By what outcomes are judged, and what is known of requests.
///
/// Made by the [builder](super::StackBuilder).
#[derive(Clone, Debug)]
pub struct Rules<C = DefaultClassifier, J = ByVerdict, D = NothingKnown, K = Cloned> {
    pub(super) for_breaker: C,
    pub(super) for_limit: C,
    pub(super) judge: J,
    pub(super) describe: D,
    pub(super) copy: K,
}

impl Rules {
    pub(super) fn new() -> Self {
        Self {
            for_breaker: DefaultClassifier::for_breaker(),
            for_limit: DefaultClassifier::for_limit(),
            judge: ByVerdict::default(),
            describe: NothingKnown,
            copy: Cloned,
        }
    }
}

impl<C, J, D, K> Rules<C, J, D, K> {
    pub(super) fn classify<E: Clone>(self, classify: E) -> Rules<E, ByVerdict<E>, D, K> {
        Rules {
            for_breaker: classify.clone(),
            for_limit: classify.clone(),
            judge: ByVerdict(classify),
            describe: self.describe,
            copy: self.copy,
        }
    }

    pub(super) fn judge<E>(self, judge: E) -> Rules<C, E, D, K> {
        Rules {
            for_breaker: self.for_breaker,
            for_limit: self.for_limit,
            judge,
            describe: self.describe,
            copy: self.copy,
        }
    }

    pub(super) fn describe<E>(self, describe: E) -> Rules<C, J, E, K> {
        Rules {
            for_breaker: self.for_breaker,
            for_limit: self.for_limit,
            judge: self.judge,
            describe,
            copy: self.copy,
        }
    }

    pub(super) fn copy<E>(self, copy: E) -> Rules<C, J, D, E> {
        Rules {
            for_breaker: self.for_breaker,
            for_limit: self.for_limit,
            judge: self.judge,
            describe: self.describe,
            copy,
        }
    }
}
