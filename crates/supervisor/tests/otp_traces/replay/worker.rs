//! A worker that does what its scenario says.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use seaworthy_core::BoxError;
use seaworthy_supervisor::{
    Child, ChildResult, Context, ExitReason, Init, Shutdown, Template,
};
use tokio::sync::oneshot;
use tokio::{pin, select};

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
        Child::task(id, move |cx| one_phase(&stage, cx.clone(), &cx.path(), on_shutdown))
    } else {
        Child::init(id, move |cx| {
            let item = next(&init, &used);
            two_phases(&stage, cx.clone(), &cx.path(), item, on_shutdown)
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
        Child::template(move |cx, this: Instance| one_phase(&stage, cx, &this.name, on_shutdown))
    } else {
        Child::template_init(move |cx, this: Instance| {
            let item = next(this.init.as_ref().unwrap_or(&usual), &this.used);
            two_phases(&stage, cx, &this.name, item, on_shutdown)
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

fn one_phase(
    stage: &Stage,
    cx: Context,
    name: &str,
    on_shutdown: OnShutdown,
) -> impl Future<Output = ChildResult> + Send + use<> {
    let mut stage = stage.lock();
    let even = stage.make(name) % 2 == 0;
    run(cx, stage.listen(name), on_shutdown, even)
}

/// Workers crash in each way there is: in the factory, in the first phase, later; by error and by panic.
fn two_phases(
    stage: &Stage,
    cx: Context,
    name: &str,
    item: Item,
    on_shutdown: OnShutdown,
) -> impl Future<Output = Result<Init<impl Future<Output = ChildResult> + Send>, BoxError>>
+ Send
+ use<> {
    let even = stage.lock().make(name) % 2 == 0;
    assert!(item != Item::Crash || even, "{CRASH}");
    let commanded = (item == Item::Ok).then(|| stage.lock().listen(name));
    async move {
        match (item, commanded) {
            (Item::Error, _) => Err("the scenario says so".into()),
            (Item::Ignore, _) => Ok(Init::Ignore),
            (_, Some(commanded)) => Ok(Init::Run(run(cx, commanded, on_shutdown, even))),
            (_, None) => panic!("{CRASH}"),
        }
    }
}

async fn run(
    cx: Context,
    commanded: oneshot::Receiver<Exit>,
    on_shutdown: OnShutdown,
    even: bool,
) -> ChildResult {
    pin!(commanded);
    let exit = if on_shutdown == OnShutdown::Normal {
        // Never having called `cx.shutdown()`, it ends at once when asked to.
        commanded.await
    } else {
        select! {
            exit = &mut commanded => exit,
            () = cx.shutdown() => match on_shutdown {
                OnShutdown::Error => return Err("asked to stop".into()),
                _ => pending().await,
            },
        }
    };
    match exit? {
        Exit::Named(NamedExit::Normal) => Ok(()),
        Exit::Named(NamedExit::Shutdown) => Err(ExitReason::Shutdown(None).into()),
        Exit::Detailed { shutdown } => Err(ExitReason::shutdown(shutdown).into()),
        Exit::Named(NamedExit::Error) if even => panic!("{CRASH}"),
        Exit::Named(NamedExit::Error | NamedExit::Kill) => Err("the scenario says so".into()),
    }
}
