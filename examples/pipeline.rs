//! A pipeline in which each stage depends on the one before it: rest-for-one.
//!
//! A reader hands records to a processor, and that hands its results to a writer. To be fed, a stage subscribes
//! to the one before it, from the first record on that is not written yet. When the processor crashes, the writer
//! listens to nobody: so both are restarted, in order, and go on where the writing stopped. The reader, which
//! needs long to read its file, is left alone. When the writer crashes, only the writer is restarted.
//!
//! Records that were under way in a crash are sent again, and the writer refuses to write one twice or out of
//! order: each is written exactly once in effect.
//!
//! Run it: `cargo run -p seaworthy-examples --example pipeline`
//!
//! What you should see: every start and crash of a stage, and the claims that the program has checked.

#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use seaworthy_core::BoxError;
use seaworthy_core::event::{self, Events};
use seaworthy_supervisor::{
    AutoShutdown, Builder, Child, ChildResult, Context, Ended, Restart, Strategy, Supervisor,
    SupervisorEvent,
};
use tokio::sync::mpsc;
use tokio::time;

const RECORDS: usize = 1000;

/// What flows from stage to stage.
enum Item<T> {
    /// The record of this number.
    Record(usize, T),
    /// There are no more. A stream that just ends means that the stage before has crashed.
    End,
}

/// Who wants to be fed, and from which record on.
struct Subscription<T> {
    from: usize,
    to: mpsc::Sender<Item<T>>,
}

/// Where the next stage subscribes. It outlives the stage behind it.
struct Outlet<T> {
    door: mpsc::Sender<Subscription<T>>,
    subscriptions: tokio::sync::Mutex<mpsc::Receiver<Subscription<T>>>,
}

impl<T> Outlet<T> {
    fn new() -> Self {
        let (door, subscriptions) = mpsc::channel(8);
        let subscriptions = tokio::sync::Mutex::new(subscriptions);
        Self {
            door,
            subscriptions,
        }
    }

    async fn subscribe(&self, from: usize) -> Result<mpsc::Receiver<Item<T>>, BoxError> {
        let (to, items) = mpsc::channel(16);
        let sent = self.door.send(Subscription { from, to }).await;
        sent.map_err(|_| "the outlet is gone")?;
        Ok(items)
    }
}

/// The file that is written.
#[derive(Default)]
struct Output(Mutex<Vec<i64>>);

impl Output {
    fn lines(&self) -> MutexGuard<'_, Vec<i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first record that is not written.
    fn next(&self) -> usize {
        self.lines().len()
    }

    fn write(&self, number: usize, line: i64) -> Result<(), BoxError> {
        let mut lines = self.lines();
        if number != lines.len() {
            return Err(format!("record {number} where {} should be", lines.len()).into());
        }
        lines.push(line);
        Ok(())
    }
}

/// What the stages share.
struct Pipeline {
    records: Outlet<String>,
    sums: Outlet<i64>,
    output: Output,
    files_read: AtomicUsize,
    processor_bug: Bug,
    writer_bug: Bug,
}

/// A crash at this record, the first time it comes by.
struct Bug {
    at: usize,
    met: AtomicBool,
}

impl Bug {
    fn at(at: usize) -> Self {
        let met = AtomicBool::new(false);
        Self { at, met }
    }

    fn strike(&self, number: usize) -> ChildResult {
        if number == self.at && !self.met.swap(true, Relaxed) {
            return Err(format!("a bug at record {number}").into());
        }
        Ok(())
    }
}

/// Reads the file once, and hands it to whoever subscribes, as often as need be.
async fn reader(cx: Context, pipeline: Arc<Pipeline>) -> ChildResult {
    let mut subscriptions = pipeline.records.subscriptions.lock().await;
    let records = read_file(&pipeline).await;
    while let Some(Subscription { mut from, to }) = subscriptions.recv().await {
        let records = Arc::clone(&records);
        // The subscriber may be gone before all is sent: the next one is served meanwhile.
        cx.spawn(async move {
            while let Some(record) = records.get(from) {
                to.send(Item::Record(from, record.clone())).await.ok()?;
                from += 1;
            }
            to.send(Item::End).await.ok()
        });
    }
    Ok(())
}

/// Lines of two numbers. This takes so long that nobody wants to do it again after each crash.
async fn read_file(pipeline: &Pipeline) -> Arc<[String]> {
    pipeline.files_read.fetch_add(1, Relaxed);
    time::sleep(Duration::from_millis(200)).await;
    let line = |number| format!("{number} {}", number * 2);
    (0..RECORDS).map(line).collect()
}

