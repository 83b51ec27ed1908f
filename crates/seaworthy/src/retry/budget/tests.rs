//! The bucket against one that counts in whole numbers, step by step.

use std::sync::atomic::AtomicUsize;
use std::thread;

use proptest::prelude::*;

use super::*;

#[derive(Clone, Copy, Debug)]
enum Step {
    Deposit,
    Take,
    Refund,
    Set(Option<RetryBudget>),
}

/// What the bucket is to be: tokens in parts of 2^32, as wide as need be.
struct Model {
    tokens: u128,
    budget: Option<RetryBudget>,
}

impl Model {
    fn ratio(&self) -> u128 {
        let ratio = self.budget.map_or(0.0, |budget| budget.ratio);
        ((ratio * 2f64.powi(32)).round() as u128).max(1)
    }

    fn burst(&self) -> u128 {
        u128::from(self.budget.map_or(0, |budget| budget.burst)) << 32
    }

    fn step(&mut self, step: Step) -> bool {
        match step {
            Step::Set(budget) => {
                let was_off = self.budget.is_none();
                self.budget = budget;
                self.tokens = if was_off {
                    self.burst()
                } else {
                    self.tokens.min(self.burst())
                };
            }
            _ if self.budget.is_none() => {}
            Step::Deposit => self.tokens = self.burst().min(self.tokens + self.ratio()),
            Step::Refund => self.tokens = self.burst().min(self.tokens + (1 << 32)),
            Step::Take => {
                let Some(rest) = self.tokens.checked_sub(1 << 32) else {
                    return false;
                };
                self.tokens = rest;
            }
        }
        true
    }
}

fn budgets() -> impl Strategy<Value = Option<RetryBudget>> {
    let budget = (1e-9..=10.0, prop_oneof![1u32..20, Just(1_000_000)]);
    let budget = budget.prop_map(|(ratio, burst)| RetryBudget { ratio, burst });
    prop::option::weighted(0.9, budget)
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => Just(Step::Deposit),
        4 => Just(Step::Take),
        1 => Just(Step::Refund),
        1 => budgets().prop_map(Step::Set),
    ]
}

proptest! {
    #[test]
    fn it_holds_what_the_model_holds(
        budget in budgets(),
        steps in prop::collection::vec(steps(), 0..200),
    ) {
        let bucket = Bucket::new(budget);
        let mut model = Model { tokens: 0, budget };
        model.tokens = model.burst();
        for step in steps {
            let allowed = model.step(step);
            match step {
                Step::Deposit => bucket.deposit(),
                Step::Refund => bucket.refund(),
                Step::Set(budget) => bucket.set(budget),
                Step::Take => prop_assert_eq!(bucket.take(), allowed, "{:?}", model.budget),
            }
            let tokens = model.budget.map(|_| model.tokens as f64 / 2f64.powi(32));
            prop_assert_eq!(bucket.tokens(), tokens, "after {:?}", step);
        }
    }
}

/// Whatever threads do at once, there are no more retries than were there at first, and were put in.
#[test]
fn threads_never_take_more_than_there_is() {
    const THREADS: usize = 4;
    const CALLS: usize = 2_000;
    let (ratio, burst) = (0.25, 10);
    let bucket = Bucket::new(Some(RetryBudget { ratio, burst }));
    let taken = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..CALLS {
                    bucket.deposit();
                    if bucket.take() {
                        taken.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let put_in = 10 + THREADS * CALLS / 4;
    let left = bucket.tokens().expect("bounded");
    // What is put into a full one is lost, so not more; and whoever takes a token each time leaves less than one.
    assert!(left < 1.0, "{left}");
    let taken = taken.into_inner();
    assert!(taken <= put_in, "{taken} of {put_in}");
    assert!(taken + 10 >= put_in, "{taken} of {put_in}");
}
