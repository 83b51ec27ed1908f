//! One service, and three classes of work for it: critical, normal, background.
//!
//! The service has 20 hands. Critical and normal calls come all the time and keep four of them busy; whoever calls waits
//! for 200 ms and then gives up. Then 300 background jobs come at once, which is work for almost a second. Without a
//! bulkhead they stand in line before everybody else. With one that is partitioned they get what the others leave: the
//! places of critical work are never lent; those of normal work are, and come back one by one as soon as it needs them.
//!
//! Run it: `cargo run -p seaworthy-examples --example pools`
//!
//! What you should see: a table of what became of each class, without and with the bulkhead, what the bulkhead looked
//! like in the middle of the burst, and the claims that the program has checked. It runs in real time; the work is a timer.

#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use std::sync::Arc;
use std::time::Duration;

use seaworthy_bulkhead::{Bulkhead, Demand, Partition};
use seaworthy_core::{BoxError, ConfigError, Reason, Rejected};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};
use tower::util::BoxCloneSyncService;
use tower::{ServiceExt, service_fn};

/// What the service can work on at a time.
const HANDS: u32 = 20;

/// How long critical and normal calls come.
const LENGTH: Duration = Duration::from_millis(1500);

/// When the background jobs come, and how many.
const BURST_AT: Duration = Duration::from_millis(300);
const BURST: usize = 300;

/// For how long a caller waits. Background jobs have time.
const PATIENCE: Duration = Duration::from_millis(200);

/// After how long a background job that was turned away comes again.
const LATER: Duration = Duration::from_millis(50);

/// If a timer is so late, the machine was busy with something else.
const AWAY: Duration = Duration::from_millis(5);

/// The most important first, as the partitions are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Critical,
    Normal,
    Background,
}

const CLASSES: [Class; 3] = [Class::Critical, Class::Normal, Class::Background];

impl Class {
    fn work(self) -> Duration {
        Duration::from_millis(match self {
            Self::Critical => 5,
            Self::Normal => 10,
            Self::Background => 60,
        })
    }

    /// How often one comes.
    fn every(self) -> Duration {
        Duration::from_millis(4)
    }
}

type Pool = BoxCloneSyncService<Class, (), BoxError>;

/// The service that all of them share: whoever finds no hand free waits in line.
fn service() -> Pool {
    let hands = Arc::new(Semaphore::new(HANDS as usize));
    BoxCloneSyncService::new(service_fn(move |class: Class| {
        let hands = Arc::clone(&hands);
        async move {
            let _hand = hands.acquire().await?;
            sleep(class.work()).await;
            Ok(())
        }
    }))
}

/// As many as there are hands may come in: six of each of the upper classes are their own. Others wait outside, for as
/// long as it takes until a background job is done and gives back what it has borrowed, and a little more.
fn bulkhead() -> Result<Bulkhead, ConfigError> {
    Bulkhead::builder("pools")
        .max_concurrent(HANDS)
        .max_waiting(20)
        .max_wait(Duration::from_millis(100))
        .partition(Partition::new("critical").guaranteed(0.3).lends(false))
        .partition(Partition::new("normal").guaranteed(0.3))
        .partition(Partition::new("background"))
        .build()
}

fn behind(bulkhead: &Bulkhead) -> Pool {
    let layer = bulkhead
        .layer()
        .demand(|class: &Class| Demand::default().partition(*class as usize));
    BoxCloneSyncService::new(tower::ServiceBuilder::new().layer(layer).service(service()))
}

/// What became of a call.
#[derive(Clone, Copy)]
struct Fate {
    class: Class,
    /// How long it took, if it was served.
    took: Option<Duration>,
    /// How often it was turned away.
    turned_away: usize,
}

/// One caller who does not come again.
async fn call(pool: Pool, class: Class) -> Fate {
    let began = Instant::now();
    let outcome = timeout(PATIENCE, pool.oneshot(class)).await;
    let turned_away = matches!(&outcome, Ok(Err(error)) if is_full(error));
    Fate {
        class,
        took: matches!(outcome, Ok(Ok(()))).then(|| began.elapsed()),
        turned_away: usize::from(turned_away),
    }
}

fn is_full(error: &BoxError) -> bool {
    let reason = Rejected::find_in(&**error).map(Rejected::reason);
    reason == Some(Reason::BulkheadFull)
}

/// One job that comes again until it is done.
async fn insist(pool: Pool) -> Fate {
    let (began, class) = (Instant::now(), Class::Background);
    let mut turned_away = 0;
    while let Err(error) = pool.clone().oneshot(class).await {
        if !is_full(&error) {
            let took = None;
            return Fate {
                class,
                took,
                turned_away,
            };
        }
        turned_away += 1;
        sleep(LATER).await;
    }
    let took = Some(began.elapsed());
    Fate {
        class,
        took,
        turned_away,
    }
}

