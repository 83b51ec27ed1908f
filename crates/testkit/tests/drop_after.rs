//! A future is dropped at the moment that was asked for, and not a poll later or earlier.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};

use seaworthy_testkit::{Live, drop_after, drop_once_woken};
use tokio::sync::Notify;

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// Waits for two permits of `notify`, one after the other.
async fn twice(notify: Arc<Notify>, live: Live) -> &'static str {
    let _guard = live.guard();
    notify.notified().await;
    notify.notified().await;
    "done"
}

struct World {
    notify: Arc<Notify>,
    live: Live,
    wakes: Arc<Wakes>,
}

impl World {
    fn new() -> (Self, Waker) {
        let wakes = Arc::new(Wakes::default());
        let waker = Waker::from(Arc::clone(&wakes));
        (
            Self {
                notify: Arc::default(),
                live: Live::new(),
                wakes,
            },
            waker,
        )
    }

    fn future(&self) -> impl Future<Output = &'static str> + use<> {
        twice(Arc::clone(&self.notify), self.live.clone())
    }
}

#[test]
fn at_zero_it_is_never_polled() {
    let (world, waker) = World::new();
    let mut cut = pin!(drop_after(world.future(), 0));
    assert_eq!(
        cut.as_mut().poll(&mut Context::from_waker(&waker)),
        Poll::Ready(None)
    );
    assert_eq!(world.live.created(), 0);
}

#[test]
fn it_is_dropped_in_the_poll_that_was_its_kth_pending() {
    let (world, waker) = World::new();
    let cx = &mut Context::from_waker(&waker);
    let mut cut = pin!(drop_after(world.future(), 2));
    assert_eq!(cut.as_mut().poll(cx), Poll::Pending);
    assert_eq!(world.live.alive(), 1);
    world.notify.notify_one();
    assert_eq!(cut.as_mut().poll(cx), Poll::Ready(None));
    assert_eq!((world.live.created(), world.live.alive()), (1, 0));
}

#[test]
fn it_is_kept_until_it_is_woken_and_not_polled_then() {
    let (world, waker) = World::new();
    let cx = &mut Context::from_waker(&waker);
    let mut cut = pin!(drop_once_woken(world.future(), 1));
    assert_eq!(cut.as_mut().poll(cx), Poll::Pending);
    assert_eq!(
        cut.as_mut().poll(cx),
        Poll::Pending,
        "a poll is not a wake-up"
    );
    assert_eq!(world.live.alive(), 1);
    world.notify.notify_one();
    assert_eq!(world.wakes.0.load(SeqCst), 1, "the wake-up is passed on");
    assert_eq!(cut.as_mut().poll(cx), Poll::Ready(None));
    assert_eq!(world.live.alive(), 0);
    // It died with the permit in its hands; a `Notified` hands it back when it is dropped so.
    let mut next = pin!(world.notify.notified());
    assert!(
        next.as_mut().poll(cx).is_ready(),
        "it was not polled between wake-up and drop"
    );
}

#[test]
fn the_wake_up_goes_to_the_task_that_polled_last() {
    let (world, first) = World::new();
    let (other, second) = World::new();
    let mut cut = pin!(drop_once_woken(world.future(), 1));
    assert!(
        cut.as_mut()
            .poll(&mut Context::from_waker(&first))
            .is_pending()
    );
    assert!(
        cut.as_mut()
            .poll(&mut Context::from_waker(&second))
            .is_pending()
    );
    world.notify.notify_one();
    assert_eq!(
        (world.wakes.0.load(SeqCst), other.wakes.0.load(SeqCst)),
        (0, 1)
    );
}

#[test]
fn one_that_ends_before_is_left_alone() {
    let mut polls = 0;
    let future = poll_fn(|_| {
        polls += 1;
        if polls == 3 {
            Poll::Ready("done")
        } else {
            Poll::Pending
        }
    });
    let cx = &mut Context::from_waker(Waker::noop());
    let mut cut = pin!(drop_after(future, 3));
    assert_eq!(cut.as_mut().poll(cx), Poll::Pending);
    assert_eq!(cut.as_mut().poll(cx), Poll::Pending);
    assert_eq!(cut.as_mut().poll(cx), Poll::Ready(Some("done")));
}
