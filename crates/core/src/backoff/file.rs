//! A back-off as it stands in a configuration file.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Backoff, Jitter};
use crate::ConfigError;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    #[serde(with = "crate::duration")]
    min: Duration,
    #[serde(with = "crate::duration")]
    max: Duration,
    #[serde(default = "factor")]
    factor: f64,
    #[serde(default = "jitter")]
    jitter: Jitter,
}

fn factor() -> f64 {
    Backoff::exponential(Duration::ZERO, Duration::ZERO).factor
}

fn jitter() -> Jitter {
    Backoff::exponential(Duration::ZERO, Duration::ZERO).jitter
}

impl TryFrom<Written> for Backoff {
    type Error = ConfigError;

    fn try_from(written: Written) -> Result<Self, ConfigError> {
        let builder = Self::exponential(written.min, written.max);
        builder
            .factor(written.factor)
            .jitter(written.jitter)
            .build()
    }
}

impl From<Backoff> for Written {
    fn from(backoff: Backoff) -> Self {
        let Backoff {
            min,
            max,
            factor,
            share,
        } = backoff;
        let jitter = [Jitter::None, Jitter::Equal, Jitter::Full]
            .into_iter()
            .find(|jitter| jitter.share() == share);
        Self {
            min,
            max,
            factor,
            jitter: jitter.unwrap_or(Jitter::Share(share)),
        }
    }
}
