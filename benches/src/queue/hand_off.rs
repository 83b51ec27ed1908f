//! Items from producers to consumers.

use std::hint::black_box;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::stretch::Stretch;
use crate::Failure;
use crate::breaker::Hammered;

/// The end of a queue by which items come in.
pub trait Give: Clone + Send + Sync + 'static {
    /// Gives an item, waiting for room. False if nobody is left who would take it.
    fn give(&self, item: u64) -> impl Future<Output = bool> + Send;
}

/// The end of a queue by which items go out.
pub trait Get: Send + 'static {
    /// Gets an item, waiting for one. `None` if nobody is left who would give one.
    fn get(&mut self) -> impl Future<Output = Option<u64>> + Send;
}

/// What a round asks for.
#[derive(Clone, Copy, Debug)]
pub struct Items {
    /// How many give.
    pub producers: usize,
    /// How many items they give together.
    pub items: u64,
    /// Tells how many allocations there were.
    pub allocations: fn() -> usize,
}

/// Tells a consumer that all items were given. The last producer sends one for each of them, behind the last item: so
/// no queue is closed while the clock runs.
const STOP: u64 = u64::MAX;

/// How many producers have not given all: those who warm up, and those who are timed.
type Giving = [AtomicUsize; 2];

/// Hands items from `producers` tasks to one task for each of `gets`. A figure is the time of all, divided by the items.
///
/// # Errors
///
/// When not each item arrives exactly once.
pub async fn hand_off<G: Get>(
    give: impl Give,
    gets: Vec<G>,
    items: Items,
) -> Result<Hammered, Failure> {
    let Items {
        producers,
        items,
        allocations,
    } = items;
    let share = items / producers as u64;
    let consumers = gets.len();
    let stretch = Stretch::new(producers + consumers, consumers, allocations);
    let stretch = Arc::new(stretch);
    let giving: Arc<Giving> = Arc::new([(); 2].map(|()| AtomicUsize::new(producers)));
    let taking: Vec<_> = gets
        .into_iter()
        .map(|get| tokio::spawn(take(get, Arc::clone(&stretch))))
        .collect();
    let offering: Vec<_> = (0..producers as u64)
        .map(|number| {
            let mine = number * share..(number + 1) * share;
            let (stretch, giving) = (Arc::clone(&stretch), Arc::clone(&giving));
            tokio::spawn(offer(give.clone(), mine, consumers, stretch, giving))
        })
        .collect();
    let mut arrived = Arrived::default();
    // Kept until all have ended, as the producers' ends are.
    let mut gets = Vec::with_capacity(consumers);
    for task in taking {
        let (get, its) = task.await.map_err(|error| error.to_string())??;
        arrived.count += its.count;
        arrived.sum += its.sum;
        gets.push(get);
    }
    for task in offering {
        task.await.map_err(|error| error.to_string())??;
    }
    let items = share * producers as u64;
    let all = Arrived {
        count: items,
        sum: items * (items - 1) / 2,
    };
    if arrived != all {
        return Err(format!("{arrived:?} instead of {all:?}"));
    }
    stretch.each(items)
}

/// What consumers have seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Arrived {
    count: u64,
    sum: u64,
}

async fn take<G: Get>(mut get: G, stretch: Arc<Stretch>) -> Result<(G, Arrived), Failure> {
    take_all(&mut get).await?;
    stretch.begin().await;
    let arrived = take_all(&mut get).await?;
    stretch.end();
    Ok((get, arrived))
}

async fn take_all(get: &mut impl Get) -> Result<Arrived, Failure> {
    let mut arrived = Arrived::default();
    loop {
        match black_box(get.get().await) {
            Some(STOP) => return Ok(arrived),
            Some(item) => {
                arrived.count += 1;
                arrived.sum += item;
            }
            None => return Err("the queue ended".to_owned()),
        }
    }
}

async fn offer<G: Give>(
    give: G,
    mine: Range<u64>,
    consumers: usize,
    stretch: Arc<Stretch>,
    giving: Arc<Giving>,
) -> Result<G, Failure> {
    let [warming, timed] = &*giving;
    // So much that the queue has been full.
    offer_all(&give, 0..mine.end.min(4096), consumers, warming).await?;
    stretch.begin().await;
    offer_all(&give, mine, consumers, timed).await?;
    Ok(give)
}

async fn offer_all(
    give: &impl Give,
    items: Range<u64>,
    consumers: usize,
    giving: &AtomicUsize,
) -> Result<(), Failure> {
    let nobody = || "nobody takes it".to_owned();
    for item in items {
        give.give(black_box(item))
            .await
            .then_some(())
            .ok_or_else(nobody)?;
    }
    if giving.fetch_sub(1, Ordering::AcqRel) == 1 {
        for _ in 0..consumers {
            give.give(STOP).await.then_some(()).ok_or_else(nobody)?;
        }
    }
    Ok(())
}
