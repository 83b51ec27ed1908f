//! What no timeout is made of.

use std::time::Duration;

use seaworthy::timeout::{Timeout, TimeoutConfig};

use crate::timeout;

#[test]
fn field_value_and_range() {
    for (after, expected) in [
        (
            Duration::ZERO,
            "`t`: field `after` is 0ns, allowed: above 0 and at most a day, or off",
        ),
        (
            Duration::from_secs(86_401),
            "`t`: field `after` is 86401s, allowed: above 0 and at most a day, or off",
        ),
        (
            Duration::MAX,
            "`t`: field `after` is 18446744073709551615.999999999s, allowed: above 0 and at most a day, or off",
        ),
    ] {
        let error = Timeout::new("t", after).expect_err("not allowed");
        assert_eq!(error.to_string(), expected);
        let timeout = timeout(None);
        let error = timeout.set(after).expect_err("not allowed");
        assert_eq!(error.to_string(), expected);
        assert_eq!(timeout.view().after, None, "nothing has changed");
    }
}

#[test]
fn the_limits_are_allowed() {
    for after in [Duration::from_nanos(1), Duration::from_secs(86_400)] {
        assert_eq!(timeout(after).config().after, Some(after));
    }
    let ten = Some(Duration::from_secs(10));
    assert_eq!(TimeoutConfig::default().after, ten);
}

#[cfg(feature = "serde")]
#[test]
fn it_can_be_read_from_a_file() {
    for (text, after) in [
        ("", Some(Duration::from_secs(10))),
        ("after = \"1m 30s\"", Some(Duration::from_secs(90))),
        ("after = \"off\"", None),
    ] {
        let config: TimeoutConfig = toml::from_str(text).expect("it can be read");
        assert_eq!(config.after, after, "{text}");
        let written = toml::to_string(&config).expect("it can be written");
        assert_eq!(toml::from_str(&written), Ok(config), "{written}");
    }
    for text in ["afters = \"1s\"", "after = 7", "after = \"never\""] {
        assert!(toml::from_str::<TimeoutConfig>(text).is_err(), "{text}");
    }
}
