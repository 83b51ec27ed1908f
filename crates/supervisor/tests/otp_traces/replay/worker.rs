//! A worker that does what its scenario says.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use seaworthy_core::BoxError;
use seaworthy_supervisor::{
    Child, ChildResult, Context, ExitReason, Init, Shutdown, ShutdownSignal, Template,
};
use tokio::select;
use tokio::sync::oneshot;

use super::scenario::{self, Exit, Item, NamedExit, NamedShutdown, OnShutdown, WorkerSpec};
use super::stage::Stage;
use super::tree::restart;

/// What the panics of workers say, so that the panic hook can leave them out.
pub(crate) const CRASH: &str = "a worker of a scenario crashes";

/// The arguments of an instance: its name in the trace, and its init list.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    pub(crate) name: String,
    /// None: as the template says.
    pub(crate) init: Option<Arc<[Item]>>,
    pub(crate) used: Arc<AtomicUsize>,
}

/// A worker with a name. `ready`: with one phase only, which is no difference if all its starts succeed.
pub(crate) fn child(stage: &Stage, spec: &WorkerSpec, ready: bool) -> Child {
    let (stage, on_shutdown) = (stage.clone(), spec.on_shutdown);
    let (init, used) = (Arc::<[Item]>::from(&*spec.init), AtomicUsize::new(0));
    let id = spec.id.clone();
    let child = if ready {
        Child::task(id, move |cx| {
            let attempt = Attempt::new(&stage, &cx.path(), Item::Ok);
            run(cx, attempt, on_shutdown)
        })
    } else {
        Child::init(id, move |cx| {
            let attempt = Attempt::new(&stage, &cx.path(), next(&init, &used));
            two_phases(cx, attempt, on_shutdown)
        })
    };
    child
        .restart(restart(spec.restart))
        .shutdown(shutdown(spec.shutdown))
        .significant(spec.significant)
}

/// The same for the workers of a dynamic supervisor.
pub(crate) fn template(stage: &Stage, spec: &WorkerSpec, ready: bool) -> Template<Instance> {
    let (stage, on_shutdown) = (stage.clone(), spec.on_shutdown);
    let usual = Arc::<[Item]>::from(&*spec.init);
    let template = if ready {
        Child::template(move |cx, this: Instance| {
            run(cx, Attempt::new(&stage, &this.name, Item::Ok), on_shutdown)
        })
    } else {
        Child::template_init(move |cx, this: Instance| {
            let item = next(this.init.as_ref().unwrap_or(&usual), &this.used);
            two_phases(cx, Attempt::new(&stage, &this.name, item), on_shutdown)
        })
    };
    template
        .restart(restart(spec.restart))
        .shutdown(shutdown(spec.shutdown))
        .significant(spec.significant)
}

fn next(init: &[Item], used: &AtomicUsize) -> Item {
    let used = used.fetch_add(1, Ordering::Relaxed);
    init.get(used).copied().unwrap_or_default()
}

fn shutdown(given: scenario::Shutdown) -> Shutdown {
    match given {
        scenario::Shutdown::Ms(ms) => Shutdown::Timeout(Duration::from_millis(ms)),
        scenario::Shutdown::Named(NamedShutdown::BrutalKill) => Shutdown::BrutalKill,
        scenario::Shutdown::Named(NamedShutdown::Infinity) => Shutdown::Infinity,
    }
}

/// One start attempt, made where the factory is called.
struct Attempt {
    item: Item,
    /// Workers crash in each way there is: in the factory, in the first phase, later; by an error and by a panic.
    even: bool,
    commanded: oneshot::Receiver<Exit>,
}

impl Attempt {
    fn new(stage: &Stage, name: &str, item: Item) -> Self {
        let mut state = stage.lock();
        let even = state.make(name).is_multiple_of(2);
        let (command, commanded) = oneshot::channel();
        if item == Item::Ok {
            state.commands.insert(name.to_owned(), command);
        }
        drop(state);
        assert!(item != Item::Crash || even, "{CRASH}");
        Self {
            item,
            even,
            commanded,
        }
    }
}

async fn two_phases(
    cx: Context,
    attempt: Attempt,
    on_shutdown: OnShutdown,
) -> Result<Init<impl Future<Output = ChildResult>>, BoxError> {
    match attempt.item {
        Item::Ok => Ok(Init::Run(run(cx, attempt, on_shutdown))),
        Item::Error => Err("the scenario says so".into()),
        Item::Crash => panic!("{CRASH}"),
        Item::Ignore => Ok(Init::Ignore),
    }
}

fn run(
    cx: Context,
    attempt: Attempt,
    on_shutdown: OnShutdown,
) -> impl Future<Output = ChildResult> + Send {
    // Taken before the first phase is over, since the order to stop may come as soon as it is. A worker
    // that never takes it ends at once when it is asked to.
    let asked = (on_shutdown != OnShutdown::Normal).then(|| cx.shutdown());
    live(attempt, on_shutdown, asked)
}

async fn live(
    attempt: Attempt,
    on_shutdown: OnShutdown,
    asked: Option<ShutdownSignal>,
) -> ChildResult {
    let Attempt {
        commanded, even, ..
    } = attempt;
    let asked = async {
        match asked {
            Some(asked) => asked.await,
            None => pending().await,
        }
    };
    let exit = select! {
        exit = commanded => exit,
        () = asked => match on_shutdown {
            OnShutdown::Error => return Err("asked to stop".into()),
            _ => pending().await,
        },
    };
    match exit? {
        Exit::Named(NamedExit::Normal) => Ok(()),
        Exit::Named(NamedExit::Shutdown) => Err(ExitReason::Shutdown(None).into()),
        Exit::Detailed { shutdown } => Err(ExitReason::shutdown(shutdown).into()),
        Exit::Named(NamedExit::Error) if even => panic!("{CRASH}"),
        Exit::Named(NamedExit::Error | NamedExit::Kill) => Err("the scenario says so".into()),
    }
}
