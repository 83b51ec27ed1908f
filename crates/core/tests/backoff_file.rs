//! A back-off in a configuration file.
#![cfg(feature = "serde")]

use std::time::Duration;

use seaworthy_core::backoff::{Backoff, Jitter};

fn read(text: &str) -> Result<Backoff, String> {
    toml::from_str(text).map_err(|error| error.message().to_owned())
}

#[test]
fn what_is_written_is_what_is_meant() {
    let (min, max) = (Duration::from_millis(50), Duration::from_secs(2));
    let builder = Backoff::exponential(min, max);
    let times = "min = \"50ms\"\nmax = \"2s\"\n";
    assert_eq!(read(times), Ok(builder.build().expect("allowed")));
    for (jitter, written) in [
        (Jitter::None, "\"none\""),
        (Jitter::Equal, "\"equal\""),
        (Jitter::Full, "\"full\""),
        (Jitter::Share(0.25), "{ share = 0.25 }"),
    ] {
        let backoff = builder.factor(3.0).jitter(jitter).build();
        let backoff = backoff.expect("allowed");
        let text = format!("{times}factor = 3.0\njitter = {written}\n");
        assert_eq!(read(&text), Ok(backoff));
        let again = toml::to_string(&backoff).expect("it can be written");
        assert_eq!(read(&again), Ok(backoff), "{again}");
    }
}

#[test]
fn what_cannot_be_is_refused_as_it_is_read() {
    for (text, expected) in [
        (
            "min = \"0s\"\nmax = \"1s\"",
            "`backoff`: field `min` is 0ns, allowed: above 0s",
        ),
        (
            "min = \"2s\"\nmax = \"1s\"",
            "`backoff`: field `max` is 1s, allowed: at least `min`, 2s",
        ),
        ("min = \"1s\"", "missing field `max`"),
        (
            "min = \"1s\"\nmax = \"1s\"\nfactors = 1",
            "unknown field `factors`, expected one of `min`, `max`, `factor`, `jitter`",
        ),
    ] {
        assert_eq!(read(text), Err(expected.to_owned()));
    }
}
