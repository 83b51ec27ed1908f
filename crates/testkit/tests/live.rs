//! Live counts are exact, across threads as well.

use std::sync::Barrier;

use seaworthy_testkit::Live;

#[test]
fn guards_are_counted_while_they_live() {
    let live = Live::new();
    let first = live.clone().guard();
    assert_eq!(
        (live.created(), live.dropped(), live.alive(), live.peak()),
        (1, 0, 1, 1)
    );
    drop(first);
    assert_eq!(
        (live.created(), live.dropped(), live.alive(), live.peak()),
        (1, 1, 0, 1)
    );
}

#[test]
fn one_after_the_other_is_no_overlap() {
    let live = Live::new();
    for _ in 0..3 {
        let _guard = live.guard();
    }
    assert_eq!((live.created(), live.peak()), (3, 1));
    let _both = (live.guard(), live.guard());
    assert_eq!(live.peak(), 2);
}

#[test]
fn a_panic_drops_its_guard() {
    let live = Live::new();
    let panics = || {
        let _guard = live.guard();
        panic!("with a guard in hand");
    };
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(panics)).is_err());
    assert_eq!((live.created(), live.alive()), (1, 0));
}

#[test]
fn threads_that_hold_guards_at_once_are_all_in_the_peak() {
    let (live, barrier) = (Live::new(), Barrier::new(4));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let _guard = live.guard();
                barrier.wait();
            });
        }
    });
    assert_eq!(
        (live.created(), live.dropped(), live.alive(), live.peak()),
        (4, 4, 0, 4)
    );
}
