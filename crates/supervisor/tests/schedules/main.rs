//! Random trees under random crashes, aborts, calls and shutdowns, on the real runtime.
//!
//! Whatever happens, and in whatever order:
//!
//! * an incarnation, with its sub-tasks, never overlaps the one before it,
//! * every start that was reported is followed by exactly one report of its end,
//! * no supervisor restarts more often than its intensity allows, not even once,
//! * when the tree has ended, no task of it is left.
//!
//! A failing schedule prints its seed; `SEAWORTHY_SEED` replays it.
#![expect(clippy::print_stderr, reason = "panics that nobody ordered are shown")]

mod ledger;
mod storm;
mod tree;

use std::sync::Arc;
use std::time::Duration;

use seaworthy_core::event::Events;
use seaworthy_testkit::{Rng, seeds};
use tokio::runtime::{Builder, Handle};

use ledger::Ledger;
use tree::World;

/// Crashes are the point here; their messages are not.
fn silence() {
    std::panic::set_hook(Box::new(|info| {
        let message = info
            .payload()
            .downcast_ref::<&str>()
            .copied()
            .unwrap_or_default();
        if message != tree::CRASH {
            eprintln!("{info}");
        }
    }));
}

async fn one_schedule(mut rng: Rng) {
    let (ledger, events) = (Arc::new(Ledger::default()), Events::new());
    let world = World::new(&mut rng, &ledger);
    let book = Arc::clone(&ledger);
    let observer = events.observe(move |event| book.write(event));

    let root = tree::random(&world, &mut rng, "root", 2).events(&events);
    let handle = root.handle();
    if let Ok(root) = root.start().await {
        storm::rage(&root, &world, &ledger, &mut rng).await;
        storm::end(root, &mut rng).await;
    }
    handle.ended().await;
    // The last events may be on their way, in another thread.
    for _ in 0..100_000 {
        if ledger.is_closed() {
            break;
        }
        tokio::task::yield_now().await;
    }
    drop(observer);

    ledger.check_end();
    world.check_end();
    // Timers and aborted callers need their turn to be dropped.
    for _ in 0..1000 {
        if Handle::current().metrics().num_alive_tasks() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!(
        "{} tasks are left",
        Handle::current().metrics().num_alive_tasks()
    );
}

#[test]
fn a_hundred_thousand_schedules_on_one_thread() {
    silence();
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    for seed in seeds(100_000) {
        runtime.block_on(one_schedule(seed.rng()));
    }
}

#[test]
fn two_thousand_schedules_on_two_workers() {
    silence();
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .unwrap();
    for seed in seeds(2_000) {
        let schedule = one_schedule(seed.rng());
        runtime.block_on(schedule);
    }
}
