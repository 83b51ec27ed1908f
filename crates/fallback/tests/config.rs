//! What a configuration may be, and what is said about one that cannot be.

use std::time::Duration;

use seaworthy_core::component::Registry;
use seaworthy_fallback::{Config, Fallback, FallbackBuilder, LastGood};

fn builder() -> FallbackBuilder {
    Fallback::builder("f").registry(&Registry::new())
}

#[test]
fn what_cannot_be_is_refused_with_the_field_its_value_and_what_is_allowed() {
    let said = |error: seaworthy_core::ConfigError| error.to_string();
    assert_eq!(
        said(builder().build().unwrap_err()),
        "`f`: field `strategies` is 0, allowed: at least 1, such as `value`, or `map_error`"
    );
    for most in [0, 1_000_001] {
        let refused = builder().value(1).max_concurrent(most).build().unwrap_err();
        let expected = format!("`f`: field `max_concurrent` is {most}, allowed: 1 to 1000000");
        assert_eq!(said(refused), expected);
    }
    let last = || LastGood::<u32, u32, u32>::by(|request| *request);
    assert_eq!(
        said(last().max_age(Duration::ZERO).build().unwrap_err()),
        "`last_good`: field `max_age` is 0ns, allowed: above 0"
    );
    assert_eq!(
        said(last().max_entries(0).build().unwrap_err()),
        "`last_good`: field `max_entries` is 0, allowed: at least 1"
    );

    let fallback = builder().value(1).build().unwrap();
    let mut config = Config::default();
    assert_eq!(fallback.config(), config);
    (config.enabled, config.max_concurrent) = (false, 0);
    fallback.reconfigure(&config).unwrap_err();
    assert_eq!(fallback.config(), Config::default(), "nothing has changed");
    config.max_concurrent = 7;
    let mut events = fallback.events().subscribe(4.try_into().unwrap());
    fallback.reconfigure(&config).unwrap();
    fallback.reconfigure(&config).unwrap();
    assert_eq!(fallback.config(), config);
    let told: Vec<_> = std::iter::from_fn(|| events.try_recv()).collect();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].to_string(), "f: switched off");
}

#[cfg(feature = "serde")]
#[test]
fn it_can_be_read_from_a_file() {
    let read = |text: &str| toml::from_str::<Config>(text);
    assert_eq!(read("").unwrap(), Config::default());
    let config = read("enabled = false\nmax_concurrent = 5").unwrap();
    assert_eq!((config.enabled, config.max_concurrent), (false, 5));
    let json = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<Config>(&json).unwrap(), config);
    assert!(
        read("concurrent = 5")
            .unwrap_err()
            .to_string()
            .contains("concurrent")
    );
}
