//! Orders, one on a line.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::time::Duration;

use seaworthy::core::BoxError;
use tokio::task::spawn_blocking;

use crate::system::System;

const HELP: &str =
    "  add Alice buy milk   put an entry on Alice's list: the answer means that it is on disk
  show Alice           her list
  kill Alice           kill her list server
  kill worker-1        kill a database worker; `database`: all of them; `cache`: all list servers
  tree                 what runs, and how often it was restarted
  quit
An entry with the word `bug` crashes the worker that gets it first; `poison` crashes every one.";

/// What an order has come to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Obeyed {
    Done,
    Quit,
}

/// Keeps the lists in this folder.
pub(crate) async fn run(folder: &Path) -> Result<(), BoxError> {
    std::fs::create_dir_all(folder)?;
    let system = System::start(folder, Duration::from_secs(30)).await?;
    println!("The lists are in {}. `help` helps.", folder.display());
    while system.is_alive() {
        let Some(order) = next_line().await? else {
            break;
        };
        match obey(&system, &order).await {
            Ok(Obeyed::Done) => {}
            Ok(Obeyed::Quit) => break,
            Err(error) => println!("  no: {error}"),
        }
    }
    if !system.is_alive() {
        return Err("too much was killed: the system gave up. The lists are on disk".into());
    }
    system.stop().await;
    Ok(())
}

async fn next_line() -> Result<Option<String>, BoxError> {
    let line = spawn_blocking(|| {
        if io::stdin().is_terminal() {
            print!("> ");
            io::stdout().flush()?;
        }
        io::stdin().lines().next().transpose()
    });
    Ok(line.await??)
}

/// Does what a line says, and prints what came of it.
pub(crate) async fn obey(system: &System, order: &str) -> Result<Obeyed, BoxError> {
    let mut words = order.trim().splitn(3, ' ');
    let words = [(); 3].map(|()| words.next().unwrap_or_default());
    match words {
        ["add", user, text] if !text.is_empty() => {
            let list = system.add(user, text).await?;
            println!("  on disk: number {} on the list of {user}", list.len());
        }
        ["show", user, ""] => {
            let list = system.show(user).await?;
            println!("  {user}: {}", list.join(", "));
        }
        ["kill", part, ""] => {
            let killed = system.kill(part).await?;
            println!("  killed: {}", killed.path());
        }
        ["tree", "", ""] => println!("{}", system.draw()?),
        ["quit", "", ""] => return Ok(Obeyed::Quit),
        ["", "", ""] => {}
        _ => println!("{HELP}"),
    }
    Ok(Obeyed::Done)
}