/// Feeds one subscriber at a time with the sums of the numbers in each record.
async fn processor(_cx: Context, pipeline: Arc<Pipeline>) -> ChildResult {
    let mut subscriptions = pipeline.sums.subscriptions.lock().await;
    while let Some(Subscription { from, to }) = subscriptions.recv().await {
        let mut records = pipeline.records.subscribe(from).await?;
        while let Some(item) = records.recv().await {
            let item = match item {
                Item::Record(number, record) => {
                    pipeline.processor_bug.strike(number)?;
                    Item::Record(number, sum(&record)?)
                }
                Item::End => Item::End,
            };
            if to.send(item).await.is_err() {
                break; // the writer is gone; its successor will subscribe
            }
        }
    }
    Ok(())
}

fn sum(record: &str) -> Result<i64, BoxError> {
    let mut sum = 0;
    for number in record.split(' ') {
        // Let it crash: who cannot read a record does not guess.
        sum += number.parse::<i64>()?;
    }
    Ok(sum)
}

/// Writes until the end. Its own end, if it is a good one, ends the pipeline.
async fn writer(cx: Context, pipeline: Arc<Pipeline>) -> ChildResult {
    let mut sums = pipeline.sums.subscribe(pipeline.output.next()).await?;
    while let Some(item) = sums.recv().await {
        match item {
            Item::Record(number, sum) => {
                pipeline.writer_bug.strike(number)?;
                pipeline.output.write(number, sum)?;
            }
            Item::End => return Ok(()),
        }
    }
    // The processor has crashed. Under rest-for-one this stage is stopped in a moment, and started after it.
    cx.shutdown().await;
    Ok(())
}

/// A child that is a stage of the pipeline.
fn stage<Fut>(
    id: &'static str,
    pipeline: &Arc<Pipeline>,
    body: fn(Context, Arc<Pipeline>) -> Fut,
) -> Child
where
    Fut: Future<Output = ChildResult> + Send + 'static,
{
    let pipeline = Arc::clone(pipeline);
    Child::task(id, move |cx| body(cx, pipeline.clone()))
}

fn tree(pipeline: &Arc<Pipeline>) -> Builder {
    let writer = stage("writer", pipeline, writer)
        .restart(Restart::Transient) // when all is written, that is it
        .significant(true);
    Supervisor::builder("pipeline")
        .strategy(Strategy::RestForOne)
        .auto_shutdown(AutoShutdown::AnySignificant)
        .child(stage("reader", pipeline, reader))
        .child(stage("processor", pipeline, processor))
        .child(writer)
}

/// How often the reader, the processor and the writer were started, and how the pipeline ended.
type Story = ([u32; 3], Ended);

/// Prints what happens until the pipeline has ended.
async fn watch(mut events: event::Subscription) -> Result<Story, BoxError> {
    let mut starts = [0; 3];
    while let Some(event) = events.recv().await {
        match event.detail() {
            Some(SupervisorEvent::ChildStarted { path, .. }) => {
                println!("{event}");
                let [reader, processor, writer] = &mut starts;
                let stage = match &**path {
                    "pipeline/reader" => reader,
                    "pipeline/processor" => processor,
                    _ => writer,
                };
                *stage += 1;
            }
            Some(SupervisorEvent::ChildCrashed(_)) => println!("{event}"),
            Some(SupervisorEvent::SupervisorExited { ended, .. }) => {
                println!("{event}\n");
                return Ok((starts, ended.clone()));
            }
            _ => {}
        }
    }
    Err("nobody tells how the pipeline ended".into())
}

fn check(claim: &str, came_true: bool) -> Result<(), BoxError> {
    if !came_true {
        return Err(format!("not true: {claim}").into());
    }
    println!("checked: {claim}");
    Ok(())
}

async fn run() -> Result<(), BoxError> {
    let pipeline = Arc::new(Pipeline {
        records: Outlet::new(),
        sums: Outlet::new(),
        output: Output::default(),
        files_read: AtomicUsize::new(0),
        processor_bug: Bug::at(400),
        writer_bug: Bug::at(700),
    });
    let events = Events::new();
    let story = events.subscribe(NonZeroUsize::MIN.saturating_add(1023));
    let _root = tree(&pipeline).events(&events).start().await?;
    let (starts, ended) = watch(story).await?;

    check(
        "the pipeline ended because all was written",
        matches!(ended, Ended::AutoShutdown),
    )?;
    check(
        "the reader was started once, the processor twice, the writer three times",
        starts == [1, 2, 3],
    )?;
    check(
        "the file was read once",
        pipeline.files_read.load(Relaxed) == 1,
    )?;
    let expected = (0..RECORDS as i64).map(|number| number * 3);
    check(
        &format!("each of {RECORDS} records was written exactly once, in order"),
        pipeline.output.lines().iter().copied().eq(expected),
    )
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    time::timeout(Duration::from_secs(20), run()).await?
}
