//! The default classifier takes any error type, and finds a rejection where it can.

use std::convert::Infallible;

use seaworthy_core::classify::{DefaultClassifier, SourceChain};
use seaworthy_core::{BoxError, Classify, Reason, Rejected, Verdict};

#[derive(Debug, thiserror::Error)]
enum ShopError {
    #[error("out of stock")]
    OutOfStock,
    #[error("not now")]
    TurnedAway(#[from] Rejected),
    #[error(transparent)]
    Transparent(Rejected),
}

/// What a layer asks: with this bound only, no type of error may be left out.
fn verdict<Err: 'static>(outcome: Result<(), Err>) -> Verdict {
    DefaultClassifier::for_breaker().classify(outcome.as_ref())
}

fn by_chain(error: &ShopError) -> Verdict {
    SourceChain::for_breaker().classify(Err::<&(), _>(error))
}

fn turned_away() -> Rejected {
    Rejected::new(Reason::BulkheadFull, "stock")
}

#[test]
fn the_default_takes_every_error_type() {
    assert_eq!(verdict(Ok::<(), BoxError>(())), Verdict::Success);
    assert_eq!(verdict(Err(BoxError::from("broken"))), Verdict::Failure);
    assert_eq!(verdict(Ok::<(), ShopError>(())), Verdict::Success);
    assert_eq!(verdict(Err(ShopError::OutOfStock)), Verdict::Failure);
    assert_eq!(verdict(Ok::<(), Infallible>(())), Verdict::Success);
    assert_eq!(verdict(Err(())), Verdict::Failure);
}

#[test]
fn being_turned_away_is_no_failure() {
    let wrapped = || BoxError::from(ShopError::from(turned_away()));
    assert_eq!(verdict(Err(turned_away())), Verdict::Ignored);
    assert_eq!(
        verdict(Err(BoxError::from(turned_away()))),
        Verdict::Ignored
    );
    assert_eq!(verdict(Err(wrapped())), Verdict::Ignored);

    let limit = DefaultClassifier::for_limit();
    assert_eq!(
        limit.classify(Err::<&(), _>(&turned_away())),
        Verdict::Overload
    );
    assert_eq!(limit.classify(Err::<&(), _>(&wrapped())), Verdict::Overload);
}

#[test]
fn not_everybody_who_is_turned_away_is_too_many() {
    use Reason::{BulkheadFull, CircuitOpen, Evicted, Expired, QueueFull, Restarting};
    use Reason::{ShuttingDown, Stopped, Throttled};
    let limit = DefaultClassifier::for_limit();
    for (reasons, expected) in [
        (
            &[BulkheadFull, Throttled, QueueFull, Expired, Evicted][..],
            Verdict::Overload,
        ),
        (
            &[CircuitOpen, Restarting, ShuttingDown, Stopped],
            Verdict::Ignored,
        ),
    ] {
        for reason in reasons {
            let rejected = Rejected::new(*reason, "stock");
            let verdict = limit.classify(Err::<&(), _>(&rejected));
            assert_eq!(verdict, expected, "{reason:?}");
        }
    }
}

#[test]
fn what_may_have_been_executed_is_a_failure() {
    for rejected in [
        Rejected::new(Reason::Crashed, "stock"),
        turned_away().maybe_executed(),
    ] {
        assert_eq!(verdict(Err(rejected)), Verdict::Failure);
        assert_eq!(verdict(Err(BoxError::from(rejected))), Verdict::Failure);
        assert_eq!(by_chain(&rejected.into()), Verdict::Failure);
    }
}

#[test]
fn the_chain_of_an_own_type_is_searched_only_if_asked() {
    assert_eq!(
        verdict(Err(ShopError::from(turned_away()))),
        Verdict::Failure
    );
    assert_eq!(by_chain(&turned_away().into()), Verdict::Ignored);
    let limit = SourceChain::for_limit();
    assert_eq!(
        limit.classify(Err::<&(), _>(&ShopError::from(turned_away()))),
        Verdict::Overload
    );
    assert_eq!(by_chain(&ShopError::OutOfStock), Verdict::Failure);
    // As documented: a transparent variant leaves its content out of the chain.
    assert_eq!(
        by_chain(&ShopError::Transparent(turned_away())),
        Verdict::Failure
    );
}

#[test]
fn a_closure_is_a_classifier() {
    fn ask(classify: &impl Classify<u16, Infallible>, status: u16) -> Verdict {
        classify.classify(Ok(&status))
    }
    let by_status = |outcome: Result<&u16, &Infallible>| match outcome {
        Ok(429) => Verdict::Overload,
        Ok(500..) => Verdict::Failure,
        Ok(_) => Verdict::Success,
        Err(never) => match *never {},
    };
    assert_eq!(ask(&by_status, 200), Verdict::Success);
    assert_eq!(ask(&by_status, 429), Verdict::Overload);
    assert_eq!(ask(&by_status, 503), Verdict::Failure);
}
