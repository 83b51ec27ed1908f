//! Calls one after the other, by one task or by several at once.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, ThreadId};

use super::{Ask, Caller, Came, one_in_a_hundred_fails};
use crate::{Failure, clock};

/// What a round asks for.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// How many tasks call at the same time, each on a worker of its own.
    pub workers: usize,
    /// How many calls each of them makes.
    pub calls: u64,
    /// Which of them fail.
    pub failures: Failures,
    /// Whether all are to be turned away.
    pub rejected: bool,
    /// Tells how many allocations there were.
    pub allocations: fn() -> usize,
}

/// Which calls of the service fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failures {
    /// None.
    None,
    /// One in a hundred.
    OneInAHundred,
    /// All.
    All,
}

/// What a round gave.
#[derive(Clone, Copy, Debug)]
pub struct Hammered {
    /// Of one call, for each of those who call.
    pub nanos: f64,
    /// Of one call.
    pub allocations: f64,
}

/// Who is where.
#[derive(Debug, Default)]
struct Meeting {
    /// The threads of those who wait for the others and do not let go of their worker.
    arrived: Mutex<Vec<ThreadId>>,
    /// All of them were there, each on a thread of its own.
    complete: AtomicBool,
    /// Who has made the calls that are timed.
    done: AtomicUsize,
}

/// Calls `caller` from as many tasks as `load` says, each with a clone of its own.
///
/// All begin at the same time, and whoever is done early goes on until the others are: none of the calls that are timed
/// is made alone.
///
/// # Errors
///
/// When calls do not come to what `load` says.
pub async fn hammer(caller: impl Caller, load: Load) -> Result<Hammered, Failure> {
    let meeting = Arc::new(Meeting::default());
    let tasks: Vec<_> = (0..load.workers)
        .map(|_| tokio::spawn(work(caller.clone(), load, Arc::clone(&meeting))))
        .collect();
    let (mut nanos, mut allocations) = (0.0, 0.0);
    let workers = load.workers as f64;
    for task in tasks {
        let one = task.await.map_err(|error| error.to_string())??;
        nanos += one.nanos / workers;
        // Each sees those of all, in the time of its own calls.
        allocations += one.allocations / workers / workers;
    }
    Ok(Hammered { nanos, allocations })
}

async fn work(
    mut caller: impl Caller,
    load: Load,
    meeting: Arc<Meeting>,
) -> Result<Hammered, Failure> {
    let Load { calls, workers, .. } = load;
    run(&mut caller, load, 200).await?;
    meet(&meeting, workers).await;
    let (before, start) = ((load.allocations)(), clock::now());
    run(&mut caller, load, calls).await?;
    let (took, after) = (start.elapsed(), (load.allocations)());
    meeting.done.fetch_add(1, Ordering::AcqRel);
    while meeting.done.load(Ordering::Acquire) < workers {
        run(&mut caller, load, 100).await?;
        tokio::task::yield_now().await;
    }
    Ok(Hammered {
        nanos: clock::nanos(took) as f64 / calls as f64,
        allocations: (after - before) as f64 / calls as f64,
    })
}

/// Waits for the others without giving the worker away, so that each has one. If that takes long, one of them may be
/// behind this task on the same worker: then it has its turn, and this one comes again.
async fn meet(meeting: &Meeting, workers: usize) {
    let arrived = || {
        let arrived = meeting.arrived.lock();
        arrived.unwrap_or_else(PoisonError::into_inner)
    };
    loop {
        let me = thread::current().id();
        {
            let mut arrived = arrived();
            arrived.push(me);
            if arrived.len() == workers {
                meeting.complete.store(true, Ordering::Release);
            }
        }
        for _ in 0..1_000_000 {
            if meeting.complete.load(Ordering::Acquire) {
                return;
            }
            std::hint::spin_loop();
        }
        {
            let mut arrived = arrived();
            if meeting.complete.load(Ordering::Acquire) {
                return;
            }
            // None of the others has this thread while it waits.
            arrived.retain(|thread| *thread != me);
        }
        tokio::task::yield_now().await;
    }
}

#[inline]
async fn run(caller: &mut impl Caller, load: Load, calls: u64) -> Result<(), Failure> {
    let mut unexpected = None;
    for number in 0..calls {
        let ask = match load.failures {
            Failures::None => Ask::Next(black_box(number)),
            Failures::OneInAHundred => one_in_a_hundred_fails(black_box(number)),
            Failures::All => black_box(Ask::Fail),
        };
        let came = caller.call(ask).await;
        if (came == Came::Rejection) != load.rejected {
            unexpected = Some(came);
        }
    }
    match unexpected {
        None => Ok(()),
        Some(came) => Err(format!("a call came to {came:?}")),
    }
}
