//! What the program does with nobody at the terminal: it kills one part after the other, and then itself, and looks
//! after each whether Alice's list is there. Three others put entries on their lists all the while.

use std::collections::HashSet;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use seaworthy::core::BoxError;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::Command;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time;

use crate::list::{self, Lists, Request};
use crate::prompt::obey;
use crate::system::System;

/// Nobody goes to sleep, unless it is about that.
const AWAKE: Duration = Duration::from_secs(60);

/// What is done to the system, and what that is.
const CRASHES: [(&str, &str); 6] = [
    ("kill Alice", "her list server was killed"),
    ("kill worker-1", "a database worker was killed"),
    (
        "add Alice a bug report",
        "a worker crashed with her entry in its hands",
    ),
    ("kill database", "all database workers were killed"),
    ("kill cache", "all list servers were killed"),
    (
        "add Mallory poison",
        "an entry of somebody else killed whichever worker had it",
    ),
];

pub(crate) async fn play() -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    let system = System::start(folder, AWAKE).await?;
    let (stop, stopped) = watch::channel(false);
    let others = ["Bob", "Carol", "Dave"].map(|user| (user, begin(&system, user, &stopped)));

    let mut list = Vec::new();
    for (number, (order, what)) in CRASHES.iter().enumerate() {
        let entry = format!("entry {number}");
        say(&system, &format!("add Alice {entry}")).await?;
        list.push(entry);
        let outcome = say(&system, order).await;
        match order
            .strip_prefix("add ")
            .and_then(|add| add.split_once(' '))
        {
            Some(("Alice", entry)) => list.push(entry.to_owned()),
            Some(_) => check("who asked for poison is told", outcome.is_err())?,
            None => outcome?,
        }
        there(&system, &list, what).await?;
    }
    println!("Bob's list server is killed ten times, whatever it has under way:");
    for round in 0..10 {
        // He calls it all the time: the next one is soon there, and busy.
        time::sleep(Duration::from_millis(round)).await;
        while system.kill("Bob").await.is_err() {
            tokio::task::yield_now().await;
        }
    }
    say(&system, "tree").await?;
    stop.send_replace(true);
    let mut kept = Vec::new();
    for (user, other) in others {
        kept.push((user, other.await?));
    }
    system.stop().await;

    println!("\nThe system was stopped, and is started again:");
    let system = System::start(folder, Duration::from_millis(50)).await?;
    there(&system, &list, "the system was stopped and started again").await?;
    for (user, kept) in &kept {
        others_too(user, kept, &system.show(user).await?)?;
    }
    while !system.lists().is_empty() {
        time::sleep(Duration::from_millis(10)).await;
    }
    there(&system, &list, "her list server had gone to sleep").await?;
    system.stop().await;

    println!("\nAnother process takes over, and is killed in the middle of an order:");
    kill_a_process(folder, &mut list).await?;
    let system = System::start(folder, AWAKE).await?;
    let mut now = system.show("Alice").await?;
    // Nobody was told that the last one is on disk: it may be, or not.
    now.truncate(list.len());
    check(
        "Alice's list is there after the whole process was killed",
        now == list,
    )?;
    system.stop().await;
    Ok(())
}

/// Gives an order as if it were typed.
async fn say(system: &System, order: &str) -> Result<(), BoxError> {
    println!("> {order}");
    let outcome = obey(system, order).await;
    if let Err(error) = &outcome {
        println!("  no: {error}");
    }
    outcome.map(drop)
}

async fn there(system: &System, list: &[String], what: &str) -> Result<(), BoxError> {
    let found = system.show("Alice").await?;
    check(
        &format!("Alice's list is there after {what}"),
        found == list,
    )
}

/// Somebody who adds entries until told to stop. Gives those that were confirmed.
fn begin(
    system: &System,
    user: &'static str,
    stopped: &watch::Receiver<bool>,
) -> JoinHandle<Vec<String>> {
    let (lists, stopped): (Lists, _) = (system.lists().clone(), stopped.clone());
    tokio::spawn(async move {
        let mut kept = Vec::new();
        for number in 0.. {
            if *stopped.borrow() {
                break;
            }
            let entry = format!("{user}'s entry {number}");
            // If it fails it may be on disk nevertheless; to add it once more would be to add it twice.
            if list::ask(&lists, user, Request::Add(entry.clone()))
                .await
                .is_ok()
            {
                kept.push(entry);
            }
        }
        kept
    })
}

fn others_too(user: &str, kept: &[String], found: &[String]) -> Result<(), BoxError> {
    let unique: HashSet<_> = found.iter().collect();
    let claim = format!(
        "of {} entries that {user} was promised none is lost, and none is there twice",
        kept.len()
    );
    let none_lost = kept.iter().all(|entry| unique.contains(entry));
    check(
        &claim,
        !kept.is_empty() && none_lost && unique.len() == found.len(),
    )
}

/// Runs this program once more on the same folder, and ends it as a power failure would.
async fn kill_a_process(folder: &Path, list: &mut Vec<String>) -> Result<(), BoxError> {
    let mut process = Command::new(std::env::current_exe()?)
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut stdin = process.stdin.take().ok_or("it is piped")?;
    let mut stdout = BufReader::new(process.stdout.take().ok_or("it is piped")?).lines();
    stdin.write_all(b"add Alice from another process\n").await?;
    while let Some(line) = stdout.next_line().await? {
        println!("  {line}");
        if line.trim_start().starts_with("on disk") {
            list.push("from another process".to_owned());
            break;
        }
    }
    stdin.write_all(b"add Alice too late\n").await?;
    process.kill().await?;
    Ok(())
}

fn check(claim: &str, came_true: bool) -> Result<(), BoxError> {
    if !came_true {
        return Err(format!("not true: {claim}").into());
    }
    println!("checked: {claim}");
    Ok(())
}
