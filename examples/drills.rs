//! Drills: links, trapped exits, monitors, what a child is specified by, and finding who was restarted.
//!
//! 1. Two linked processes: one is told to blow up, and the other goes with it.
//! 2. The same, but the other traps exits: it reads the signal and lives.
//! 3. A monitor looks one way only: whoever watches learns of the end and is not part of it.
//! 4. A child is started and restarted by its specification alone.
//! 5. The cache of a to-do system is killed. A new one is there at once, under the same name, with what is on disk.
//!
//! Run it: `cargo run -p seaworthy-examples --example drills`
//!
//! What you should see: for each drill what happened, and the claim that the program has checked.

#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use seaworthy_core::BoxError;
use seaworthy_core::event::Subscription;
use seaworthy_supervisor::{
    Child, ChildRef, ChildResult, Context, Exit, ExitReason, Exits, Init, Restart, Shutdown,
    Supervisor, SupervisorEvent,
};
use tokio::sync::{mpsc, oneshot};
use tokio::time;

/// A process that ends with the reason it is told.
fn bomb(orders: mpsc::Receiver<&'static str>) -> Child {
    // There will be one incarnation: it takes what cannot be cloned.
    let orders = Mutex::new(Some(orders));
    Child::task("bomb", move |_cx| {
        let orders = orders.lock().unwrap_or_else(PoisonError::into_inner).take();
        async move {
            let mut orders = orders.ok_or("the orders are taken")?;
            let reason = orders.recv().await.ok_or("nobody can tell me any more")?;
            Err(reason.into())
        }
    })
    .restart(Restart::Temporary)
}

/// A process that links itself to the bomb. It is ready when the link is made.
fn linked() -> Child {
    Child::init("linked", |cx: Context| async move {
        let bomb = cx.supervisor().child("bomb").ok_or("there is no bomb")?;
        cx.link(&bomb);
        Ok(Init::Run(std::future::pending()))
    })
    .restart(Restart::Temporary)
}

/// A process that links itself to the bomb and says what signal came, instead of dying of it.
fn trapping(signals: mpsc::Sender<Exit>) -> Child {
    Child::init("trapping", move |cx: Context| {
        let signals = signals.clone();
        async move {
            let exits = cx.trap_exits(); // before the link, so that no signal finds it unprepared
            let bomb = cx.supervisor().child("bomb").ok_or("there is no bomb")?;
            cx.link(&bomb);
            Ok(Init::Run(tell_signals(exits, signals)))
        }
    })
    .restart(Restart::Temporary)
}

async fn tell_signals(mut exits: Exits, signals: mpsc::Sender<Exit>) -> ChildResult {
    while let Some(exit) = exits.recv().await {
        if let Exit::Shutdown = exit {
            break; // who traps exits is asked to stop, and has to
        }
        signals.send(exit).await?;
    }
    Ok(())
}

/// A supervisor of a bomb and whoever is beside it, and the way to light the bomb.
async fn with_bomb(
    beside: Option<Child>,
) -> Result<(Supervisor, mpsc::Sender<&'static str>), BoxError> {
    let (fuse, orders) = mpsc::channel(1);
    let shell = Supervisor::builder("shell")
        .child(bomb(orders))
        .children(beside)
        .start()
        .await?;
    Ok((shell, fuse))
}

async fn a_link_takes_both() -> Result<(), BoxError> {
    println!("1. A link");
    let (shell, fuse) = with_bomb(Some(linked())).await?;
    let end = find(&shell, "linked")?.monitor();
    fuse.send("oops").await?;
    let down = end.await;
    println!("   `{}` ended: {}", down.path, down.reason);
    check(
        "who is linked ends with the same reason",
        down.reason.to_string() == "error: oops",
    )
}

async fn trapped_exits_are_read() -> Result<(), BoxError> {
    println!("2. The same with exits trapped");
    let (sender, mut signals) = mpsc::channel(8);
    let (shell, fuse) = with_bomb(Some(trapping(sender))).await?;
    let trapping = find(&shell, "trapping")?;
    fuse.send("oops").await?;
    let signal = signals.recv().await.ok_or("no signal came")?;
    println!("   `{}` reads: {signal}", trapping.path());
    // A signal can also be sent by hand, by anybody, without a link.
    trapping.exit("behave yourself".into());
    let sent = signals.recv().await.ok_or("no signal came")?;
    println!("   `{}` reads: {sent}", trapping.path());
    check(
        "who traps exits reads the signals and lives",
        matches!(signal, Exit::Linked { .. })
            && matches!(sent, Exit::Sent(_))
            && trapping.is_alive(),
    )?;
    let end = trapping.monitor();
    trapping.kill();
    check(
        "but a kill cannot be trapped",
        matches!(end.await.reason, ExitReason::Killed),
    )
}

async fn a_monitor_looks_one_way() -> Result<(), BoxError> {
    println!("3. A monitor");
    let (shell, fuse) = with_bomb(Some(watcher())).await?;
    let (bomb, watcher) = (find(&shell, "bomb")?, find(&shell, "watcher")?);
    let seen = watcher.monitor();
    let end = bomb.monitor();
    fuse.send("oops").await?;
    println!("   the bomb ended: {}", end.await.reason);
    check(
        "who watches ends in its own way",
        matches!(seen.await.reason, ExitReason::Normal),
    )
}

/// A process that watches the bomb, and is content when it has seen its end.
fn watcher() -> Child {
    Child::init("watcher", |cx: Context| async move {
        let bomb = cx.supervisor().child("bomb").ok_or("there is no bomb")?;
        let end = bomb.monitor();
        Ok(Init::Run(async move {
            let down = end.await;
            println!("   the watcher saw `{}` end: {}", down.path, down.reason);
            Ok(())
        }))
    })
    .restart(Restart::Temporary)
}

