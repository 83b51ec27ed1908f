//! What no pool is made of.

use std::time::Duration;

use seaworthy_bulkhead::{PoolConfig, ThreadPool, ThreadPoolBuilder, WhenFull};

use crate::{builder, pool};

fn refused(change: impl FnOnce(ThreadPoolBuilder) -> ThreadPoolBuilder) -> String {
    let error = change(builder("p")).build().expect_err("not allowed");
    error.to_string()
}

#[test]
fn field_value_and_range() {
    let second = Duration::from_secs(1);
    for (error, expected) in [
        (
            refused(|p| p.threads(0)),
            "`p`: field `threads` is 0, allowed: 1 to 1024",
        ),
        (
            refused(|p| p.threads(1025)),
            "`p`: field `threads` is 1025, allowed: 1 to 1024",
        ),
        (
            refused(|p| p.max_queued(1_000_001)),
            "`p`: field `max_queued` is 1000001, allowed: 0 to 1000000",
        ),
        (
            refused(|p| p.wait_when_full(Duration::ZERO, 1)),
            "`p`: field `when_full.max_wait` is 0ns, allowed: 1 ms to a day",
        ),
        (
            refused(|p| p.wait_when_full(Duration::MAX, 1)),
            "`p`: field `when_full.max_wait` is 18446744073709551615.999999999s, allowed: 1 ms to a day",
        ),
        (
            refused(|p| p.wait_when_full(second, 0)),
            "`p`: field `when_full.max_waiting` is 0, allowed: 1 to 1000000",
        ),
        (
            refused(|p| p.wait_when_full(second, 1_000_001)),
            "`p`: field `when_full.max_waiting` is 1000001, allowed: 1 to 1000000",
        ),
    ] {
        assert_eq!(error, expected);
    }
}

#[test]
fn the_limits_are_allowed() {
    let all = builder("p").threads(1).max_queued(1_000_000);
    let all = all.wait_when_full(Duration::from_secs(86_400), 1_000_000);
    assert!(all.build().is_ok());
    let least = builder("p").threads(1).max_queued(0);
    let least = least.wait_when_full(Duration::from_millis(1), 1);
    assert!(least.build().is_ok());
    assert!(ThreadPool::builder("p").build().is_ok(), "the defaults are");
}

#[test]
fn a_bad_configuration_changes_nothing() {
    let pool = pool(2, 3);
    let before = pool.config();
    assert!(pool.set_threads(0).is_err());
    assert_eq!((pool.config(), pool.view().threads), (before, 2));
}

/// A name can be anything, also what no thread can have as a name.
#[test]
fn a_name_with_a_zero_in_it() {
    let pool = builder("a\u{0}b").threads(1).build().expect("allowed");
    let name = pool.run_blocking(|| std::thread::current().name().map(str::to_owned));
    assert_eq!(name, Ok(Some("ab-0".to_owned())));
}

#[test]
fn a_pool_may_be_forgotten_in_a_panic() {
    let pool = pool(1, 1);
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _job = pool.run(|| ());
        panic!("on purpose");
    }));
    assert!(caught.is_err());
    assert_eq!(pool.run_blocking(|| 7), Ok(7));
}

#[cfg(feature = "serde")]
#[test]
fn it_can_be_read_from_a_file() {
    let text = r#"
        threads = 3
        max_queued = 7
        [when_full.wait]
        max_wait = "250ms"
        max_waiting = 9
    "#;
    let config: PoolConfig = toml::from_str(text).expect("it can be read");
    let when_full = WhenFull::Wait {
        max_wait: Duration::from_millis(250),
        max_waiting: 9,
    };
    assert_eq!((config.threads, config.max_queued), (3, 7));
    assert_eq!(config.when_full, when_full);
    let written = toml::to_string(&config).expect("it can be written");
    assert_eq!(toml::from_str(&written), Ok(config));
    let config: PoolConfig = toml::from_str("when_full = \"reject\"").expect("it can be read");
    assert_eq!(config, PoolConfig::default());
    assert!(toml::from_str::<PoolConfig>("thread = 1").is_err());
}

#[cfg(not(feature = "serde"))]
#[test]
fn the_defaults() {
    let config = PoolConfig::default();
    assert_eq!(
        (config.max_queued, config.when_full),
        (100, WhenFull::Reject)
    );
}