/// Everybody comes, until the last background job is done.
async fn storm(pool: &Pool, in_the_middle: impl FnOnce()) -> (Vec<Fate>, usize) {
    let away = tokio::spawn(times_away());
    let mut calls = JoinSet::new();
    let steady = async |class: Class| {
        let (mut calls, began) = (JoinSet::new(), Instant::now());
        let mut due = interval(class.every());
        // Callers who could not come while the machine was busy with something else do not come all at once.
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while began.elapsed() < LENGTH {
            due.tick().await;
            calls.spawn(call(pool.clone(), class));
        }
        calls.join_all().await
    };
    let burst = async {
        sleep(BURST_AT).await;
        for _ in 0..BURST {
            calls.spawn(insist(pool.clone()));
        }
        sleep(Duration::from_millis(200)).await;
        in_the_middle();
        calls.join_all().await
    };
    let (critical, normal, background) =
        tokio::join!(steady(Class::Critical), steady(Class::Normal), burst);
    let away = away.await.unwrap_or_default();
    ([critical, normal, background].concat(), away)
}

/// For how many callers there was no time, since the machine was busy with something else when they came, or were to be
/// served: what becomes of these says nothing about pools.
async fn times_away() -> usize {
    let (began, every) = (Instant::now(), Class::Critical.every());
    let mut away = 0;
    while began.elapsed() < LENGTH {
        let before = Instant::now();
        sleep(every).await;
        let late = before.elapsed().saturating_sub(every);
        if late > AWAY {
            // Those of one patience before were still there.
            away += ((late + PATIENCE).as_millis() / every.as_millis()) as usize;
        }
    }
    away
}

/// What became of one class.
struct Row {
    asked: usize,
    served: usize,
    longest: Duration,
    /// Served, and for longer than twice what the work takes.
    waited: usize,
    turned_away: usize,
}

fn row(fates: &[Fate], class: Class) -> Row {
    let of_class = || fates.iter().filter(|it| it.class == class);
    let times = || of_class().filter_map(|it| it.took);
    Row {
        asked: of_class().count(),
        served: times().count(),
        longest: of_class()
            .filter_map(|it| it.took)
            .max()
            .unwrap_or_default(),
        waited: times().filter(|it| *it > 2 * class.work()).count(),
        turned_away: of_class().map(|it| it.turned_away).sum(),
    }
}

fn print(title: &str, fates: &[Fate]) -> [Row; 3] {
    println!("{title}");
    println!("             asked  served  longest  turned away");
    CLASSES.map(|class| {
        let row = row(fates, class);
        println!(
            "{:<12}{:>6}{:>8}{:>6} ms{:>13}",
            format!("{class:?}").to_lowercase(),
            row.asked,
            row.served,
            row.longest.as_millis(),
            row.turned_away
        );
        row
    })
}

/// Ends the program if it was not so.
fn check(claim: &str, came_true: bool) -> Result<(), BoxError> {
    if !came_true {
        return Err(format!("not true: {claim}").into());
    }
    println!("checked: {claim}");
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    println!("{BURST} background jobs at once, for a service with {HANDS} hands.\n");
    let (fates, _) = storm(&service(), || ()).await;
    let [critical_without, ..] = print("Without a bulkhead:", &fates);

    let bulkhead = bulkhead()?;
    let pool = behind(&bulkhead);
    println!();
    let (fates, away) = storm(&pool, || {
        println!("The bulkhead in the middle of the burst:");
        println!("{}\n", bulkhead.snapshot());
    })
    .await;
    let [critical, normal, background] = print("With it:", &fates);

    println!();
    if away > 0 {
        println!(
            "The machine was busy with something else; {away} callers of each class do not count.\n"
        );
    }
    check(
        "without it, a third of the critical callers gave up",
        critical_without.served * 3 <= critical_without.asked * 2,
    )?;
    check(
        "with it, every critical call was served",
        critical.served + away >= critical.asked,
    )?;
    check(
        "19 of 20 of them did not wait for others",
        critical.waited * 20 <= critical.asked + 20 * away,
    )?;
    check(
        "19 of 20 normal ones were, who waited for what was lent",
        (normal.served + away) * 20 >= normal.asked * 19,
    )?;
    check(
        "the background jobs were turned away, came again, and were all done",
        background.turned_away > 0 && background.served == BURST,
    )?;
    check(
        "nothing is left in the bulkhead",
        bulkhead.total().in_flight == 0 && bulkhead.total().waiting == 0,
    )
}
