//! What a builder says about a configuration that cannot be.

use std::fmt::Display;

/// A field of a configuration has a value that is not allowed.
///
/// It names the component, the field, the value and what would have been allowed, so that the
/// message alone is enough to mend the configuration.
///
/// ```
/// use seaworthy_core::ConfigError;
///
/// let error = ConfigError::new("payments", "failure_rate", 1.5, "above 0 and at most 1");
/// assert_eq!(
///     error.to_string(),
///     "`payments`: field `failure_rate` is 1.5, allowed: above 0 and at most 1",
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{component}`: field `{field}` is {value}, allowed: {allowed}")]
#[non_exhaustive]
pub struct ConfigError {
    /// The component that was to be built, by name or by path.
    pub component: String,
    /// The field, by the name that it has in code and in files.
    pub field: &'static str,
    /// The value that was refused.
    pub value: String,
    /// Which values are allowed, in words.
    pub allowed: String,
}

impl ConfigError {
    /// An error about one field of one component.
    ///
    /// A value without `Display` (a duration, an option) goes in as `format_args!("{value:?}")`.
    #[must_use]
    pub fn new(
        component: impl Display,
        field: &'static str,
        value: impl Display,
        allowed: impl Display,
    ) -> Self {
        Self {
            component: component.to_string(),
            field,
            value: value.to_string(),
            allowed: allowed.to_string(),
        }
    }

    /// Checks one field: `Ok` if `holds`, else [`new`](Self::new) of the rest.
    ///
    /// # Errors
    ///
    /// The `ConfigError` made of the other arguments, if `holds` is false.
    ///
    /// ```
    /// use seaworthy_core::ConfigError;
    ///
    /// fn check(rate: f64) -> Result<(), ConfigError> {
    ///     let holds = rate > 0.0 && rate <= 1.0;
    ///     ConfigError::unless(holds, "payments", "failure_rate", rate, "above 0 and at most 1")
    /// }
    ///
    /// assert!(check(0.5).is_ok());
    /// assert!(check(f64::NAN).is_err());
    /// ```
    pub fn unless(
        holds: bool,
        component: impl Display,
        field: &'static str,
        value: impl Display,
        allowed: impl Display,
    ) -> Result<(), Self> {
        if holds {
            Ok(())
        } else {
            Err(Self::new(component, field, value, allowed))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn each_part_is_where_it_belongs() {
        let wait = Duration::from_millis(1500);
        let error = ConfigError::new("db", "max_wait", format_args!("{wait:?}"), "at most 1s");
        assert_eq!(
            (
                error.component.as_str(),
                error.field,
                error.value.as_str(),
                error.allowed.as_str()
            ),
            ("db", "max_wait", "1.5s", "at most 1s")
        );
        assert_eq!(
            error.to_string(),
            "`db`: field `max_wait` is 1.5s, allowed: at most 1s"
        );
    }

    #[test]
    fn a_check_fails_only_if_it_does_not_hold() {
        assert_eq!(
            ConfigError::unless(true, "db", "size", 1, "above 0"),
            Ok(())
        );
        assert_eq!(
            ConfigError::unless(false, "db", "size", 0, "above 0"),
            Err(ConfigError::new("db", "size", 0, "above 0"))
        );
    }
}
