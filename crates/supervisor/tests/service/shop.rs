//! A service that breaks when it is told to, and the tree it is in.

use std::collections::VecDeque;
use std::future::pending;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context as Waking, Poll};
use std::time::Duration;

use seaworthy_core::{BoxError, Executed, Reason, Rejected};
use seaworthy_supervisor::service::SupervisedBuilder;
use seaworthy_supervisor::{Child, Context, Supervised, Supervisor};
use seaworthy_testkit::{Fuse, Live, LiveGuard};
use tower::{Service, ServiceExt};

use crate::common::{Seen, secs};

/// What a caller asks for.
#[derive(Clone, Debug)]
pub enum Order {
    /// The incarnation that answers.
    Who,
    PanicInCall,
    /// After one await.
    Panic,
    PanicInDrop,
    Fail(&'static str),
    /// After this time.
    Later(Duration),
    FailLater(Duration, &'static str),
    PanicLater(Duration),
    Never,
    Fused(Fuse),
}

#[derive(Debug, PartialEq, thiserror::Error)]
pub enum Problem {
    #[error(transparent)]
    Rejected(#[from] Rejected),
    #[error("broken: {0}")]
    Broken(&'static str),
}

/// How an instance answers `poll_ready`, once.
#[derive(Clone, Copy, Debug)]
pub enum Readiness {
    Error,
    Panic,
    Pending,
}

/// What all instances share.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    pub live: Live,
    /// Calls that are in there.
    pub calls: Live,
    pub readiness: Arc<Mutex<VecDeque<Readiness>>>,
    pub panic_in_clone: Arc<Mutex<bool>>,
    pub panic_in_drop: Arc<Mutex<bool>>,
}

/// An instance. It checks the contract of tower: only a clone that was itself ready is called.
#[derive(Debug)]
pub struct Shop {
    incarnation: u64,
    plan: Plan,
    readied: bool,
    _alive: LiveGuard,
}

impl Plan {
    pub fn open(&self, cx: &Context) -> Shop {
        Shop {
            incarnation: cx.incarnation(),
            plan: self.clone(),
            readied: false,
            _alive: self.live.guard(),
        }
    }

    pub fn next_readiness(&self, readiness: impl IntoIterator<Item = Readiness>) {
        self.readiness.lock().unwrap().extend(readiness);
    }
}

impl Clone for Shop {
    fn clone(&self) -> Self {
        let panics = std::mem::take(&mut *self.plan.panic_in_clone.lock().unwrap());
        assert!(!panics, "no second one");
        Self {
            incarnation: self.incarnation,
            plan: self.plan.clone(),
            readied: false,
            _alive: self.plan.live.guard(),
        }
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        let panics = *self.plan.panic_in_drop.lock().unwrap();
        assert!(!panics || std::thread::panicking(), "closed for good");
    }
}

impl Service<Order> for Shop {
    type Response = u64;
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<u64, Problem>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Waking<'_>) -> Poll<Result<(), Problem>> {
        let next = self.plan.readiness.lock().unwrap().pop_front();
        match next {
            Some(Readiness::Error) => Poll::Ready(Err(Problem::Broken("door"))),
            Some(Readiness::Panic) => panic!("the door fell off"),
            Some(Readiness::Pending) => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            None => {
                self.readied = true;
                Poll::Ready(Ok(()))
            }
        }
    }

    fn call(&mut self, order: Order) -> Self::Future {
        assert!(
            std::mem::take(&mut self.readied),
            "called without being ready"
        );
        assert!(!matches!(order, Order::PanicInCall), "in the call");
        let (who, guard) = (self.incarnation, self.plan.calls.guard());
        Box::pin(async move {
            let _guard = guard;
            match order {
                Order::Who | Order::PanicInCall => Ok(who),
                Order::Panic => {
                    tokio::task::yield_now().await;
                    panic!("in the response")
                }
                Order::PanicInDrop => {
                    struct Spiteful;
                    impl Drop for Spiteful {
                        fn drop(&mut self) {
                            panic!("in the drop");
                        }
                    }
                    let _spiteful = Spiteful;
                    pending().await
                }
                Order::Fail(what) => Err(Problem::Broken(what)),
                Order::Later(time) => {
                    tokio::time::sleep(time).await;
                    Ok(who)
                }
                Order::FailLater(time, what) => {
                    tokio::time::sleep(time).await;
                    Err(Problem::Broken(what))
                }
                Order::PanicLater(time) => {
                    tokio::time::sleep(time).await;
                    panic!("in the end")
                }
                Order::Never => pending().await,
                Order::Fused(fuse) => {
                    fuse.wrap(async {
                        for _ in 0..3 {
                            tokio::task::yield_now().await;
                        }
                    })
                    .await;
                    Ok(who)
                }
            }
        })
    }
}

/// A shop that takes `takes` to open.
pub fn shop<R, T, X>(
    plan: &Plan,
    takes: Duration,
    builder: SupervisedBuilder<R, T, X>,
) -> (Supervised<Shop, R, T, X>, Child)
where
    R: Send + Sync + 'static,
    T: Send + Sync + 'static,
{
    let plan = plan.clone();
    let factory = move |cx: Context| {
        let plan = plan.clone();
        async move {
            tokio::time::sleep(takes).await;
            Ok::<_, BoxError>(plan.open(&cx))
        }
    };
    builder.build(factory).expect("it is valid")
}

/// A shop in a tree of its own; it opens in no time, and is opened again and again.
pub struct Town {
    pub shop: Supervised<Shop>,
    pub root: Supervisor,
    pub plan: Plan,
    pub seen: Seen,
}

impl Town {
    pub async fn new() -> Self {
        Self::with(|builder| builder, Duration::ZERO, 100).await
    }

    /// A town whose shop takes `takes` to open, at most so many times more.
    pub async fn with(
        build: impl FnOnce(SupervisedBuilder) -> SupervisedBuilder,
        takes: Duration,
        restarts: u32,
    ) -> Self {
        let (plan, seen) = (Plan::default(), Seen::new());
        let (shop, child) = shop(&plan, takes, build(builder()));
        let root = Supervisor::builder("town")
            .intensity(restarts, secs(5))
            .events(&seen.events)
            .child(child);
        let root = root.start().await.expect("it starts");
        Self {
            shop,
            root,
            plan,
            seen,
        }
    }

    /// The reasons of the crashes since the last call.
    pub fn crashes(&self) -> Vec<String> {
        let crashes = self.seen.crashes().into_iter();
        crashes.map(|crash| crash.reason.to_string()).collect()
    }
}

pub fn builder() -> SupervisedBuilder {
    Supervised::builder("shop")
}

/// Readies a handle and calls it.
pub async fn ask<S>(shop: &mut S, order: Order) -> Result<u64, Problem>
where
    S: Service<Order, Response = u64, Error = Problem>,
{
    shop.ready().await?.call(order).await
}

/// Why a call was rejected, and whether it may have been executed.
#[track_caller]
pub fn rejection<T: std::fmt::Debug>(result: Result<T, Problem>) -> (Reason, Executed) {
    match result {
        Err(Problem::Rejected(rejected)) => {
            assert_eq!(rejected.component().to_string(), "shop");
            (rejected.reason(), rejected.executed())
        }
        other => panic!("not rejected: {other:?}"),
    }
}

pub const CRASHED: (Reason, Executed) = (Reason::Crashed, Executed::Maybe);
pub const RESTARTING: (Reason, Executed) = (Reason::Restarting, Executed::No);
pub const SHUTTING_DOWN: (Reason, Executed) = (Reason::ShuttingDown, Executed::No);
pub const CUT_OFF: (Reason, Executed) = (Reason::ShuttingDown, Executed::Maybe);
pub const STOPPED: (Reason, Executed) = (Reason::Stopped, Executed::No);
