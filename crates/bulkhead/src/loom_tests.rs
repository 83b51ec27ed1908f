//! What loom says about going in, waiting and leaving: run with `RUSTFLAGS="--cfg seaworthy_loom"`, in release.
//!
//! It is [`Shared`] itself that is tried, with the word and the lock as loom's.

use std::sync::Arc as StdArc;
use std::task::{Poll, Wake, Waker};

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use seaworthy_core::event::Events;

use crate::config::{Config, Partition};
use crate::limit::Limit;
use crate::machine::{Demand, Place};
use crate::shared::{Line, Shared, Step, Surroundings};

const ONE: Demand = Demand {
    class: 0,
    weight: 1,
};

/// All orders in which threads interrupt each other three times: more take minutes. `LOOM_MAX_PREEMPTIONS` says otherwise.
fn model(story: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(3));
    builder.check(story);
}

struct Bench {
    shared: Shared,
    /// How many are in.
    inside: AtomicUsize,
    limit: usize,
}

/// Counts how often it was woken.
#[derive(Default)]
struct Bell(std::sync::atomic::AtomicUsize);

impl Wake for Bell {
    fn wake(self: StdArc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Bench {
    fn new(limit: u32, max_waiting: u32, partitions: Vec<Partition>) -> Arc<Self> {
        let config = Config {
            limit: Limit::from(limit),
            max_waiting,
            partitions,
            ..Config::default()
        };
        let surroundings = Surroundings {
            events: Events::new(),
            shards: 1,
            family: None,
        };
        Arc::new(Self {
            shared: Shared::new(&"b".into(), config, None, surroundings),
            inside: AtomicUsize::new(0),
            limit: limit as usize,
        })
    }

    fn stay(&self, demand: Demand, charge: u32) {
        let before = self.inside.fetch_add(charge as usize, Ordering::SeqCst);
        assert!(before + charge as usize <= self.limit, "above the limit");
        self.inside.fetch_sub(charge as usize, Ordering::SeqCst);
        self.shared.leave(demand.class, charge);
    }

    /// Waits as a future does: polled once, then each time that it is woken. What is left when nobody has come for it is
    /// found by the last one, who asks without being woken.
    fn wait(&self, demand: Demand, place: Place, bell: &StdArc<Bell>) -> Option<u32> {
        let waker = Waker::from(StdArc::clone(bell));
        match self.shared.poll_place(demand.class, place, &waker) {
            Poll::Ready(charge) => Some(charge),
            Poll::Pending => None,
        }
    }

    fn is_empty(&self) -> bool {
        let view = self.shared.view();
        view.in_flight == 0 && view.waiting == 0
    }

    /// Nobody is in and nobody waits: everybody gets in again without the lock.
    fn check_is_as_new(&self) {
        assert!(self.is_empty());
        let charge = self.shared.enter(ONE).expect("all is free");
        self.shared.leave(ONE.class, charge);
    }
}

/// One who got in, or waits there.
fn begin(bench: &Bench, demand: Demand) -> Result<u32, Option<Place>> {
    match bench.shared.enter_or_wait(demand, Line::Bounded) {
        Ok(Step::Entered(charge)) => Ok(charge),
        Ok(Step::Waits(place)) => Err(Some(place)),
        Err(_) => Err(None),
    }
}

#[test]
fn never_above_the_limit() {
    model(|| {
        let bench = Bench::new(1, 0, Vec::new());
        let run = |bench: Arc<Bench>| {
            move || match bench.shared.enter(ONE) {
                Ok(charge) => bench.stay(ONE, charge),
                Err(refusal) => drop(bench.shared.reject(refusal)),
            }
        };
        let other = thread::spawn(run(Arc::clone(&bench)));
        let third = thread::spawn(run(Arc::clone(&bench)));
        run(Arc::clone(&bench))();
        other.join().unwrap();
        third.join().unwrap();
        bench.check_is_as_new();
    });
}

/// Whoever waits is told of a place that becomes free, whenever that happens.
#[test]
fn no_wake_up_is_lost() {
    model(|| {
        let bench = Bench::new(1, 2, Vec::new());
        let holder = {
            let bench = Arc::clone(&bench);
            thread::spawn(move || {
                if let Ok(charge) = begin(&bench, ONE) {
                    bench.stay(ONE, charge);
                    return None;
                }
                Some(())
            })
        };
        let bell = StdArc::new(Bell::default());
        let waiting = match begin(&bench, ONE) {
            Ok(charge) => {
                bench.stay(ONE, charge);
                None
            }
            Err(place) => Some(place.expect("there is room in line")),
        };
        let polled = waiting.map(|place| (place, bench.wait(ONE, place, &bell)));
        let other_waits = holder.join().unwrap().is_some();
        match polled {
            Some((_, Some(charge))) => bench.stay(ONE, charge),
            Some((place, None)) => {
                // The other one has left.
                assert!(!other_waits, "one of two gets in");
                assert_eq!(bell.0.load(Ordering::SeqCst), 1, "woken");
                let charge = bench.wait(ONE, place, &bell).expect("woken for a place");
                bench.stay(ONE, charge);
            }
            None => {}
        }
        if other_waits {
            // It was given the place that this one had, and did not come for it.
            assert_eq!(bench.shared.view().in_flight, 1);
            return;
        }
        bench.check_is_as_new();
    });
}

/// Whoever gives up while it is let in hands the place on.
#[test]
fn a_place_is_not_lost_with_whoever_gives_up() {
    model(|| {
        let bench = Bench::new(1, 2, Vec::new());
        let charge = bench.shared.enter(ONE).expect("free");
        let Err(Some(first)) = begin(&bench, ONE) else {
            panic!("it waits");
        };
        let leaver = {
            let bench = Arc::clone(&bench);
            thread::spawn(move || bench.stay(ONE, charge))
        };
        let newcomer = {
            let bench = Arc::clone(&bench);
            thread::spawn(move || begin(&bench, ONE))
        };
        bench.shared.give_up(ONE.class, first);
        leaver.join().unwrap();
        let charge = match newcomer.join().unwrap() {
            Ok(charge) => charge,
            Err(place) => {
                let bell = StdArc::new(Bell::default());
                let place = place.expect("there is room in line");
                bench.wait(ONE, place, &bell).expect("it is its turn")
            }
        };
        bench.stay(ONE, charge);
        bench.check_is_as_new();
    });
}

/// A limit that is lowered holds from then on, one that is raised lets those in who wait.
#[test]
fn the_limit_changes_under_way() {
    model(|| {
        let bench = Bench::new(2, 1, Vec::new());
        let heavy = Demand {
            class: 0,
            weight: 2,
        };
        let charge = bench.shared.enter(heavy).expect("free");
        let Err(Some(place)) = begin(&bench, heavy) else {
            panic!("it waits");
        };
        let leaver = {
            let bench = Arc::clone(&bench);
            thread::spawn(move || bench.stay(heavy, charge))
        };
        let mut config = bench.shared.config();
        config.limit = Limit::from(1);
        bench.shared.reconfigure(None, config);
        leaver.join().unwrap();
        let bell = StdArc::new(Bell::default());
        let charge = bench.wait(heavy, place, &bell).expect("all is free");
        // By what was allowed when it was let in.
        assert!(charge == 1 || charge == 2);
        assert!(bench.shared.enter(ONE).is_err(), "no room beside it");
        bench.stay(heavy, charge);
        bench.check_is_as_new();
    });
}

/// Those who take what is theirs and those who borrow, by turns.
#[test]
fn partitions_hold() {
    model(|| {
        let own = Partition::new("own").guaranteed(0.5).lends(false);
        let bench = Bench::new(2, 1, vec![own, Partition::new("any")]);
        let any = Demand {
            class: 1,
            weight: 1,
        };
        let borrower = {
            let bench = Arc::clone(&bench);
            thread::spawn(move || match begin(&bench, any) {
                Ok(charge) => bench.stay(any, charge),
                Err(_) => panic!("one place is nobody's"),
            })
        };
        let charge = bench.shared.enter(ONE).expect("it is its own");
        bench.stay(ONE, charge);
        borrower.join().unwrap();
        assert!(bench.is_empty());
    });
}
