//! One pool of connections to a database, split: main 20, analytics 5, reporting 5.
//!
//! The database is a real one on disk, with 5,000 patients. The application looks patients up one by one, all the time,
//! and waits for no more than 100 ms. Reporting counts the patients of a ward now and then. Then analytics wants to know 60
//! things at once, each of which reads the whole table, slowly. Without a bulkhead these take all connections of the pool, and
//! whoever wants to look something up waits for them. With one, they have five connections at a time, and the others wait
//! their turn.
//!
//! Run it: `cargo run -p seaworthy-examples --example database_pools`
//!
//! What you should see: what became of the queries of each kind, without and with the bulkhead, and the claims that the
//! program has checked. It runs in real time. Analytics is slow because it pauses after each part of the table, as if it
//! came from a slow disk: so it takes up a connection, and not the processors of the machine.

#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use redb::{Database, ReadTransaction, ReadableDatabase, TableDefinition};
use seaworthy_bulkhead::{Bulkhead, Partition};
use seaworthy_core::{BoxError, ConfigError};
use tokio::sync::Semaphore;
use tokio::task::{JoinSet, block_in_place};
use tokio::time::{Instant, interval, sleep, timeout};

/// The ward of each patient, by number.
const PATIENTS: TableDefinition<'_, u64, u64> = TableDefinition::new("patients");
const COUNT: u64 = 5_000;
const WARDS: u64 = 40;

/// Connections to the database.
const CONNECTIONS: u32 = 30;

/// How long look-ups come, and how often.
const LENGTH: Duration = Duration::from_millis(1200);
const EVERY: Duration = Duration::from_millis(4);

/// How long the application waits for a look-up.
const PATIENCE: Duration = Duration::from_millis(100);

/// When analytics begins, and with how many queries.
const ANALYTICS_AT: Duration = Duration::from_millis(300);
const ANALYTICS: usize = 60;

/// How much of the table analytics reads at a time, and for how long it pauses then.
const PART: u64 = 250;
const PAUSE: Duration = Duration::from_millis(10);

/// The database, and a pool of connections, first come, first served.
#[derive(Clone)]
struct Pool {
    database: Arc<Database>,
    connections: Arc<Semaphore>,
}

impl Pool {
    fn open(file: &Path) -> Result<Self, redb::Error> {
        let database = Database::create(file)?;
        let transaction = database.begin_write()?;
        {
            let mut patients = transaction.open_table(PATIENTS)?;
            for id in 0..COUNT {
                patients.insert(id, id % WARDS)?;
            }
        }
        transaction.commit()?;
        Ok(Self {
            database: Arc::new(database),
            connections: Arc::new(Semaphore::new(CONNECTIONS as usize)),
        })
    }

    /// Has a connection, once one is free, for as long as the query takes.
    async fn query<T>(
        &self,
        query: impl AsyncFnOnce(ReadTransaction) -> Result<T, redb::Error>,
    ) -> Result<T, BoxError> {
        let _connection = self.connections.acquire().await?;
        let connection = self.database.begin_read().map_err(redb::Error::from)?;
        Ok(query(connection).await?)
    }

    /// In which ward is this patient? One page of the database.
    async fn look_up(self, id: u64) -> Result<u64, BoxError> {
        let ward = self.query(async |connection| {
            let patients = connection.open_table(PATIENTS)?;
            Ok(patients.get(id)?.map(|ward| ward.value()))
        });
        ward.await?.ok_or_else(|| "no such patient".into())
    }

    /// How many of the first patients are in this ward?
    async fn report(self, ward: u64) -> Result<u64, BoxError> {
        self.query(async |connection| count(&connection, 0..PART, ward))
            .await
    }

    /// How many patients are in this ward? Reads everything, and takes its time.
    async fn analyse(self, ward: u64) -> Result<u64, BoxError> {
        let query = async |connection: ReadTransaction| {
            let mut sum = 0;
            for part in 0..COUNT / PART {
                sum += count(&connection, part * PART..(part + 1) * PART, ward)?;
                sleep(PAUSE).await;
            }
            Ok(sum)
        };
        self.query(query).await
    }
}

fn count(
    connection: &ReadTransaction,
    ids: std::ops::Range<u64>,
    ward: u64,
) -> Result<u64, redb::Error> {
    block_in_place(|| {
        let patients = connection.open_table(PATIENTS)?;
        let mut sum = 0;
        for patient in patients.range(ids)? {
            sum += u64::from(patient?.1.value() == ward);
        }
        Ok(sum)
    })
}

/// The three parts of the pool. What is the application's own is not lent; the others have what is theirs, and no more.
/// Analytics may wait for it.
struct Parts {
    whole: Bulkhead,
    main: Bulkhead,
    analytics: Bulkhead,
    reporting: Bulkhead,
}

impl Parts {
    fn new() -> Result<Self, ConfigError> {
        let of = |connections: u32| f64::from(connections) / f64::from(CONNECTIONS);
        let whole = Bulkhead::builder("database")
            .max_concurrent(CONNECTIONS)
            .max_waiting(100)
            .max_wait(Duration::from_secs(10))
            .partition(Partition::new("main").guaranteed(of(20)).lends(false))
            .partition(Partition::new("reporting").guaranteed(of(5)).borrows(false))
            .partition(Partition::new("analytics").guaranteed(of(5)).borrows(false))
            .build()?;
        let part = |name| {
            whole
                .partition(name)
                .unwrap_or_else(|| unreachable!("it was just made"))
        };
        let (main, analytics, reporting) = (part("main"), part("analytics"), part("reporting"));
        Ok(Self {
            whole,
            main,
            analytics,
            reporting,
        })
    }
}

