//! Virtual time passes at once, and nothing survives the runtime.

use std::time::Duration;

use seaworthy_testkit::{Live, block_on_paused};
use tokio::time::{Instant, sleep};

#[test]
fn a_year_passes_at_once() {
    let year = Duration::from_secs(365 * 24 * 3600);
    let passed = block_on_paused(async {
        let start = Instant::now();
        sleep(year).await;
        start.elapsed()
    });
    assert_eq!(passed, year);
}

#[test]
fn tasks_end_with_the_runtime() {
    let live = Live::new();
    let guard = live.guard();
    block_on_paused(async {
        tokio::spawn(async move {
            let _guard = guard;
            std::future::pending::<()>().await;
        });
        sleep(Duration::from_secs(1)).await;
        assert_eq!(live.alive(), 1);
    });
    assert_eq!(live.alive(), 0);
}
