//! Deliveries for a long time, with workers who crash at random.
//!
//! A supervised pool takes items from one queue. Now and then a worker panics, drops an item or gives it back; some items
//! kill each worker that has them. In the end each item was acknowledged exactly once, or is a dead letter and should be,
//! and memory is where it was at the beginning.

mod account;
mod args;
mod memory;
mod pool;

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use account::Account;
use args::Args;
use seaworthy_benches::{Failure, clock};
use seaworthy_queue::{Config, DeadLetter, Queue};
use tokio::time::sleep;

fn main() -> ExitCode {
    let args = match args::parse() {
        Ok(Some(args)) => args,
        Ok(None) => {
            let _ = writeln!(io::stdout(), "{}", args::HELP);
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error}\n\n{}", args::HELP);
            return ExitCode::from(2);
        }
    };
    // Thousands of panics are part of it.
    std::panic::set_hook(Box::new(|_| {}));
    match soak(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "soak: {error}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn soak(args: Args) -> Result<(), Failure> {
    let mut config = Config::default();
    config.deliveries.max_attempts = ATTEMPTS;
    config.deliveries.dead_letters = usize::try_from(args.items / POISON).unwrap_or(0) + 1;
    let queue: Queue<u64> = Queue::builder("soak")
        .config(config)
        .build()
        .map_err(|error| error.to_string())?;
    let account = Arc::new(Account::new(args.items)?);
    let tree = pool::start(&queue, &account, args).await?;
    let began = clock::now();
    let producer = tokio::spawn({
        let sender = queue.sender();
        async move {
            for item in 0..args.items {
                sender.send(item).await.map_err(|error| error.to_string())?;
            }
            Ok::<(), Failure>(())
        }
    });
    let mut memory = memory::Memory::default();
    while !is_done(&queue, &account, args.items) {
        sleep(Duration::from_millis(200)).await;
        memory.look(account.acknowledged(), args.items);
        progress(&queue, &account, args.items);
        if !tree.is_alive() {
            return Err("the pool has given up".into());
        }
    }
    producer.await.map_err(|error| error.to_string())??;
    let seconds = began.elapsed().as_secs_f64();
    let dead: Vec<_> = std::iter::from_fn(|| queue.take_dead_letter())
        .map(DeadLetter::into_item)
        .collect();
    let _ = write!(io::stderr(), "\r\x1b[K");
    account.report(seconds)?;
    account.check(dead)?;
    memory.check()
}

/// After so many attempts an item is a dead letter.
const ATTEMPTS: u32 = 20;

/// One item in so many kills each worker.
const POISON: u64 = 100_003;

fn is_done(queue: &Queue<u64>, account: &Account, items: u64) -> bool {
    account.acknowledged() + queue.dead_letters() as u64 >= items
}

fn progress(queue: &Queue<u64>, account: &Account, items: u64) {
    let done = account.acknowledged();
    let _ = write!(
        io::stderr(),
        "\r\x1b[K{:5.1} %, {} crashes, {} dead letters, {} wait",
        100.0 * done as f64 / items as f64,
        account.crashes(),
        queue.dead_letters(),
        queue.len(),
    );
}
