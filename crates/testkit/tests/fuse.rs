//! A fuse burns once, at the poll that was asked for, whichever future that belongs to.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use seaworthy_testkit::{Fuse, Live};

/// Whether a poll of a new future with this fuse in it panics.
fn panics(fuse: &Fuse) -> bool {
    let mut fused = pin!(fuse.wrap(std::future::pending::<()>()));
    let cx = &mut Context::from_waker(Waker::noop());
    catch_unwind(AssertUnwindSafe(|| fused.as_mut().poll(cx).is_ready())).is_err()
}

#[test]
fn all_that_it_is_in_count_together() {
    let fuse = Fuse::new(3);
    assert_eq!([panics(&fuse), panics(&fuse.clone())], [false, false]);
    assert!(!fuse.is_burnt());
    assert!(panics(&fuse));
    assert!(fuse.is_burnt());
    assert!(!panics(&fuse), "it burns once");
}

#[test]
fn at_zero_it_never_burns() {
    let fuse = Fuse::new(0);
    assert!((0..10).all(|_| !panics(&fuse)));
    assert!(!fuse.is_burnt());
}

#[test]
fn what_it_is_in_is_as_before_when_it_burns() {
    let (live, fuse) = (Live::new(), Fuse::new(2));
    let guarded = async {
        let _guard = live.guard();
        tokio::task::yield_now().await;
        "done"
    };
    let cx = &mut Context::from_waker(Waker::noop());
    let mut fused = pin!(fuse.wrap(guarded));
    assert_eq!(fused.as_mut().poll(cx), Poll::Pending);
    let burnt = catch_unwind(AssertUnwindSafe(|| fused.as_mut().poll(cx)));
    let payload = burnt.expect_err("it burns");
    assert_eq!(payload.downcast_ref(), Some(&fuse.message()));
    assert_eq!(live.alive(), 1, "it goes when it is dropped");
    assert_eq!(fused.as_mut().poll(cx), Poll::Ready("done"));
}
