//! What loom says about counting: run with `RUSTFLAGS="--cfg seaworthy_loom"`, in release.

use loom::sync::Arc;
use loom::thread;

use super::rule::Counts;
use super::tally::Tally;

/// Whoever looks meanwhile sees no acceptance without its request; in the end everything is counted.
#[test]
fn no_acceptance_without_its_request() {
    for (one, other) in [(Some(0), Some(1)), (None, None), (Some(0), None)] {
        loom::model(move || {
            let tally = Arc::new(Tally::over(2));
            let theirs = Arc::clone(&tally);
            let thread = thread::spawn(move || {
                theirs.add_as(one, true);
                theirs.add_as(one, false);
                theirs.add_as(one, true);
            });
            tally.add_as(other, true);
            let Counts { requests, accepts } = tally.counts();
            assert!(accepts <= requests && accepts >= 1);
            thread.join().unwrap();
            let (requests, accepts) = (4, 3);
            assert_eq!(tally.counts(), Counts { requests, accepts });
        });
    }
}
