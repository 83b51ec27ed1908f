//! No thread outlives its pool and its last job.

use std::fs;
use std::sync::mpsc::channel;

use seaworthy_testkit::Live;

use crate::{Busy, builder, pool};

/// Threads of this process whose names begin like this.
fn threads(pool: &str) -> usize {
    let tasks = fs::read_dir("/proc/self/task").expect("Linux");
    let names = tasks.filter_map(|task| {
        // One may end meanwhile.
        fs::read_to_string(task.ok()?.path().join("comm")).ok()
    });
    names.filter(|name| name.starts_with(pool)).count()
}

/// The operating system takes a moment to forget a thread; a leak is there for ever.
fn wait_for(pool: &str, expected: usize) {
    while threads(pool) != expected {
        std::thread::yield_now();
    }
}

#[cfg_attr(target_os = "linux", test)]
fn threads_go_with_the_last_handle() {
    let pool = builder("lasthandle").threads(4).build().expect("allowed");
    wait_for("lasthandle", 4);
    let other = pool.clone();
    drop(pool);
    assert_eq!(other.run_blocking(|| 7), Ok(7));
    assert_eq!(threads("lasthandle"), 4);
    drop(other);
    wait_for("lasthandle", 0);
}

/// Dropping it does not wait; the thread that is at work ends after its job.
#[cfg_attr(target_os = "linux", test)]
fn a_job_at_work_does_not_hold_up_the_drop() {
    let pool = builder("dropbusy").threads(2).build().expect("allowed");
    let busy = Busy::new(&pool);
    drop(pool);
    // The future of the job is the last handle.
    let Busy { job, release } = busy;
    drop(job);
    wait_for("dropbusy", 1);
    drop(release);
    wait_for("dropbusy", 0);
}

#[cfg_attr(target_os = "linux", test)]
fn threads_go_in_a_shutdown() {
    let pool = builder("shutdown").threads(3).build().expect("allowed");
    let report = pool.shutdown_blocking(std::time::Duration::from_secs(3600));
    assert!(report.is_clean());
    wait_for("shutdown", 0);
}

/// Whoever waits for a result keeps the pool.
#[tokio::test]
async fn a_result_that_is_waited_for_comes() {
    let pool = pool(1, 1);
    let busy = Busy::new(&pool);
    let queued = pool.run(|| 7);
    drop(pool);
    busy.end().await;
    assert_eq!(queued.await, Ok(7));
}

/// The last handle is in a job: it is dropped by a thread of the pool, which is not to wait for itself.
#[cfg_attr(target_os = "linux", test)]
fn a_pool_may_end_from_within() {
    let pool = builder("fromwithin").threads(1).build().expect("allowed");
    let (live, (tell, told)) = (Live::new(), channel());
    let (own, guard) = (pool.clone(), live.guard());
    let (go, wait) = channel::<()>();
    let job = pool.run(move || {
        let _ = wait.recv();
        drop(own);
        drop(guard);
        tell.send(()).expect("it is waited for");
    });
    drop((job, pool));
    // The job was taken back with all it had, or it is at work and ends.
    drop(go);
    let _ = told.recv();
    wait_for("fromwithin", 0);
    assert_eq!(live.alive(), 0);
}
