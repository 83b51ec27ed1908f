//! What very many children cost: to start, to hold, to stop.

mod figures;
mod floor;
mod ours;

#[cfg(feature = "peers")]
mod kameo;
#[cfg(feature = "peers")]
mod ractor;
#[cfg(feature = "peers")]
mod ractor_supervisor;
#[cfg(feature = "peers")]
mod task_supervisor;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use seaworthy_benches::crowd::Crowd;
use seaworthy_benches::{Failure, clock};
use tokio::time::timeout;

use crate::contender::{self, Contender, Rounds, Task};
use crate::progress::Progress;
use crate::report::Report;
use crate::units::Unit;
use crate::{alloc, runtime, stats};

const GROUP: &str = "scale";

/// Who needs longer than this for 100,000 is not asked for a million: the rounds would take minutes,
/// and some would not fit into memory.
const PATIENCE_NS: f64 = 1e9;

/// How long the rounds of one contender may take together.
const BUDGET: Duration = Duration::from_secs(8);

/// How long a round may take.
const LIMIT: Duration = Duration::from_secs(90);

/// How long a stop may take.
const STOP_LIMIT: Duration = Duration::from_secs(45);

/// The same in a quick run.
const QUICK_STOP_LIMIT: Duration = Duration::from_secs(1);

/// How many children.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Size {
    Thousands,
    Million,
}

impl Size {
    fn name(self) -> &'static str {
        match self {
            Self::Thousands => "100k",
            Self::Million => "1m",
        }
    }

    fn children(self) -> usize {
        match self {
            Self::Thousands => 100_000,
            Self::Million => 1_000_000,
        }
    }
}

/// Somebody's way to hold a crowd.
trait Population: 'static {
    /// What keeps the children.
    type Tree: Send;

    /// Starts as many children as the crowd has places.
    fn start(crowd: Arc<Crowd>) -> impl Future<Output = Result<Self::Tree, Failure>> + Send;

    /// Stops them all.
    fn stop(tree: Self::Tree) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// One round's figures.
#[derive(Clone, Debug)]
struct Figures {
    start: Cost,
    bytes: usize,
    /// Or why it has none.
    stop: Result<Cost, Failure>,
}

/// What a start or a stop takes.
#[derive(Clone, Copy, Debug)]
struct Cost {
    ns: u64,
    allocs: usize,
}

type Run = fn(Arc<Crowd>, Duration) -> Task<Figures>;

/// A round: from the first start until all have been polled, and from the stop until all are gone.
async fn population<P: Population>(
    crowd: Arc<Crowd>,
    stop_limit: Duration,
) -> Result<Figures, Failure> {
    let bytes = alloc::live_bytes();
    let (tree, start) = cost(async {
        let tree = P::start(Arc::clone(&crowd)).await?;
        crowd.all_polled().await;
        Ok(tree)
    })
    .await?;
    let bytes = alloc::live_bytes().saturating_sub(bytes);
    let stop = cost(async {
        P::stop(tree).await?;
        crowd.all_gone().await;
        Ok(())
    });
    let stop = match timeout(stop_limit, stop).await {
        Ok(stop) => stop.map(|((), cost)| cost),
        Err(_) => Err(format!("not stopped after {} s", stop_limit.as_secs())),
    };
    Ok(Figures { start, bytes, stop })
}

/// What comes of a future, and what it cost.
async fn cost<T>(future: impl Future<Output = Result<T, Failure>>) -> Result<(T, Cost), Failure> {
    let allocs = alloc::allocations();
    let start = clock::now();
    let output = future.await?;
    let ns = clock::nanos(start.elapsed());
    Ok((
        output,
        Cost {
            ns,
            allocs: alloc::allocations() - allocs,
        },
    ))
}

/// How a population is run.
fn run<P: Population>() -> Run {
    |crowd, stop_limit| Box::pin(population::<P>(crowd, stop_limit))
}

/// Measures the group.
pub(crate) fn measure(quick: bool, progress: &Progress, report: &mut Report) -> io::Result<()> {
    for threads in runtime::THREADS {
        // A quick run asks the peers on one thread only.
        let asked = contenders(!quick || threads == 1);
        let all = crowds(asked, Size::Thousands, threads, quick, progress);
        for one in &all {
            figures::tell(one, Size::Thousands, threads, report)?;
        }
        if quick && threads > 1 {
            continue;
        }
        let mut asked = contenders(!quick);
        let mut left_out = Vec::new();
        asked.retain(|contender| {
            let slow = all
                .iter()
                .filter(|one| one.who == contender.who)
                .find_map(too_slow);
            let stays = slow.is_none() && contender.who != ours::STATIC;
            left_out.extend(slow.map(|why| (contender.who.clone(), why)));
            stays
        });
        for one in crowds(asked, Size::Million, threads, quick, progress) {
            figures::tell(&one, Size::Million, threads, report)?;
        }
        for (who, why) in left_out {
            figures::miss(&who, Size::Million, threads, &why, report);
        }
    }
    Ok(())
}

fn contenders(with_peers: bool) -> Vec<Contender<Run>> {
    let mut all = ours::contenders();
    all.push(floor::contender());
    #[cfg(feature = "peers")]
    if with_peers {
        all.extend([
            ractor::contender(),
            ractor_supervisor::contender(),
            kameo::contender(),
            task_supervisor::contender(),
        ]);
    }
    #[cfg(not(feature = "peers"))]
    let _ = with_peers;
    all
}

/// Everybody's rounds with a crowd of this size.
fn crowds(
    contenders: Vec<Contender<Run>>,
    size: Size,
    threads: usize,
    quick: bool,
    progress: &Progress,
) -> Vec<Rounds<Run, Figures>> {
    let (rounds, stop_limit) = match (quick, size) {
        (true, _) => (1, QUICK_STOP_LIMIT),
        (false, Size::Thousands) => (9, STOP_LIMIT),
        (false, Size::Million) => (3, STOP_LIMIT),
    };
    progress.case(GROUP, size.name(), threads);
    let what = format!("{GROUP} {}, {threads} thread(s)", size.name());
    contender::interleave(contenders, rounds, BUDGET, &what, progress, |run| {
        runtime::run(threads, LIMIT, run(Crowd::new(size.children()), stop_limit))?
    })
}

/// Why somebody is not asked for a million after these rounds with 100,000.
fn too_slow(one: &Rounds<Run, Figures>) -> Option<String> {
    if one.done.is_empty() {
        return one.trouble.clone();
    }
    let both = |figures: &Figures| Some((figures.start.ns + figures.stop.as_ref().ok()?.ns) as f64);
    let Some(took) = stats::median(one.done.iter().filter_map(both)) else {
        return Some("not asked, since it did not stop 100,000".to_owned());
    };
    let shown = Unit::Nanos.show(took);
    (took > PATIENCE_NS).then(|| format!("not asked, since 100,000 took it {shown}"))
}
