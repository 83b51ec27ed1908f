//! More threads and fewer.

use std::sync::{Arc, Barrier};

use crate::{Busy, pool};

#[tokio::test]
async fn it_grows() {
    let pool = pool(1, 10);
    pool.set_threads(4).expect("it is allowed");
    assert_eq!(pool.view().threads, 4);
    let barrier = Arc::new(Barrier::new(4));
    // None of them ends before all of them are at work.
    let jobs = [(); 4].map(|()| {
        let barrier = Arc::clone(&barrier);
        pool.run(move || barrier.wait().is_leader())
    });
    let mut leaders = 0;
    for job in jobs {
        leaders += u32::from(job.await.expect("it is done"));
    }
    assert_eq!(leaders, 1);
}

#[tokio::test]
async fn it_shrinks_when_it_can() {
    let pool = pool(3, 10);
    let [first, second, third] = [(); 3].map(|()| Busy::new(&pool));
    let queued = pool.run(|| 7);
    pool.set_threads(1).expect("it is allowed");
    first.end().await;
    second.end().await;
    let view = pool.view();
    assert_eq!((view.busy, view.queued), (1, 1), "one is still at work");
    third.end().await;
    assert_eq!(queued.await, Ok(7));
    while pool.view().threads > 1 {
        tokio::task::yield_now().await;
    }
    assert_eq!(pool.run(|| 8).await, Ok(8));
}

#[tokio::test]
async fn it_grows_again_before_it_has_shrunk() {
    let pool = pool(3, 10);
    let busy = [(); 3].map(|()| Busy::new(&pool));
    pool.set_threads(1).expect("it is allowed");
    pool.set_threads(3).expect("it is allowed");
    assert_eq!(pool.view().threads, 3, "none is made in vain");
    for busy in busy {
        busy.end().await;
    }
    let [first, second, third] = [(); 3].map(|()| Busy::new(&pool));
    for busy in [first, second, third] {
        busy.end().await;
    }
}

/// Less room than there are jobs: none is dropped, and none comes in.
#[tokio::test]
async fn the_queue_shrinks_without_losing_anything() {
    let pool = pool(1, 3);
    let busy = Busy::new(&pool);
    let queued: Vec<_> = (0..3).map(|number| pool.run(move || number)).collect();
    let mut config = pool.config();
    config.max_queued = 1;
    pool.reconfigure(config).expect("it is allowed");
    assert!(pool.run(|| 3).await.is_err());
    busy.end().await;
    for (number, job) in queued.into_iter().enumerate() {
        assert_eq!(job.await, Ok(number));
    }
}

#[tokio::test]
async fn one_on_its_way_out_gets_no_new_threads() {
    let pool = pool(1, 1);
    let report = pool.shutdown(std::time::Duration::from_secs(3600)).await;
    assert!(report.is_clean());
    pool.set_threads(4).expect("it is allowed");
    assert_eq!(pool.view().threads, 0);
}