/// What became of the queries of one kind.
#[derive(Default)]
struct Figures {
    asked: usize,
    answered: usize,
    longest: Duration,
    /// The most that had a connection, or waited for one in the pool, at a time.
    most: u64,
}

/// Queries of one kind, whoever lets them through.
struct Kind {
    bulkhead: Option<Bulkhead>,
    patience: Duration,
    inside: Arc<AtomicU64>,
    most: Arc<AtomicU64>,
    queries: JoinSet<(bool, Duration)>,
}

impl Kind {
    fn new(bulkhead: Option<&Bulkhead>, patience: Duration) -> Self {
        Self {
            bulkhead: bulkhead.cloned(),
            patience,
            inside: Arc::default(),
            most: Arc::default(),
            queries: JoinSet::new(),
        }
    }

    /// Somebody asks, and waits for so long.
    fn ask(&mut self, query: impl Future<Output = Result<u64, BoxError>> + Send + 'static) {
        let (bulkhead, patience) = (self.bulkhead.clone(), self.patience);
        let (inside, most) = (Arc::clone(&self.inside), Arc::clone(&self.most));
        self.queries.spawn(async move {
            let began = Instant::now();
            let counted = async {
                let _inside = Inside::enter(&inside, &most);
                query.await
            };
            let answer = async {
                match bulkhead {
                    Some(bulkhead) => bulkhead.call(counted).await,
                    None => counted.await,
                }
            };
            let answer = timeout(patience, answer).await;
            (matches!(answer, Ok(Ok(_))), began.elapsed())
        });
    }

    async fn figures(self) -> Figures {
        let ends = self.queries.join_all().await;
        let answered = ends.iter().filter(|(answered, _)| *answered);
        Figures {
            asked: ends.len(),
            answered: answered.clone().count(),
            longest: answered.map(|(_, took)| *took).max().unwrap_or_default(),
            most: self.most.load(Relaxed),
        }
    }
}

/// A query that is at the pool.
struct Inside<'a>(&'a AtomicU64);

impl<'a> Inside<'a> {
    fn enter(inside: &'a AtomicU64, most: &AtomicU64) -> Self {
        most.fetch_max(inside.fetch_add(1, Relaxed) + 1, Relaxed);
        Self(inside)
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// Everybody asks; main, reporting, analytics.
async fn day(pool: &Pool, parts: Option<&Parts>) -> [Figures; 3] {
    let long = Duration::from_secs(10);
    let mut main = Kind::new(parts.map(|it| &it.main), PATIENCE);
    let mut reporting = Kind::new(parts.map(|it| &it.reporting), PATIENCE);
    let mut analytics = Kind::new(parts.map(|it| &it.analytics), long);
    let (began, mut due, mut number) = (Instant::now(), interval(EVERY), 0);
    while began.elapsed() < LENGTH {
        due.tick().await;
        number += 1;
        main.ask(pool.clone().look_up(number * 37 % COUNT));
        if number.is_multiple_of(10) {
            reporting.ask(pool.clone().report(number % WARDS));
        }
        if analytics.queries.is_empty() && began.elapsed() >= ANALYTICS_AT {
            for ward in 0..ANALYTICS as u64 {
                analytics.ask(pool.clone().analyse(ward % WARDS));
            }
        }
    }
    tokio::join!(main.figures(), reporting.figures(), analytics.figures()).into()
}

fn print(title: &str, figures: &[Figures; 3]) {
    println!("{title}");
    println!("             asked  answered  longest  most at the pool");
    for (name, it) in ["main", "reporting", "analytics"].iter().zip(figures) {
        let longest = it.longest.as_millis();
        println!(
            "{name:<12}{:>6}{:>10}{longest:>6} ms{:>18}",
            it.asked, it.answered, it.most
        );
    }
    println!();
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
    let folder = tempfile::tempdir()?;
    let pool = Pool::open(&folder.path().join("patients.redb"))?;
    println!("{ANALYTICS} slow queries at once, for a pool of {CONNECTIONS} connections.\n");
    let without = day(&pool, None).await;
    print("One pool for all:", &without);
    let parts = Parts::new()?;
    let with = day(&pool, Some(&parts)).await;
    print("Split in main 20, reporting 5, analytics 5:", &with);

    let [main_without, ..] = &without;
    let [main, reporting, analytics] = &with;
    check(
        "in one pool, an eighth of the look-ups were given up",
        main_without.answered * 8 <= main_without.asked * 7,
    )?;
    check(
        "in a pool that is split, every look-up was answered in time",
        main.answered == main.asked,
    )?;
    check("so was every report", reporting.answered == reporting.asked)?;
    check(
        "analytics had five connections at the most, and waited its turn: all of it was answered",
        analytics.most <= 5 && analytics.answered == ANALYTICS,
    )?;
    check(
        "all connections are back",
        parts.whole.total().in_flight == 0,
    )
}
