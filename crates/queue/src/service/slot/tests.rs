use super::*;

fn poll(asking: &mut Asking<u32>, pool: &Pool<u32>) -> Poll<Option<u32>> {
    asking.poll(pool, Waker::noop())
}

/// Two workers may be at it, if the first one hangs.
#[test]
fn the_first_answer_counts() {
    let pool = Pool::new(1);
    let (mut asking, answering) = pool.open();
    let late = answering.clone();
    answering.answer(1);
    late.answer(2);
    assert_eq!(poll(&mut asking, &pool), Poll::Ready(Some(1)));
}

#[test]
fn a_slot_is_used_again_as_if_it_were_new() {
    let pool = Pool::new(1);
    let (mut asking, answering) = pool.open();
    assert!(answering.begin() && answering.has_begun());
    let before = asking.slot.as_ref().map(Arc::as_ptr);
    answering.answer(1);
    assert_eq!(poll(&mut asking, &pool), Poll::Ready(Some(1)));

    let (mut asking, answering) = pool.open();
    assert_eq!(asking.slot.as_ref().map(Arc::as_ptr), before);
    assert!(!answering.has_begun() && asking.is_waiting());
    assert_eq!(poll(&mut asking, &pool), Poll::Pending);
    drop(answering);
    assert_eq!(poll(&mut asking, &pool), Poll::Ready(None));
}

/// Whoever still has the other end would answer somebody else.
#[test]
fn one_that_may_still_be_answered_is_not_used_again() {
    let pool = Pool::new(1);
    let (mut asking, late) = pool.open();
    asking.leave(&pool);
    let (mut asking, _answering) = pool.open();
    late.answer(1);
    assert_eq!(poll(&mut asking, &pool), Poll::Pending);
}

#[test]
fn no_more_are_kept_than_may_be() {
    let pool: Pool<u32> = Pool::new(2);
    let mut ends: Vec<_> = (0..5).map(|_| pool.open()).collect();
    for (mut asking, answering) in ends.drain(..) {
        drop(answering);
        asking.leave(&pool);
    }
    let kept: usize = pool.free.iter().map(|free| free.0.lock().len()).sum();
    assert_eq!(kept, 2);
}
