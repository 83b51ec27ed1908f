//! Supervised workers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use seaworthy_benches::Failure;
use seaworthy_queue::Queue;
use seaworthy_supervisor::{Child, Context, Supervisor};

use crate::account::{Account, Fate, is_poison};
use crate::args::Args;

/// One delivery in so many ends in each of the bad ways.
const BAD_LUCK: u64 = 3000;

pub(crate) async fn start(
    queue: &Queue<u64>,
    account: &Arc<Account>,
    args: Args,
) -> Result<Supervisor, Failure> {
    let workers = (0..args.workers).map(|number| {
        let (queue, account) = (queue.clone(), Arc::clone(account));
        let seeds = AtomicU64::new(args.seed.wrapping_mul(1_000_003).wrapping_add(number << 32));
        Child::task(format!("worker-{number}"), move |_cx: Context| {
            // Each incarnation has luck of its own.
            let luck = fastrand::Rng::with_seed(seeds.fetch_add(1, Relaxed));
            work(queue.clone(), Arc::clone(&account), luck)
        })
    });
    let pool = Supervisor::builder("pool")
        .intensity(u32::MAX, Duration::from_secs(1))
        .children(workers);
    pool.start().await.map_err(|error| error.to_string())
}

async fn work(
    queue: Queue<u64>,
    account: Arc<Account>,
    mut luck: fastrand::Rng,
) -> Result<(), seaworthy_core::BoxError> {
    let receiver = queue.receiver();
    while let Some(delivery) = receiver.recv_delivery().await {
        let fate = if is_poison(*delivery) {
            Fate::Panic
        } else {
            match luck.u64(0..BAD_LUCK) {
                0 => Fate::Panic,
                1 => Fate::Drop,
                2 => Fate::Nack,
                _ => Fate::Ack,
            }
        };
        account.delivered(fate);
        match fate {
            Fate::Ack => {
                let item = *delivery;
                delivery.ack()?;
                account.acknowledge(item);
            }
            Fate::Panic => panic!("bad luck with {}", *delivery),
            Fate::Drop => drop(delivery),
            Fate::Nack => delivery.nack(Duration::from_millis(luck.u64(0..5)))?,
        }
    }
    Ok(())
}
