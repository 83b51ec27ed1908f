//! Random trees of workers that do as they are told.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use seaworthy_supervisor::{
    AutoShutdown, Builder, Child, ChildResult, Context, DynamicSupervisor, ExitReason, Init,
    Restart, Shutdown, Strategy, Supervisor,
};
use seaworthy_testkit::{Live, Rng};
use tokio::sync::mpsc;

use super::ledger::{Ledger, Limit};

pub const CRASH: &str = "told to crash";

/// What a worker can be told.
#[derive(Clone, Copy, Debug)]
pub enum Order {
    Panic,
    PanicInSubTask,
    Fail,
    Finish,
    Leave,
}

pub const ORDERS: [Order; 5] = [
    Order::Panic,
    Order::PanicInSubTask,
    Order::Fail,
    Order::Finish,
    Order::Leave,
];

/// What a worker does when its supervisor asks it to stop.
#[derive(Clone, Copy, Debug)]
enum OnShutdown {
    DoesNotListen,
    Stops,
    StopsLate,
    Fails,
    Refuses,
}

/// Everything that the workers of one schedule share.
#[derive(Clone)]
pub struct World {
    inner: Arc<Inner>,
}

struct Inner {
    seed: u64,
    orders: Mutex<HashMap<Arc<str>, mpsc::UnboundedSender<Order>>>,
    lives: Mutex<HashMap<Arc<str>, Live>>,
    overlaps: Mutex<Vec<Arc<str>>>,
    pools: Mutex<HashMap<String, DynamicSupervisor<Plan>>>,
    ledger: Arc<Ledger>,
}

/// What a worker is like.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    on_shutdown: OnShutdown,
    sub_tasks: u64,
    /// One start in so many goes wrong; 0: none.
    bad_start: u64,
}

impl Plan {
    pub fn random(rng: &mut Rng) -> Self {
        use OnShutdown::{DoesNotListen, Fails, Refuses, Stops, StopsLate};
        Self {
            on_shutdown: *rng.pick(&[
                DoesNotListen,
                DoesNotListen,
                Stops,
                StopsLate,
                Fails,
                Refuses,
            ]),
            sub_tasks: *rng.pick(&[0, 0, 0, 1, 2]),
            bad_start: *rng.pick(&[0, 0, 0, 2, 7]),
        }
    }
}

