//! Ten thousand keys, and whatever can be killed is: each call is answered or turned away, as it was treated.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use seaworthy::core::{BoxError, Executed, Reason, Rejected};
use seaworthy::supervisor::Supervisor;
use seaworthy::{Workers, stateful};
use seaworthy_testkit::{Live, LiveGuard, Rng, Seed, seeds};
use tokio::runtime::Builder;
use tokio::task::yield_now;
use tokio::time::{sleep, timeout};

const KEYS: u32 = 10_000;
const CALLERS: u32 = 8;
const CALLS: u32 = 4_000;

#[test]
fn each_call_is_answered_or_turned_away_as_it_was_treated() {
    for seed in seeds(2) {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_time()
            .build();
        runtime
            .expect("the system has threads")
            .block_on(storm(seed));
    }
}

/// A worker works for its key only, and notes with which requests it begins.
struct Clerk {
    key: u32,
    begun: Arc<Vec<AtomicU8>>,
    _alive: LiveGuard,
}

impl Clerk {
    async fn serve(&mut self, (key, request): (u32, u32)) -> Result<u32, BoxError> {
        assert_eq!(self.key, key);
        self.begun[request as usize].fetch_add(1, SeqCst);
        if request % 3 == 0 {
            yield_now().await;
        }
        if request % 97 == 13 {
            // A panic, without the hook that would print thousands of them.
            std::panic::resume_unwind(Box::new("bad luck"));
        }
        Ok(request)
    }
}

type Clerks = Workers<u32, (u32, u32), u32, BoxError>;

async fn call(clerks: Clerks, begun: Arc<Vec<AtomicU8>>, caller: u32, mut random: Rng) -> [u32; 3] {
    let [mut served, mut crashed, mut turned_away] = [0; 3];
    for number in 0..CALLS {
        let (key, request) = (random.range(0..KEYS.into()) as u32, caller * CALLS + number);
        let told = timeout(Duration::from_secs(60), clerks.call(key, (key, request)));
        let told = told.await.expect("no call is lost");
        let times = begun[request as usize].load(SeqCst);
        match told {
            Ok(answer) => {
                assert_eq!((answer, times), (request, 1));
                served += 1;
            }
            Err(error) => {
                let rejected = Rejected::find_in(&*error).expect("ours");
                match rejected.reason() {
                    Reason::Crashed => {
                        assert_eq!(rejected.executed(), Executed::Maybe);
                        assert!(times <= 1, "not again without being asked to");
                        crashed += 1;
                    }
                    Reason::Restarting => {
                        assert_eq!((rejected.executed(), times), (Executed::No, 0));
                        turned_away += 1;
                        yield_now().await;
                    }
                    reason => panic!("{reason}: {error}"),
                }
            }
        }
    }
    [served, crashed, turned_away]
}

async fn kill(tree: Supervisor, clerks: Clerks, over: Arc<AtomicBool>, mut random: Rng) -> u32 {
    let mut kills = 0;
    while !over.load(SeqCst) {
        for key in clerks.keys().iter().filter(|_| random.chance(0.01)) {
            kills += u32::from(clerks.child(key).is_some_and(|clerk| clerk.kill()));
        }
        if random.chance(0.01)
            && let Some(all) = tree.child("clerks")
        {
            all.kill();
        }
        yield_now().await;
    }
    kills
}

async fn storm(seed: Seed) {
    let live = Live::new();
    let begun = (0..CALLERS * CALLS).map(|_| AtomicU8::new(0));
    let begun: Arc<Vec<_>> = Arc::new(begun.collect());
    let (alive, noted) = (live.clone(), Arc::clone(&begun));
    let builds = Arc::new(AtomicU32::new(0));
    let built = Arc::clone(&builds);
    let builder = Workers::builder("clerks").idle_after(Duration::from_millis(50));
    let clerks = builder.build(move |key: u32, _cx| {
        let clerk = Clerk {
            key,
            begun: Arc::clone(&noted),
            _alive: alive.guard(),
        };
        let slow = built.fetch_add(1, SeqCst).is_multiple_of(5);
        async move {
            if slow {
                yield_now().await;
            }
            Ok(stateful(clerk, Clerk::serve))
        }
    });
    let (clerks, child) = clerks.expect("it is allowed");
    let tree = Supervisor::builder("app")
        .intensity(1_000_000, Duration::from_secs(1))
        .child(child);
    let tree = tree.start().await.expect("it starts");
    let over = Arc::new(AtomicBool::new(false));
    let killer = kill(tree.clone(), clerks.clone(), Arc::clone(&over), seed.rng());
    let killer = tokio::spawn(killer);
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let (clerks, begun, mut random) = (clerks.clone(), Arc::clone(&begun), seed.rng());
            // They go the same way, one behind the other.
            for _ in 0..caller {
                random.chance(0.5);
            }
            tokio::spawn(call(clerks, begun, caller, random))
        })
        .collect();
    let mut sums = [0; 3];
    for caller in callers {
        let told = caller.await.expect("well");
        (0..3).for_each(|it| sums[it] += told[it]);
    }
    over.store(true, SeqCst);
    let kills = killer.await.expect("well");
    assert!(sums.iter().all(|sum| *sum > 0), "{sums:?}");
    assert!(kills > 1000, "{kills} kills, {sums:?}");
    while !clerks.is_empty() {
        sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(live.alive(), 0);
    assert!(tree.stop().await.is_clean());
}
