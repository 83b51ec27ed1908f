//! How long a call may take.

use std::time::Duration;

use seaworthy_core::ConfigError;

const TIME_MAX: Duration = Duration::from_secs(86_400);

/// How long a call may take.
///
/// ```
/// use std::time::Duration;
/// use seaworthy::timeout::{Timeout, TimeoutConfig};
///
/// let mut config = TimeoutConfig::default();
/// config.after = Some(Duration::from_secs(2));
/// let payments = Timeout::builder("payments").config(config.clone()).build()?;
///
/// config.after = Some(Duration::ZERO);
/// let error = payments.reconfigure(&config).unwrap_err();
/// assert_eq!(error.to_string(), "`payments`: field `after` is 0ns, allowed: above 0 and at most a day, or off");
/// # Ok::<(), seaworthy::core::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct TimeoutConfig {
    /// How long: above 0, at most a day. `None`, which is `off` in a file: as long as it likes. Default: 10 s.
    #[cfg_attr(feature = "serde", serde(with = "seaworthy_core::off::duration"))]
    pub after: Option<Duration>,
}

impl Default for TimeoutConfig {
    fn default() -> Self {
        Self {
            after: Some(Duration::from_secs(10)),
        }
    }
}

impl TimeoutConfig {
    pub(crate) fn check(&self, name: &str) -> Result<(), ConfigError> {
        let Some(time) = self.after else {
            return Ok(());
        };
        let fits = !time.is_zero() && time <= TIME_MAX;
        let (value, allowed) = (
            format_args!("{time:?}"),
            "above 0 and at most a day, or off",
        );
        ConfigError::unless(fits, name, "after", value, allowed)
    }
}
