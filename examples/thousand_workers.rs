//! A thousand patients, a worker for each: what happens to one is no business of the others.
//!
//! Each worker follows the readings of its patient. Patient 500 sends one that is no number. The worker of that
//! patient crashes on it and is restarted; the other 999 do not notice, and keep what they have in memory.
//!
//! Run it: `cargo run -p seaworthy-examples --example thousand_workers`
//!
//! What you should see: how long it took to start all and to restart one (measured, on your machine), the crash, and
//! the claims that the program has checked.

#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use seaworthy_core::BoxError;
use seaworthy_core::event::Subscription;
use seaworthy_supervisor::{
    Child, ChildId, ChildInfo, ChildResult, Context, DynamicSupervisor, SupervisorEvent,
};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::{self, Instant};

const PATIENTS: u64 = 1000;

const UNLUCKY: u64 = 500;

/// What a worker is told.
enum Message {
    /// A reading, as it came over the wire.
    Reading(String),
    /// How many readings it has taken in, and their mean.
    Summary(oneshot::Sender<(u32, f64)>),
}

/// What a worker is started with, each time.
#[derive(Clone)]
struct Patient {
    /// Outlives the worker: what was sent to the one that crashed is read by the next.
    inbox: Arc<Mutex<mpsc::Receiver<Message>>>,
}

/// A patient, as seen by whoever sends readings.
struct Bed {
    door: mpsc::Sender<Message>,
}

impl Bed {
    fn new() -> (Self, Patient) {
        let (door, inbox) = mpsc::channel(16);
        let inbox = Arc::new(Mutex::new(inbox));
        (Self { door }, Patient { inbox })
    }

    async fn reading(&self, text: &str) -> Result<(), BoxError> {
        Ok(self.door.send(Message::Reading(text.to_owned())).await?)
    }

    async fn summary(&self) -> Result<(u32, f64), BoxError> {
        let (answer, summary) = oneshot::channel();
        self.door.send(Message::Summary(answer)).await?;
        Ok(summary.await?)
    }
}

/// The worker of one patient.
async fn follow(_cx: Context, patient: Patient) -> ChildResult {
    let mut inbox = patient.inbox.lock().await;
    let (mut readings, mut sum) = (0, 0.0);
    while let Some(message) = inbox.recv().await {
        match message {
            Message::Reading(text) => {
                // Let it crash: there is no reading to go on with.
                let reading: f64 = text
                    .parse()
                    .map_err(|_| format!("`{text}` is no reading"))?;
                readings += 1;
                sum += reading;
            }
            Message::Summary(answer) => {
                // Who asked may be gone.
                let _ = answer.send((readings, sum / f64::from(readings)));
            }
        }
    }
    Ok(())
}

/// Starts a worker for each patient. The first gets the number 1, and so on.
async fn admit(ward: &DynamicSupervisor<Patient>) -> Result<Vec<Bed>, BoxError> {
    let mut beds = Vec::new();
    for _ in 0..PATIENTS {
        let (bed, patient) = Bed::new();
        ward.start_child(patient).await?;
        beds.push(bed);
    }
    Ok(beds)
}

/// Waits for a crash and the restart after it, and prints the crash.
async fn restarted(events: &mut Subscription) -> Result<(), BoxError> {
    let mut has_crashed = false;
    while let Some(event) = events.recv().await {
        match event.detail() {
            Some(SupervisorEvent::ChildCrashed(_)) => {
                println!("{event}");
                has_crashed = true;
            }
            Some(SupervisorEvent::ChildStarted { .. }) if has_crashed => return Ok(()),
            _ => {}
        }
    }
    Err("the ward has closed".into())
}

/// Which incarnation of each worker runs.
async fn incarnations(
    ward: &DynamicSupervisor<Patient>,
) -> Result<HashMap<ChildId, u64>, BoxError> {
    let children = ward.which_children().await?;
    let running = |child: ChildInfo| Some((child.id, child.incarnation?));
    Ok(children.into_iter().filter_map(running).collect())
}

fn check(claim: &str, came_true: bool) -> Result<(), BoxError> {
    if !came_true {
        return Err(format!("not true: {claim}").into());
    }
    println!("checked: {claim}");
    Ok(())
}

async fn run() -> Result<(), BoxError> {
    let ward = DynamicSupervisor::builder("ward")
        .template(Child::template(follow))
        .start()
        .await?;

    let begin = Instant::now();
    let beds = admit(&ward).await?;
    println!("{PATIENTS} workers started in {:?}", begin.elapsed());
    let before = incarnations(&ward).await?;
    for bed in &beds {
        bed.reading("36.6").await?;
    }

    let mut events = ward
        .events()
        .ok_or("the ward does not run")?
        .subscribe(NonZeroUsize::MIN.saturating_add(63));
    let unlucky = beds.get(UNLUCKY as usize - 1).ok_or("no such patient")?;
    let begin = Instant::now();
    unlucky.reading("36.b").await?;
    restarted(&mut events).await?;
    println!(
        "from the bad reading to the new worker: {:?}",
        begin.elapsed()
    );

    let mut summaries = Vec::new();
    for bed in &beds {
        bed.reading("37.0").await?;
        summaries.push(bed.summary().await?);
    }
    println!();
    let after = incarnations(&ward).await?;
    let new: Vec<_> = after
        .iter()
        .filter(|(id, incarnation)| before.get(id) != Some(incarnation))
        .map(|(id, _)| id.clone())
        .collect();
    check(
        &format!("all {PATIENTS} workers run"),
        before.len() == beds.len() && after.len() == beds.len(),
    )?;
    check(
        &format!("only the worker of patient {UNLUCKY} is a new one"),
        new == [ChildId::Number(UNLUCKY)],
    )?;
    let whole = summaries.iter().filter(|(readings, _)| *readings == 2);
    check(
        &format!("the other {} have all their readings", PATIENTS - 1),
        whole.count() as u64 == PATIENTS - 1,
    )?;
    check(
        "the new one goes on with what came after the crash",
        summaries.get(UNLUCKY as usize - 1) == Some(&(1, 37.0)),
    )
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    time::timeout(Duration::from_secs(20), run()).await?
}
