//! A call may be dropped at every await and panic at every poll: its place is free again, and the breaker goes on.

use std::path::Path;
use std::task::{Context, Poll};
use std::time::Duration;

use seaworthy_circuit_breaker::{
    CircuitBreaker, CircuitBreakerService, Config, Initial, JudgedBy, OpenFor, Permits, State,
};
use seaworthy_core::component::Registry;
use seaworthy_core::{BoxError, Verdict};
use seaworthy_testkit::{
    Ending, Fuse, Live, LiveGuard, async_functions, at_every_await, panic_at_every_poll,
};
use tokio::time::sleep;
use tower::{Layer, Service, ServiceExt};

/// What is tested here, by source file. A new async function has to come with a test.
const TESTED: [(&str, fn()); 4] = [
    ("breaker.rs: call", call),
    ("breaker.rs: call_with", call_with),
    ("future.rs: HttpResponseFuture", an_http_service),
    ("future.rs: ResponseFuture", a_layered_service),
];

#[test]
fn no_async_function_is_left_out() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    assert_eq!(async_functions(&sources), TESTED.map(|(name, _)| name));
}

const MILLI: Duration = Duration::from_millis(1);

/// A breaker that has been open and may be tried: one probe at a time, without a lease to help out.
struct World {
    breaker: CircuitBreaker,
    live: Live,
}

impl World {
    async fn new() -> Self {
        let world = Self::open();
        sleep(2 * MILLI).await;
        assert_eq!(world.breaker.state(), State::HalfOpen);
        world
    }

    fn open() -> Self {
        let mut config = Config::default();
        config.initial = Initial::Open;
        config.open = OpenFor::fixed(MILLI);
        config.half_open.permits = Permits::AtOnce(1);
        config.half_open.judged_by = JudgedBy::Successes(2);
        config.half_open.lease = None;
        let builder = CircuitBreaker::builder("b").config(config);
        Self {
            breaker: builder.registry(&Registry::new()).build().expect("allowed"),
            live: Live::new(),
        }
    }

    /// Nothing is left of the call, and the trial goes on from where it is to be.
    fn goes_on(&self, completed: bool) {
        assert_eq!(self.live.alive(), 0, "the call is gone");
        let view = self.breaker.view();
        assert_eq!((view.state, view.probes), (State::HalfOpen, 0));
        let missing = if completed { 1 } else { 2 };
        for probe in 0..missing {
            assert_eq!(self.breaker.state(), State::HalfOpen, "probe {probe}");
            self.breaker.try_acquire().expect("a free place").success();
        }
        assert_eq!(self.breaker.state(), State::Closed);
    }

    async fn check<T>(&mut self, ending: Ending<T>) {
        let completed = matches!(ending, Ending::Completed(_));
        self.goes_on(completed);
    }

    /// A panic is a failure of the probe, and the next trial has all its places.
    async fn check_panic<T>(&mut self, ending: Ending<T>) {
        let panicked = matches!(ending, Ending::Panicked(_));
        let openings = self.breaker.view().openings_in_a_row;
        assert_eq!(openings, if panicked { 2 } else { 1 });
        self.goes_on(!panicked);
    }
}

async fn work(guard: LiveGuard) -> Result<(), BoxError> {
    sleep(MILLI).await;
    tokio::task::yield_now().await;
    sleep(MILLI).await;
    drop(guard);
    Ok(())
}

/// Not ready at first; then ready for one call.
struct Inner {
    live: Live,
    fuse: Fuse,
    ready: bool,
}

impl Clone for Inner {
    fn clone(&self) -> Self {
        Self::new(&self.live, &self.fuse)
    }
}

impl Inner {
    fn new(live: &Live, fuse: &Fuse) -> Self {
        let (live, fuse) = (live.clone(), fuse.clone());
        let ready = false;
        Self { live, fuse, ready }
    }
}