/// A specification: what it is called, how it is started, when it is restarted, how it is stopped.
fn my_server(argument: &'static str) -> Child {
    Child::init("my-server", move |cx: Context| async move {
        // The first phase: whoever starts it waits for this.
        println!("   {argument} from incarnation {}", cx.incarnation());
        Ok(Init::Run(async move {
            cx.shutdown().await;
            Ok(())
        }))
    })
    .restart(Restart::Transient)
    .start_timeout(Duration::from_secs(1))
    .shutdown(Shutdown::Timeout(Duration::from_secs(2)))
}

async fn a_specification_is_all_it_takes() -> Result<(), BoxError> {
    println!("4. A child specification");
    let app = Supervisor::builder("app").start().await?;
    let server = app.start_child(my_server("ok")).await?;
    let first = server.ok_or("it needs no process")?;
    app.terminate_child("my-server").await?;
    let kept = app.count_children().await?;
    let server = app.restart_child("my-server").await?;
    let second = server.ok_or("it needs no process")?;
    app.stop().await;
    check(
        "the specification outlives its process and starts another",
        (kept.specs, kept.active) == (1, 0) && first.incarnation() < second.incarnation(),
    )
}

type Lists = BTreeMap<String, Vec<String>>;

/// The database: what is on disk survives every process.
#[derive(Default)]
struct Disk(Mutex<Lists>);

impl Disk {
    fn lists(&self) -> MutexGuard<'_, Lists> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Request {
    Add(String, String),
    Entries(String, oneshot::Sender<Vec<String>>),
}

/// The to-do system, as its users see it: they need not know which cache answers.
#[derive(Clone)]
struct Todo {
    door: mpsc::Sender<Request>,
    inbox: Arc<tokio::sync::Mutex<mpsc::Receiver<Request>>>,
    disk: Arc<Disk>,
}

impl Todo {
    fn new() -> Self {
        let (door, inbox) = mpsc::channel(16);
        let inbox = Arc::new(tokio::sync::Mutex::new(inbox));
        let disk = Arc::default();
        Self { door, inbox, disk }
    }

    async fn add(&self, list: &str, entry: &str) -> Result<(), BoxError> {
        Ok(self
            .door
            .send(Request::Add(list.to_owned(), entry.to_owned()))
            .await?)
    }

    async fn entries(&self, list: &str) -> Result<Vec<String>, BoxError> {
        let (answer, entries) = oneshot::channel();
        let request = Request::Entries(list.to_owned(), answer);
        self.door.send(request).await?;
        Ok(entries.await?)
    }

    fn cache(&self) -> Child {
        let todo = self.clone();
        Child::task("cache", move |cx| todo.clone().serve(cx))
    }

    /// Answers from memory, and writes through to disk.
    async fn serve(self, cx: Context) -> ChildResult {
        println!("   starting the cache, incarnation {}", cx.incarnation());
        let mut inbox = self.inbox.lock().await;
        let mut lists = self.disk.lists().clone();
        while let Some(request) = inbox.recv().await {
            match request {
                Request::Add(list, entry) => {
                    lists.entry(list).or_default().push(entry);
                    self.disk.lists().clone_from(&lists);
                }
                Request::Entries(list, answer) => {
                    // Who asked may be gone.
                    let _ = answer.send(lists.get(&list).cloned().unwrap_or_default());
                }
            }
        }
        Ok(())
    }
}

async fn a_killed_cache_is_replaced() -> Result<(), BoxError> {
    println!("5. The cache is killed");
    let todo = Todo::new();
    let system = Supervisor::builder("todo")
        .child(todo.cache())
        .start()
        .await?;
    let mut events = system
        .events()
        .ok_or("the system does not run")?
        .subscribe(NonZeroUsize::MIN.saturating_add(63));
    todo.add("alice", "write to Bob").await?;
    let before = todo.entries("alice").await?;

    let old = find(&system, "cache")?;
    old.kill();
    let incarnation = started(&mut events, &old.path()).await?;
    let new = find(&system, "cache")?;
    let after = todo.entries("alice").await?;
    println!(
        "   the cache was incarnation {} and is now {incarnation}",
        old.incarnation()
    );
    println!("   Alice's list: {after:?}");
    check(
        "a new cache runs under the old name",
        !old.is_alive() && new.is_alive() && new.incarnation() == incarnation,
    )?;
    check(
        "and Alice's list is there",
        after == before && after == ["write to Bob"],
    )
}

/// Waits until the child at this path is started, and says as which incarnation.
async fn started(events: &mut Subscription, of: &str) -> Result<u64, BoxError> {
    while let Some(event) = events.recv().await {
        match event.detail() {
            Some(SupervisorEvent::ChildStarted { path, incarnation }) if &**path == of => {
                return Ok(*incarnation);
            }
            _ => {}
        }
    }
    Err("the tree has ended".into())
}

fn find(supervisor: &Supervisor, id: &str) -> Result<ChildRef, BoxError> {
    let child = supervisor.child(id);
    Ok(child.ok_or_else(|| format!("`{id}` does not run"))?)
}

fn check(claim: &str, came_true: bool) -> Result<(), BoxError> {
    if !came_true {
        return Err(format!("not true: {claim}").into());
    }
    println!("   checked: {claim}");
    Ok(())
}

async fn drills() -> Result<(), BoxError> {
    a_link_takes_both().await?;
    trapped_exits_are_read().await?;
    a_monitor_looks_one_way().await?;
    a_specification_is_all_it_takes().await?;
    a_killed_cache_is_replaced().await
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    time::timeout(Duration::from_secs(20), drills()).await?
}
