//! Many callers, some of whom go: the figures add up, and never more are at work than threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use seaworthy_testkit::{Live, drop_after};

use crate::builder;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_figures_add_up() {
    const CALLERS: usize = 8;
    const CALLS: usize = 400;
    let builder = builder("pool").threads(3).max_queued(2);
    let builder = builder.wait_when_full(Duration::from_secs(3600), 2);
    let pool = builder.build().expect("it is allowed");
    let (live, held, ran) = (Live::new(), Live::new(), Arc::new(AtomicUsize::new(0)));
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let (pool, live, held) = (pool.clone(), live.clone(), held.clone());
            let ran = Arc::clone(&ran);
            tokio::spawn(async move {
                let mut outcomes = [0_usize; 4];
                for call in 0..CALLS {
                    let (live, held, ran) = (live.clone(), held.guard(), Arc::clone(&ran));
                    let panics = (caller + call) % 17 == 0;
                    let job = pool.run(move || {
                        let (_at_work, _held) = (live.guard(), held);
                        ran.fetch_add(1, SeqCst);
                        assert!(!panics, "on purpose");
                    });
                    let gives_up = (caller * 7 + call) % 5 == 0;
                    let awaits = if gives_up { call % 3 } else { usize::MAX };
                    let outcome = match drop_after(job, awaits).await {
                        None => 0,
                        Some(Ok(())) => 1,
                        Some(Err(rejected)) => match rejected.executed() {
                            seaworthy_core::Executed::Maybe => 2,
                            seaworthy_core::Executed::No => 3,
                        },
                    };
                    outcomes[outcome] += 1;
                }
                outcomes
            })
        })
        .collect();
    let mut outcomes = [0; 4];
    for caller in callers {
        let own = caller.await.expect("no panic");
        outcomes
            .iter_mut()
            .zip(own)
            .for_each(|(sum, own)| *sum += own);
    }
    let [gone, done, crashed, refused] = outcomes;
    let report = pool.shutdown(Duration::from_secs(3600)).await;
    assert!(report.is_clean());
    let (view, ran) = (pool.view(), ran.load(SeqCst));
    assert!(live.peak() <= 3, "{} at once", live.peak());
    assert_eq!((live.alive(), held.alive()), (0, 0));
    assert_eq!(view.done, ran as u64);
    let not_ran = (view.withdrawn + view.rejected) as usize;
    assert_eq!(ran + not_ran, CALLERS * CALLS, "each is one or the other");
    assert_eq!(gone + done + crashed + refused, CALLERS * CALLS);
    assert!(done + crashed <= ran && refused <= view.rejected as usize);
    assert!(done > 0 && crashed > 0 && gone > 0 && view.withdrawn > 0);
}
