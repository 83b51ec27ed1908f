//! An error kernel: the part of a system that must not fail, kept apart from the part that may.
//!
//! The root has two supervisors below it. The kernel keeps the store, the audit log and the logins; its
//! code is simple and nothing in it runs code of strangers. The application runs plugins, and those crash. A
//! broken plugin brings its host down more often than the application allows, so the application gives up, and
//! the root restarts it as a whole. The kernel does not notice.
//!
//! Run it: `cargo run -p seaworthy-examples --example error_kernel`
//!
//! What you should see: the tree, four panics of the plugin (on stderr), the application giving up and coming up
//! again, the tree with a kernel that has run all the time, and four claims that the program has checked.

#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use std::collections::{BTreeSet, HashSet};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use seaworthy_core::BoxError;
use seaworthy_core::event::Subscription;
use seaworthy_supervisor::{
    Builder, Child, ChildResult, Context, Ended, Supervisor, SupervisorEvent,
};
use tokio::sync::{mpsc, oneshot};
use tokio::time;

/// How often the plugin brings its host down: once more than the application restarts it.
const CRASHES: u32 = MAX_RESTARTS + 1;

const MAX_RESTARTS: u32 = 3;

/// A request, with a place for its answer.
type Ask<Q, A> = (Q, oneshot::Sender<A>);

/// A service, as its callers see it. A request waits while the service is restarted.
struct Service<Q, A> {
    door: mpsc::Sender<Ask<Q, A>>,
    inbox: Arc<tokio::sync::Mutex<mpsc::Receiver<Ask<Q, A>>>>,
}

impl<Q, A> Service<Q, A> {
    fn new() -> Self {
        let (door, inbox) = mpsc::channel(64);
        let inbox = Arc::new(tokio::sync::Mutex::new(inbox));
        Self { door, inbox }
    }

    async fn call(&self, question: Q) -> Result<A, BoxError> {
        let (sender, answer) = oneshot::channel();
        let sent = self.door.send((question, sender)).await;
        sent.map_err(|_| "the service is gone")?;
        Ok(answer.await?)
    }

    /// Answers until it is told to stop: the body of the child that is the service.
    async fn serve(&self, cx: Context, mut answer: impl FnMut(Q) -> A) -> ChildResult {
        // Free: an incarnation never overlaps the one before it.
        let mut inbox = self.inbox.lock().await;
        loop {
            tokio::select! {
                // The caller may have gone; that is its affair.
                Some((question, sender)) = inbox.recv() => drop(sender.send(answer(question))),
                () = cx.shutdown() => return Ok(()),
            }
        }
    }
}

