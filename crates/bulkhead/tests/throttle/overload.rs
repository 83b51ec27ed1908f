//! An overload from its beginning to its end, in virtual time: clients that want to make 1000 calls a second, and a
//! service that takes 100.

use std::time::Duration;

use seaworthy_bulkhead::{Throttle, ThrottleBuilder, ThrottleEvent};
use seaworthy_core::event::Events;
use seaworthy_testkit::{Rng, block_on_paused, seeds};
use tokio::time::advance;

use crate::builder;

/// The service takes so many calls in each, and turns the rest away.
const STEP: Duration = Duration::from_millis(100);
/// In two minutes.
const WINDOW: u32 = 1200;

struct World {
    throttle: Throttle,
    rng: Rng,
    /// Calls that the clients want to make in each step, on average.
    wanted: u32,
    /// Calls that the service takes in each step.
    taken: u32,
}

/// What happened in some time.
#[derive(Default)]
struct Sum {
    wanted: u32,
    sent: u32,
    accepted: u32,
}

impl World {
    fn new(builder: ThrottleBuilder, rng: Rng, wanted: u32, taken: u32) -> Self {
        let throttle = builder.build().expect("allowed");
        Self {
            throttle,
            rng,
            wanted,
            taken,
        }
    }

    async fn step(&mut self, sum: &mut Sum) {
        let (least, most) = (self.wanted / 2, self.wanted + self.wanted / 2);
        let mut left = self.taken;
        for _ in 0..self.rng.range(least.into()..u64::from(most) + 1) {
            sum.wanted += 1;
            let Ok(permit) = self.throttle.try_acquire() else {
                continue;
            };
            sum.sent += 1;
            if left > 0 {
                left -= 1;
                sum.accepted += 1;
                permit.accepted();
            } else {
                permit.overload();
            }
        }
        advance(STEP).await;
    }

    async fn steps(&mut self, steps: u32) -> Sum {
        let mut sum = Sum::default();
        for _ in 0..steps {
            self.step(&mut sum).await;
        }
        sum
    }

    /// Windows until no call is held back, and none is held back after that.
    async fn recovery(&mut self) -> f64 {
        let (mut steps, mut sum) = (0, Sum::default());
        while self.throttle.view().chance > 0.0 {
            self.step(&mut sum).await;
            steps += 1;
        }
        let sum = self.steps(WINDOW / 10).await;
        assert_eq!(sum.sent, sum.wanted, "it is over");
        f64::from(steps) / f64::from(WINDOW)
    }
}

fn play(story: impl AsyncFn(Rng)) {
    for seed in seeds(3) {
        block_on_paused(story(seed.rng()));
    }
}

#[test]
fn the_service_sees_twice_what_it_takes() {
    play(async |rng| {
        let events = Events::new();
        let mut log = events.subscribe(8.try_into().expect("not zero"));
        let mut world = World::new(builder().events(&events), rng, 100, 10);
        world.steps(2 * WINDOW).await;
        let sum = world.steps(WINDOW).await;
        let load = f64::from(sum.sent) / f64::from(sum.accepted);
        assert!((1.9..2.1).contains(&load), "{load} times what it takes");
        let accepted = f64::from(sum.accepted) / f64::from(10 * WINDOW);
        assert!(accepted > 0.98, "only {accepted} of what it could do");
        let view = world.throttle.view();
        assert!((0.79..0.81).contains(&view.chance), "{view:?}");
        assert!(view.throttled > 0);
        let told: Vec<_> = std::iter::from_fn(|| log.try_recv()).collect();
        assert_eq!(told.len(), 1);
        let told = told[0].detail().expect("of a throttle");
        assert!(matches!(told, ThrottleEvent::Began { .. }), "{told}");
    });
}

/// Another multiplier: less for the service to turn away.
#[test]
fn or_as_much_more_as_it_is_told() {
    play(async |rng| {
        let mut world = World::new(builder().multiplier(1.25), rng, 100, 10);
        world.steps(2 * WINDOW).await;
        let sum = world.steps(WINDOW).await;
        let load = f64::from(sum.sent) / f64::from(sum.accepted);
        assert!((1.2..1.3).contains(&load), "{load} times what it takes");
    });
}

/// However much too much it is, a tenth is sent.
#[test]
fn it_is_never_closed() {
    play(async |rng| {
        let mut world = World::new(builder(), rng, 400, 0);
        world.steps(WINDOW / 10).await;
        let sum = world.steps(WINDOW / 10).await;
        let share = f64::from(sum.sent) / f64::from(sum.wanted);
        assert!((0.09..0.11).contains(&share), "{share}");
    });
}

/// The service is well again, and the clients want as much as before. The rule says how long it takes: for up to eight
/// times what the service takes less than a window, and never much more than two.
#[test]
fn all_is_let_through_again_when_it_is_over() {
    let recovery = |wanted, range: std::ops::Range<f64>| {
        play(async |rng| {
            let events = Events::new();
            let mut log = events.subscribe(8.try_into().expect("not zero"));
            let mut world = World::new(builder().events(&events), rng, wanted, 10);
            world.steps(2 * WINDOW).await;
            world.taken = u32::MAX;
            let windows = world.recovery().await;
            assert!(range.contains(&windows), "{wanted}: {windows} windows");
            let told = std::iter::from_fn(|| log.try_recv()).last();
            let told = told.expect("that it is over");
            assert_eq!(told.detail(), Some(&ThrottleEvent::Ended));
        });
    };
    recovery(30, 0.2..0.5);
    recovery(80, 0.8..1.0);
    recovery(100, 0.9..1.2);
    recovery(500, 1.5..2.1);
}

/// The clients want less than the service takes.
#[test]
fn all_is_let_through_again_when_they_want_less() {
    play(async |rng| {
        let mut world = World::new(builder(), rng, 100, 10);
        world.steps(2 * WINDOW).await;
        world.wanted = 4;
        let windows = world.recovery().await;
        assert!((1.0..2.1).contains(&windows), "{windows} windows");
    });
}

/// A service that is slow, and takes every call: many are under way, and nobody has said no.
#[tokio::test(start_paused = true)]
async fn calls_under_way_are_no_overload() {
    let throttle = crate::throttle();
    let permits: Vec<_> = (0..10_000).map(|_| throttle.try_acquire()).collect();
    assert_eq!(throttle.view().chance, 0.0);
    for permit in permits {
        permit.expect("none is held back").accepted();
    }
    let view = throttle.view();
    assert_eq!((view.requests, view.accepts), (10_000, 10_000));
}

/// Whoever comes back after a long time is not held back for what was.
#[tokio::test(start_paused = true)]
async fn old_outcomes_say_nothing() {
    let throttle = crate::throttle();
    let sent = crate::send(&throttle, 10_000, |_| true);
    assert!((1000..1300).contains(&sent), "{sent}");
    advance(Duration::from_secs(125)).await;
    assert_eq!(crate::send(&throttle, 99, |_| true), 99);
}
