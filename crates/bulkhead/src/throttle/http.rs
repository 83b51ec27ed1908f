//! Overload as HTTP says it.

use http::{Response, StatusCode};
use seaworthy_core::classify::DefaultClassifier;
use seaworthy_core::{Classify, Verdict};

/// Judges HTTP responses as a [`Throttle`](crate::Throttle) has to: 429 and 503 are overload, all others were accepted,
/// whatever they say. Errors are judged as by [`DefaultClassifier::for_limit`].
///
/// ```
/// use seaworthy_bulkhead::{HttpOverload, Throttle};
///
/// let inventory = Throttle::builder("inventory").build()?;
/// let layer = inventory.layer().classify(HttpOverload);
/// # Ok::<(), seaworthy_core::ConfigError>(())
/// ```
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
#[derive(Clone, Copy, Debug, Default)]
pub struct HttpOverload;

impl<B, Err: 'static> Classify<Response<B>, Err> for HttpOverload {
    fn classify(&self, outcome: Result<&Response<B>, &Err>) -> Verdict {
        match outcome.map(Response::status) {
            Ok(StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) => {
                Verdict::Overload
            }
            Ok(_) => Verdict::Success,
            Err(error) => DefaultClassifier::for_limit().classify(Err::<&(), _>(error)),
        }
    }
}