enum Login {
    Enter(&'static str),
    IsIn(&'static str),
}

/// What the application may ask of the kernel.
struct Kernel {
    store: Service<u64, usize>,
    audit: Service<String, ()>,
    logins: Service<Login, bool>,
    /// Stands for the file of the audit log.
    audit_file: Mutex<Vec<String>>,
}

impl Kernel {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            store: Service::new(),
            audit: Service::new(),
            logins: Service::new(),
            audit_file: Mutex::default(),
        })
    }

    fn audited(&self) -> Vec<String> {
        let file = self.audit_file.lock();
        file.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn store(cx: Context, kernel: Arc<Kernel>) -> ChildResult {
    let mut records = BTreeSet::new();
    let save = |record| {
        records.insert(record);
        records.len()
    };
    kernel.store.serve(cx, save).await
}

async fn audit_log(cx: Context, kernel: Arc<Kernel>) -> ChildResult {
    let write = |line| {
        let file = kernel.audit_file.lock();
        file.unwrap_or_else(PoisonError::into_inner).push(line);
    };
    kernel.audit.serve(cx, write).await
}

async fn authentication(cx: Context, kernel: Arc<Kernel>) -> ChildResult {
    // Lost if this process ever crashes: who is logged in after the storm was so all the time.
    let mut inside = HashSet::new();
    let answer = |login| match login {
        Login::Enter(name) => inside.insert(name),
        Login::IsIn(name) => inside.contains(name),
    };
    kernel.logins.serve(cx, answer).await
}

/// A child that is a service of the kernel.
fn service<Fut>(
    id: &'static str,
    kernel: &Arc<Kernel>,
    body: fn(Context, Arc<Kernel>) -> Fut,
) -> Child
where
    Fut: Future<Output = ChildResult> + Send + 'static,
{
    let kernel = Arc::clone(kernel);
    Child::task(id, move |cx| body(cx, kernel.clone()))
}

fn kernel_tree(kernel: &Arc<Kernel>) -> Builder {
    Supervisor::builder("kernel")
        .intensity(10, Duration::from_secs(60))
        .child(service("store", kernel, store))
        .child(service("audit-log", kernel, audit_log))
        .child(service("authentication", kernel, authentication))
}

/// Runs a plugin that is broken, and well after so many crashes.
async fn plugin_host(cx: Context, crashes_left: Arc<AtomicU32>) -> ChildResult {
    let one_less = |left: u32| left.checked_sub(1);
    // Long enough for the processor to be in the middle of its work.
    time::sleep(Duration::from_millis(50)).await;
    if crashes_left
        .fetch_update(Relaxed, Relaxed, one_less)
        .is_ok()
    {
        panic!("the plugin is broken");
    }
    cx.shutdown().await;
    Ok(())
}

/// Stores one record after the other, and goes on only when its audit line is written.
async fn processor(cx: Context, kernel: Arc<Kernel>, work: Arc<Work>) -> ChildResult {
    loop {
        let record = u64::from(work.records.fetch_add(1, Relaxed));
        kernel.store.call(record).await?;
        let line = format!("record {record} by incarnation {}", cx.incarnation());
        kernel.audit.call(line.clone()).await?;
        work.acknowledge(line);
        time::sleep(Duration::from_millis(1)).await;
    }
}

/// What the processors have done. It survives them.
#[derive(Default)]
struct Work {
    records: AtomicU32,
    acknowledged: Mutex<Vec<String>>,
}

impl Work {
    fn acknowledge(&self, line: String) {
        let lines = self.acknowledged.lock();
        lines.unwrap_or_else(PoisonError::into_inner).push(line);
    }

    fn acknowledged(&self) -> Vec<String> {
        let lines = self.acknowledged.lock();
        lines.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn application_tree(kernel: &Arc<Kernel>, work: &Arc<Work>) -> Builder {
    let (kernel, work) = (Arc::clone(kernel), Arc::clone(work));
    let crashes_left = Arc::new(AtomicU32::new(CRASHES));
    Supervisor::builder("application")
        .intensity(MAX_RESTARTS, Duration::from_secs(5))
        .child(Child::task("plugin-host", move |cx| {
            plugin_host(cx, crashes_left.clone())
        }))
        .child(Child::task("processor", move |cx| {
            processor(cx, kernel.clone(), work.clone())
        }))
}

/// Prints what happens until the application has given up and is up again.
async fn meltdown(events: &mut Subscription) -> Result<(), BoxError> {
    const PATH: &str = "clinic/application";
    let mut gave_up = false;
    while let Some(event) = events.recv().await {
        match event.detail::<SupervisorEvent>() {
            Some(SupervisorEvent::SupervisorExited { path, ended }) if &**path == PATH => {
                println!("{event}");
                gave_up = matches!(ended, Ended::GaveUp { .. });
            }
            Some(SupervisorEvent::SupervisorStarted { path }) if &**path == PATH => {
                println!("{event}");
                if gave_up {
                    return Ok(());
                }
            }
            Some(SupervisorEvent::ChildCrashed(_)) => println!("{event}"),
            _ => {}
        }
    }
    Err("the tree has ended".into())
}

/// Which incarnation of each of them runs.
fn incarnations(root: &Supervisor, paths: &[&str]) -> Result<Vec<u64>, BoxError> {
    let of = |path: &&str| root.child(path).map(|child| child.incarnation());
    let all = paths.iter().map(of).collect::<Option<_>>();
    Ok(all.ok_or("one of them does not run")?)
}

fn draw(title: &str, root: &Supervisor) -> Result<(), BoxError> {
    let tree = root.snapshot().ok_or("the tree does not run")?;
    println!("\n{title}\n{tree}\n");
    Ok(())
}

fn check(claim: &str, came_true: bool) -> Result<(), BoxError> {
    if !came_true {
        return Err(format!("not true: {claim}").into());
    }
    println!("checked: {claim}");
    Ok(())
}

async fn clinic() -> Result<(), BoxError> {
    const KERNEL: [&str; 3] = ["kernel/store", "kernel/audit-log", "kernel/authentication"];
    const APPLICATION: [&str; 2] = ["application/plugin-host", "application/processor"];

    let (kernel, work) = (Kernel::new(), Arc::<Work>::default());
    let root = Supervisor::builder("clinic")
        .child(Child::supervisor(kernel_tree(&kernel)))
        .child(Child::supervisor(application_tree(&kernel, &work)))
        .start()
        .await?;
    let mut events = root
        .events()
        .ok_or("the tree does not run")?
        .subscribe(NonZeroUsize::MIN.saturating_add(1023));
    kernel.logins.call(Login::Enter("ada")).await?;
    let before = (
        incarnations(&root, &KERNEL)?,
        incarnations(&root, &APPLICATION)?,
    );
    draw("Before:", &root)?;

    meltdown(&mut events).await?;
    // Let the new application do some work.
    time::sleep(Duration::from_millis(200)).await;

    draw("After:", &root)?;
    let after = (
        incarnations(&root, &KERNEL)?,
        incarnations(&root, &APPLICATION)?,
    );
    check(
        "the kernel still runs in the same incarnations",
        before.0 == after.0,
    )?;
    check(
        "the application runs in new ones",
        before.1.iter().zip(&after.1).all(|(old, new)| old < new),
    )?;
    check(
        "who was logged in still is",
        kernel.logins.call(Login::IsIn("ada")).await?,
    )?;
    root.stop().await;

    let (lines, audited) = (work.acknowledged(), kernel.audited());
    let mut audited: HashSet<_> = audited.into_iter().collect();
    let none_lost = !lines.is_empty() && lines.iter().all(|line| audited.remove(line));
    check(
        &format!("of {} acknowledged audit lines none is lost", lines.len()),
        none_lost,
    )
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    time::timeout(Duration::from_secs(20), clinic()).await?
}
