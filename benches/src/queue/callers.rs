//! Callers of a service, each of whom waits for its answer before it asks again.

use std::hint::black_box;
use std::sync::Arc;

use super::stretch::Stretch;
use crate::Failure;
use crate::breaker::{Ask, Caller, Came, Hammered};

/// What a round asks for.
#[derive(Clone, Copy, Debug)]
pub struct Calls {
    /// How many call at the same time.
    pub callers: usize,
    /// How many calls they make together.
    pub calls: u64,
    /// Tells how many allocations there were.
    pub allocations: fn() -> usize,
}

/// Calls from as many tasks as that, each with a clone of `caller`. A figure is the time of all, divided by the calls of all.
///
/// # Errors
///
/// When a call is not answered rightly.
pub async fn round_trip(caller: impl Caller, calls: Calls) -> Result<Hammered, Failure> {
    let Calls {
        callers,
        calls,
        allocations,
    } = calls;
    let each = calls / callers as u64;
    let stretch = Arc::new(Stretch::new(callers, callers, allocations));
    let tasks: Vec<_> = (0..callers)
        .map(|_| tokio::spawn(work(caller.clone(), each, Arc::clone(&stretch))))
        .collect();
    // Kept until all have ended: what it takes to let go of one is not the matter.
    let mut done = Vec::with_capacity(callers);
    for task in tasks {
        done.push(task.await.map_err(|error| error.to_string())??);
    }
    stretch.each(each * callers as u64)
}

async fn work<C: Caller>(mut caller: C, calls: u64, stretch: Arc<Stretch>) -> Result<C, Failure> {
    run(&mut caller, calls / 10 + 1).await?;
    stretch.begin().await;
    run(&mut caller, calls).await?;
    stretch.end();
    Ok(caller)
}

async fn run(caller: &mut impl Caller, calls: u64) -> Result<(), Failure> {
    for number in 0..calls {
        let came = caller.call(Ask::Next(black_box(number))).await;
        if came != Came::Answer(number + 1) {
            return Err(format!("call {number} came to {came:?}"));
        }
    }
    Ok(())
}
