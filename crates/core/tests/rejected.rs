//! A rejection says whether the call was begun, and is found wherever it is.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};

use seaworthy_core::{BoxError, Cause, Executed, Reason, Rejected};

#[derive(Debug, thiserror::Error)]
#[error("while paying")]
struct Wrapped<E: Error + 'static>(#[source] E);

fn rejected() -> Rejected {
    Rejected::new(Reason::QueueFull, "orders")
}

fn finds(error: &(dyn Error + 'static)) -> bool {
    Rejected::find_in(error) == Some(&rejected())
}

#[test]
fn only_what_had_begun_may_have_been_executed() {
    use Reason::*;
    for reason in [
        CircuitOpen,
        BulkheadFull,
        Throttled,
        QueueFull,
        Expired,
        Evicted,
        Restarting,
        ShuttingDown,
        Stopped,
    ] {
        assert_eq!(
            Rejected::new(reason, "x").executed(),
            Executed::No,
            "{reason}"
        );
    }
    for reason in [Crashed, TimedOut] {
        assert_eq!(
            Rejected::new(reason, "x").executed(),
            Executed::Maybe,
            "{reason}"
        );
    }
    let redelivered = Rejected::new(Evicted, "x").maybe_executed();
    assert_eq!(
        (redelivered.reason(), redelivered.executed()),
        (Evicted, Executed::Maybe)
    );
}

#[test]
fn it_is_a_few_plain_values() {
    let cause = Cause::FailureRate {
        failures: 12,
        calls: 20,
    };
    let rejected = Rejected::new(Reason::CircuitOpen, "orders").with_cause(cause);
    let copy = rejected;
    assert_eq!(copy, rejected);
    assert_eq!(rejected.cause(), Some(cause));
    assert_eq!(
        rejected.to_string(),
        "`orders`: circuit open (12 of 20 calls failed)"
    );
    assert!(
        size_of::<Rejected>() <= 40,
        "it travels by value in every `Result` of a layer"
    );
}

#[test]
fn the_text_says_when_to_come_back_only_if_known() {
    assert_eq!(rejected().to_string(), "`orders`: queue full");
    let later = rejected().with_retry_after(Duration::from_secs(2));
    assert_eq!(later.retry_after(), Some(Duration::from_secs(2)));
    assert_eq!(later.to_string(), "`orders`: queue full, retry after 2s");
    let odd = rejected().with_retry_after(Duration::from_nanos(1_999_000_001));
    assert_eq!(odd.to_string(), "`orders`: queue full, retry after 2s");
}

#[test]
fn it_is_found_wherever_it_is() {
    assert!(finds(&rejected()));
    assert!(finds(&Wrapped(Wrapped(rejected()))));
    assert!(finds(&Wrapped(Box::new(rejected()))));
    assert!(finds(&Arc::new(rejected())));
    assert!(finds(&io::Error::other(Wrapped(io::Error::other(
        rejected()
    )))));
    let shared: Arc<dyn Error + Send + Sync> = Arc::new(rejected());
    assert!(finds(&Wrapped(shared)));
    let boxed: BoxError = Box::new(Wrapped(rejected()));
    assert!(finds(boxed.as_ref()));
}

#[test]
fn it_is_not_found_where_it_is_not() {
    assert!(!finds(&fmt::Error));
    assert!(!finds(&io::Error::from_raw_os_error(2)));
}

#[test]
fn the_search_ends_even_if_the_chain_does_not() {
    #[derive(Debug)]
    struct Ouroboros;
    impl fmt::Display for Ouroboros {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("because of itself")
        }
    }
    impl Error for Ouroboros {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(self)
        }
    }
    assert_eq!(Rejected::find_in(&Ouroboros), None);
}
