//! What of a fallback can be changed while it runs: plain data.

use std::sync::Arc;

use seaworthy_core::ConfigError;

/// Whether a fallback answers, and how many of its answers may be in the making.
///
/// Plain data, with sensible defaults. *How* it answers is code, and said to the [builder](crate::FallbackBuilder).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct Config {
    /// Whether it answers. If not, what the service comes to goes through as it is, and good answers are still kept.
    /// Default: true.
    pub enabled: bool,
    /// How many backups and async functions may be under way at a time, from 1 to a million: a fallback that hangs must not
    /// take all there is, just when the service fails. Who finds no place has no answer from that strategy; the next one in
    /// the chain is asked. What answers at once needs no place. Default: 100.
    pub max_concurrent: u32,
}

const CONCURRENT_MAX: u32 = 1_000_000;

impl Default for Config {
    fn default() -> Self {
        Self {
            enabled: true,
            max_concurrent: 100,
        }
    }
}

impl Config {
    pub(crate) fn check(&self, name: &Arc<str>) -> Result<(), ConfigError> {
        let most = self.max_concurrent;
        let fits = (1..=CONCURRENT_MAX).contains(&most);
        let allowed = format_args!("1 to {CONCURRENT_MAX}");
        ConfigError::unless(fits, name, "max_concurrent", most, allowed)
    }
}
