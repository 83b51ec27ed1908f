//! Keys whose code panics: each time it is run, once.

use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use seaworthy::core::{BoxError, Executed, Rejected};
use seaworthy::supervisor::Supervisor;
use seaworthy::{Answer, Workers};
use seaworthy_testkit::{Live, LiveGuard, block_on_paused};
use tokio::time::{sleep, timeout};
use tower::service_fn;

const SECOND: Duration = Duration::from_secs(1);

/// Burns down with each use of a key; what comes at the end panics.
#[derive(Clone, Default)]
struct Match(Arc<AtomicUsize>);

impl Match {
    fn burn(&self) {
        let left = self
            .0
            .fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1));
        assert_ne!(left, Ok(1), "burnt down");
    }
}

struct Touchy {
    name: u32,
    fire: Match,
    live: Live,
    _alive: LiveGuard,
}

impl Hash for Touchy {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.fire.burn();
        // All have the same: they are always compared.
        0.hash(state);
    }
}

impl PartialEq for Touchy {
    fn eq(&self, other: &Self) -> bool {
        self.fire.burn();
        self.name == other.name
    }
}

impl Eq for Touchy {}

impl Clone for Touchy {
    fn clone(&self) -> Self {
        self.fire.burn();
        Self {
            name: self.name,
            fire: self.fire.clone(),
            live: self.live.clone(),
            _alive: self.live.guard(),
        }
    }
}

impl Drop for Touchy {
    fn drop(&mut self) {
        self.fire.burn();
    }
}

type Touched = Workers<Touchy, u32, u32, BoxError>;
type Told = Result<u32, BoxError>;

fn call(workers: &Touched, key: Touchy) -> Option<Answer<Touchy, u32, u32, BoxError>> {
    catch_unwind(AssertUnwindSafe(|| workers.call(key, 7))).ok()
}

async fn answer(answer: Option<Answer<Touchy, u32, u32, BoxError>>) {
    let Some(answer) = answer else {
        // Whoever called was told in the hardest way.
        return;
    };
    let told: Told = timeout(5 * SECOND, answer).await.expect("it is not lost");
    match told {
        Ok(number) => assert_eq!(number, 7),
        Err(error) => {
            let rejected = Rejected::find_in(&*error).expect("ours");
            assert_eq!(rejected.executed(), Executed::No);
        }
    }
}

/// Three keys, two places, a call that is given up, and sleep. False once nothing was left to burn.
async fn story(at: usize) -> bool {
    let (live, fire) = (Live::new(), Match::default());
    let key = |name| Touchy {
        name,
        fire: fire.clone(),
        live: live.clone(),
        _alive: live.guard(),
    };
    let builder = Workers::builder("touchy").idle_after(10 * SECOND);
    let built = builder
        .at_most(2)
        .evict_idle(true)
        .build(|_key: Touchy, _cx| async {
            Ok(service_fn(async |number: u32| Ok::<_, BoxError>(number)))
        });
    let (workers, child) = built.expect("it is allowed");
    let tree = Supervisor::builder("app").child(child).start().await;
    let tree = tree.expect("it starts");

    let keys = [1, 1, 2, 3, 1].map(key);
    fire.0.store(at, SeqCst);
    let mut calls = Vec::new();
    for key in keys {
        let asked = call(&workers, key);
        match calls.len() {
            // Some at once, some after others.
            1 | 4 => {
                for asked in calls.drain(..) {
                    answer(asked).await;
                }
                answer(asked).await;
            }
            _ => calls.push(asked),
        }
    }
    for asked in calls {
        answer(asked).await;
    }
    let looked = key(1);
    let _ = catch_unwind(AssertUnwindSafe(|| workers.child(&looked)));
    let _ = catch_unwind(AssertUnwindSafe(|| drop(workers.keys())));
    let given_up = call(&workers, key(2));
    let _ = catch_unwind(AssertUnwindSafe(|| drop(given_up)));
    let _ = catch_unwind(AssertUnwindSafe(|| drop(looked)));
    sleep(60 * SECOND).await;
    let went_on = fire.0.swap(0, SeqCst) == 0;

    assert!(workers.is_empty(), "{} are awake", workers.len());
    assert_eq!(live.alive(), 0, "no key is left");
    assert!(tree.is_alive());
    for name in 1..=3 {
        let told = workers.call(key(name), 7).await;
        assert_eq!(told.expect("all is well again"), 7);
    }
    went_on
}

#[test]
fn a_key_that_panics_harms_nobody_else() {
    let mut at = 1;
    while block_on_paused(story(at)) {
        at += 1;
    }
    assert!(at > 40, "it was used {at} times");
}