impl World {
    pub fn new(rng: &mut Rng, ledger: &Arc<Ledger>) -> Self {
        let inner = Inner {
            seed: rng.range(0..u64::MAX),
            orders: Mutex::default(),
            lives: Mutex::default(),
            overlaps: Mutex::default(),
            pools: Mutex::default(),
            ledger: Arc::clone(ledger),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Gives an order to the worker at `path`, if one listens.
    pub fn order(&self, path: &str, order: Order) {
        if let Some(orders) = self.inner.orders.lock().unwrap().get(path) {
            let _ = orders.send(order);
        }
    }

    pub fn workers(&self) -> Vec<Arc<str>> {
        let mut paths: Vec<_> = self.inner.orders.lock().unwrap().keys().cloned().collect();
        paths.sort_unstable();
        paths
    }

    pub fn pool(&self, path: &str) -> Option<DynamicSupervisor<Plan>> {
        self.inner.pools.lock().unwrap().get(path).cloned()
    }

    pub fn check_end(&self) {
        let overlaps = self.inner.overlaps.lock().unwrap();
        assert!(overlaps.is_empty(), "incarnations overlap at {overlaps:?}");
        for (path, live) in self.inner.lives.lock().unwrap().iter() {
            assert_eq!(live.alive(), 0, "something of `{path}` is left");
        }
    }

    fn live(&self, path: &Arc<str>) -> Live {
        self.inner
            .lives
            .lock()
            .unwrap()
            .entry(Arc::clone(path))
            .or_default()
            .clone()
    }

    fn listen(&self, path: &Arc<str>) -> mpsc::UnboundedReceiver<Order> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.inner
            .orders
            .lock()
            .unwrap()
            .insert(Arc::clone(path), sender);
        receiver
    }

    /// The first phase: sometimes it fails, panics or is not needed.
    fn begin(&self, cx: &Context, plan: Plan) -> Result<bool, ExitReason> {
        if plan.bad_start == 0 {
            return Ok(true);
        }
        let dice = (self.inner.seed ^ cx.incarnation()).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        match (dice % plan.bad_start, dice / 64 % 3) {
            (0, 0) => Err(ExitReason::shutdown("not today")),
            (0, 1) => panic!("{CRASH}"),
            (0, _) => Ok(false),
            _ => Ok(true),
        }
    }

    async fn work(self, cx: Context, plan: Plan) -> ChildResult {
        let path = cx.path();
        let live = self.live(&path);
        if live.alive() > 0 {
            self.inner.overlaps.lock().unwrap().push(Arc::clone(&path));
        }
        let _guard = live.guard();
        for _ in 0..plan.sub_tasks {
            let guard = live.guard();
            cx.spawn(async move {
                let _guard = guard;
                std::future::pending::<()>().await;
            });
        }
        let mut orders = self.listen(&path);
        let asked = async {
            match plan.on_shutdown {
                OnShutdown::DoesNotListen => std::future::pending().await,
                _ => cx.shutdown().await,
            }
        };
        tokio::select! {
            order = orders.recv() => obey(&cx, order).await,
            () = asked => match plan.on_shutdown {
                OnShutdown::Fails => Err("asked to stop".into()),
                OnShutdown::Refuses => std::future::pending().await,
                OnShutdown::StopsLate => {
                    tokio::time::sleep(Duration::from_millis(3)).await;
                    Ok(())
                }
                OnShutdown::Stops | OnShutdown::DoesNotListen => Ok(()),
            },
        }
    }
}

async fn obey(cx: &Context, order: Option<Order>) -> ChildResult {
    match order {
        Some(Order::Panic) => panic!("{CRASH}"),
        Some(Order::PanicInSubTask) => {
            cx.spawn(async { panic!("{CRASH}") });
            std::future::pending().await
        }
        Some(Order::Fail) => Err("told to fail".into()),
        Some(Order::Finish) => Ok(()),
        Some(Order::Leave) | None => Err(ExitReason::shutdown("told to leave").into()),
    }
}

/// A worker with one phase or two.
pub fn worker(world: &World, rng: &mut Rng, id: &str, auto: AutoShutdown) -> Child {
    let (world, plan) = (world.clone(), Plan::random(rng));
    let restart = *rng.pick(&[
        Restart::Permanent,
        Restart::Permanent,
        Restart::Transient,
        Restart::Temporary,
    ]);
    let child = if rng.chance(0.5) {
        Child::task(id, move |cx| world.clone().work(cx, plan))
    } else {
        Child::init(id, move |cx| {
            let world = world.clone();
            async move {
                tokio::task::yield_now().await;
                match world.begin(&cx, plan)? {
                    true => Ok(Init::Run(world.work(cx, plan))),
                    false => Ok(Init::Ignore),
                }
            }
        })
    };
    let significant = auto != AutoShutdown::Never && restart != Restart::Permanent;
    child
        .restart(restart)
        .shutdown(shutdown(rng))
        .significant(significant && rng.chance(0.3))
}

fn shutdown(rng: &mut Rng) -> Shutdown {
    // Never infinity: some workers refuse.
    let times = [
        Shutdown::Timeout(Duration::ZERO),
        Shutdown::Timeout(Duration::from_millis(2)),
    ];
    *rng.pick(&[Shutdown::BrutalKill, times[0], times[1], times[1]])
}

/// A pool whose instances have two phases.
fn pool(world: &World, rng: &mut Rng, path: &str, id: &str) -> Child {
    let in_template = world.clone();
    let template = Child::template_init(move |cx: Context, plan: Plan| {
        let world = in_template.clone();
        async move {
            match world.begin(&cx, plan)? {
                true => Ok(Init::Run(world.work(cx, plan))),
                false => Ok(Init::Ignore),
            }
        }
    });
    let restart = *rng.pick(&[Restart::Permanent, Restart::Transient, Restart::Temporary]);
    let max_restarts = u32::try_from(rng.range(0..5)).unwrap();
    let builder = DynamicSupervisor::builder(id)
        .template(template.restart(restart).shutdown(shutdown(rng)))
        .intensity(max_restarts, Duration::from_secs(3600));
    world.inner.ledger.limit(
        path,
        Limit {
            max_restarts,
            group: None,
        },
    );
    world
        .inner
        .pools
        .lock()
        .unwrap()
        .insert(path.to_owned(), builder.handle());
    Child::supervisor(builder)
}

/// A supervisor with up to four children, nested at most `depth` deep.
pub fn random(world: &World, rng: &mut Rng, path: &str, depth: u32) -> Builder {
    let auto = *rng.pick(&[
        AutoShutdown::Never,
        AutoShutdown::Never,
        AutoShutdown::AnySignificant,
        AutoShutdown::AllSignificant,
    ]);
    let id = path.rsplit('/').next().unwrap();
    let max_restarts = u32::try_from(rng.range(0..6)).unwrap();
    let strategies = [
        Strategy::OneForOne,
        Strategy::OneForAll,
        Strategy::RestForOne,
    ];
    let strategy = *rng.pick(&strategies);
    let children = rng.range(0..5);
    let group = (strategy != Strategy::OneForOne).then_some(usize::try_from(children).unwrap());
    world.inner.ledger.limit(
        path,
        Limit {
            max_restarts,
            group,
        },
    );
    let mut builder = Supervisor::builder(id)
        .strategy(strategy)
        .intensity(max_restarts, Duration::from_secs(3600))
        .auto_shutdown(auto);
    for number in 0..children {
        let kind = if depth == 0 { 0 } else { rng.range(0..5) };
        let below = format!("{path}/c{number}");
        let child = match kind {
            0..3 => worker(world, rng, &format!("c{number}"), auto),
            3 => Child::supervisor(random(world, rng, &below, depth - 1)).restart(restart(rng)),
            _ => pool(world, rng, &below, &format!("c{number}")).restart(restart(rng)),
        };
        builder = builder.child(child);
    }
    builder
}

fn restart(rng: &mut Rng) -> Restart {
    *rng.pick(&[
        Restart::Permanent,
        Restart::Permanent,
        Restart::Transient,
        Restart::Temporary,
    ])
}