impl Service<()> for Inner {
    type Response = ();
    type Error = BoxError;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        if std::mem::replace(&mut self.ready, true) {
            return Poll::Ready(Ok(()));
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn call(&mut self, (): ()) -> Self::Future {
        assert!(
            std::mem::take(&mut self.ready),
            "its own `poll_ready` was first"
        );
        Box::pin(self.fuse.wrap(work(self.live.guard())))
    }
}

fn layered(world: &World, waits: bool, fuse: &Fuse) -> CircuitBreakerService<Inner> {
    let layer = world.breaker.layer();
    let layer = if waits {
        layer.not_ready_while_open()
    } else {
        layer
    };
    layer.layer(Inner::new(&world.live, fuse))
}

#[test]
fn call() {
    let awaits = at_every_await(
        8,
        World::new,
        async |world| world.breaker.call(work(world.live.guard())).await,
        World::check,
    );
    assert_eq!(awaits, 3);
}

#[test]
fn call_with() {
    let classify = |_: Result<&(), &BoxError>| Verdict::Success;
    let awaits = at_every_await(
        8,
        World::new,
        async |world| {
            let work = work(world.live.guard());
            world.breaker.call_with(classify, work).await
        },
        World::check,
    );
    assert_eq!(awaits, 3);
}

/// To get ready is an await, too, and so is the wait for a place in the other mode.
#[test]
fn a_layered_service() {
    for (waits, expected) in [(false, 4), (true, 4)] {
        let awaits = at_every_await(
            8,
            World::new,
            async |world| layered(world, waits, &Fuse::new(0)).oneshot(()).await,
            World::check,
        );
        assert_eq!(awaits, expected, "not ready while open: {waits}");
    }
}

/// The call lasts until its body has ended, and is dropped before there is one.
#[cfg_attr(feature = "http", test)]
fn an_http_service() {
    #[cfg(feature = "http")]
    {
        let answer = async |live: LiveGuard| {
            work(live).await?;
            Ok::<_, BoxError>(http::Response::new(http_body_util::Empty::<&[u8]>::new()))
        };
        let awaits = at_every_await(
            8,
            World::new,
            async |world| {
                let (layer, live) = (world.breaker.http_layer(), world.live.clone());
                let service = tower::service_fn(move |_: http::Request<()>| answer(live.guard()));
                layer.layer(service).oneshot(http::Request::new(())).await
            },
            World::check,
        );
        assert_eq!(awaits, 3);
    }
}

#[test]
fn a_service_that_waits_until_it_may_be_tried() {
    let awaits = at_every_await(
        8,
        async || World::open(),
        async |world| layered(world, true, &Fuse::new(0)).oneshot(()).await,
        World::check,
    );
    assert_eq!(
        awaits, 5,
        "for the end of the open time, for the service, and for the call"
    );
}

/// Somebody else has the only place: whoever waits for it is dropped while waiting, or with it in hand.
#[test]
fn a_service_that_waits_for_a_place() {
    let awaits = at_every_await(
        8,
        async || {
            let world = World::new().await;
            let probe = world.breaker.try_acquire().expect("a free place");
            tokio::spawn(async move {
                sleep(5 * MILLI).await;
                probe.release();
            });
            world
        },
        async |world| layered(world, true, &Fuse::new(0)).oneshot(()).await,
        World::check,
    );
    assert_eq!(
        awaits, 5,
        "for the service, for the place, and for the call"
    );
}

#[test]
fn panics_of_call() {
    let polls = panic_at_every_poll(
        8,
        World::new,
        async |world, fuse| {
            let work = fuse.wrap(work(world.live.guard()));
            world.breaker.call(work).await
        },
        World::check_panic,
    );
    assert_eq!(polls, 4);
}

#[test]
fn panics_of_call_with() {
    let classify = |_: Result<&(), &BoxError>| Verdict::Success;
    let polls = panic_at_every_poll(
        8,
        World::new,
        async |world, fuse| {
            let work = fuse.wrap(work(world.live.guard()));
            world.breaker.call_with(classify, work).await
        },
        World::check_panic,
    );
    assert_eq!(polls, 4);
}

#[test]
fn panics_of_a_layered_service() {
    for waits in [false, true] {
        let polls = panic_at_every_poll(
            8,
            World::new,
            async |world, fuse| layered(world, waits, &fuse).oneshot(()).await,
            World::check_panic,
        );
        assert_eq!(polls, 4, "not ready while open: {waits}");
    }
}

/// The code of the user that is not a future: the call itself, the verdict, the answer to who is turned away.
#[tokio::test(start_paused = true)]
async fn panics_between_the_polls() {
    let caught = |polled: &mut dyn FnMut()| {
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(polled)).expect_err("on purpose")
    };
    let cx = &mut Context::from_waker(std::task::Waker::noop());
    // `call` of a service that was not asked.
    let world = World::new().await;
    let mut service = world.breaker.layer().layer(tower::service_fn(panicking));
    service.ready().await.expect("always");
    caught(&mut || drop(service.call(())));
    let view = world.breaker.view();
    assert_eq!((view.openings_in_a_row, view.probes), (2, 0));
    // The classifier.
    let world = World::new().await;
    let classify = |_: Result<&(), &BoxError>| -> Verdict { panic!("on purpose") };
    let call = world.breaker.call_with(classify, async { Ok(()) });
    let mut call = Box::pin(call);
    caught(&mut || drop(call.as_mut().poll(cx)));
    let view = world.breaker.view();
    assert_eq!(
        (view.openings_in_a_row, view.probes),
        (2, 0),
        "at once, not when it is dropped"
    );
}

fn panicking((): ()) -> std::future::Ready<Result<(), BoxError>> {
    panic!("on purpose")
}
