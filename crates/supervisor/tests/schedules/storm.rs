//! What happens to a tree.

use std::time::Duration;

use seaworthy_supervisor::{AutoShutdown, CallError, Supervisor};
use seaworthy_testkit::Rng;
use tokio::task::JoinSet;

use super::ledger::Ledger;
use super::tree::{ORDERS, Plan, World, worker};

/// A dozen things, some of them at the same time.
pub async fn rage(root: &Supervisor, world: &World, ledger: &Ledger, rng: &mut Rng) {
    let mut calls = JoinSet::new();
    for _ in 0..rng.range(1..14) {
        match rng.range(0..10) {
            0..4 => give_orders(world, rng),
            4 => kill(root, world, rng),
            5..7 => call(root, world, ledger, rng, &mut calls),
            7 => {
                if let Some(supervisor) = pick_supervisor(root, ledger, rng)
                    && supervisor.suspend().await.is_ok()
                {
                    give_orders(world, rng);
                    call(root, world, ledger, rng, &mut calls);
                    tokio::task::yield_now().await;
                    give_orders(world, rng);
                    supervisor.resume();
                }
            }
            8 => tokio::time::sleep(Duration::from_millis(rng.range(0..8))).await,
            _ => tokio::task::yield_now().await,
        }
    }
    if rng.chance(0.5) {
        while calls.join_next().await.is_some() {}
    }
}

/// The end of it, one way or another.
pub async fn end(root: Supervisor, rng: &mut Rng) {
    match rng.range(0..5) {
        0 => drop(root.stop().await),
        1 => drop(root.shutdown(Duration::from_millis(rng.range(0..4))).await),
        2 => {
            // Begun, and not waited for.
            let _ = tokio::time::timeout(Duration::ZERO, root.stop()).await;
        }
        _ => drop(root),
    }
}

fn give_orders(world: &World, rng: &mut Rng) {
    let workers = world.workers();
    if workers.is_empty() {
        return;
    }
    for _ in 0..rng.range(1..3) {
        let path: &std::sync::Arc<str> = rng.pick(&workers);
        world.order(path, *rng.pick(&ORDERS));
    }
}

fn kill(root: &Supervisor, world: &World, rng: &mut Rng) {
    let workers = world.workers();
    if workers.is_empty() {
        return;
    }
    let path = rng.pick(&workers).split_once('/').unwrap().1.to_owned();
    // Sometimes the supervisor above it.
    let path = match path.rsplit_once('/') {
        Some((above, _)) if rng.chance(0.3) => above.to_owned(),
        _ => path,
    };
    if let Some(child) = root.child(&path) {
        child.kill();
    }
}

fn pick_supervisor(root: &Supervisor, ledger: &Ledger, rng: &mut Rng) -> Option<Supervisor> {
    let path = pick_path(ledger, rng)?;
    at(root, &path)
}

fn pick_path(ledger: &Ledger, rng: &mut Rng) -> Option<String> {
    let paths = ledger.supervisors();
    if paths.is_empty() {
        None
    } else {
        Some(rng.pick(&paths).to_string())
    }
}

fn at(root: &Supervisor, path: &str) -> Option<Supervisor> {
    match path.split_once('/') {
        Some((_, below)) => root.supervisor(below),
        None => Some(root.clone()),
    }
}

/// A call in a task of its own, perhaps aborted at once.
fn call(
    root: &Supervisor,
    world: &World,
    ledger: &Ledger,
    rng: &mut Rng,
    calls: &mut JoinSet<Result<(), CallError>>,
) {
    let Some(path) = pick_path(ledger, rng) else {
        return;
    };
    // Not the owner: a call that waits must not keep the tree.
    let Some(supervisor) = at(root, &path) else {
        return;
    };
    let id = format!("c{}", rng.range(0..6));
    let abort = match rng.range(0..6) {
        0 => calls.spawn(async move { supervisor.terminate_child(&id).await }),
        1 => {
            ledger.allow(&path);
            calls.spawn(async move {
                supervisor
                    .restart_child(&id)
                    .await
                    .map_or(Ok(()), |_| Ok(()))
            })
        }
        2 => calls.spawn(async move { supervisor.delete_child(&id).await }),
        3 => {
            ledger.allow(&path);
            let child = worker(world, rng, &id, AutoShutdown::Never);
            calls.spawn(async move {
                supervisor
                    .start_child(child)
                    .await
                    .map_or(Ok(()), |_| Ok(()))
            })
        }
        4 => calls.spawn(async move { supervisor.which_children().await.map(drop) }),
        _ => {
            let (Some(pool), plan) = (world.pool(&path), Plan::random(rng)) else {
                return;
            };
            ledger.allow(&path);
            let stop = rng.chance(0.4);
            calls.spawn(async move {
                match pool.start_child(plan).await {
                    Ok(Some(child)) if stop => pool.terminate_child(&child).await,
                    _ => Ok(()),
                }
            })
        }
    };
    if rng.chance(0.1) {
        abort.abort();
    }
}
