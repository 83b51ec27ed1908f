//! The supervised to-do system: "Alice's list is there afterwards", whatever crashes.
//!
//! Each user has a list server, which is loaded from disk when it is called and sleeps when it is not: that is
//! [`Workers`](seaworthy::Workers), by user. New entries go through one queue to a pool of database workers, and each
//! stays in the queue until it is on disk. Only then is it on the list, and only then is the user told. All are in a
//! tree of supervisors, and you can kill whichever you like.
//!
//! Run it: `cargo run -p seaworthy-examples --example todo`, in a terminal, and type `help`. With a folder as its
//! argument it keeps the lists there. With nobody at the terminal it plays a script to itself:
//! `cargo run -p seaworthy-examples --example todo < /dev/null`
//!
//! What you should see there: each order and what came of it, each crash, and the claims that the program has checked.

#![expect(clippy::print_stdout, reason = "a program for the terminal")]

mod database;
mod list;
mod prompt;
mod script;
mod store;
mod system;

use std::io::IsTerminal;
use std::path::Path;
use std::time::Duration;

use seaworthy::core::BoxError;
use tokio::time;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    if let Some(folder) = std::env::args_os().nth(1) {
        return prompt::run(Path::new(&folder)).await;
    }
    if std::io::stdin().is_terminal() {
        return prompt::run(&std::env::temp_dir().join("seaworthy-todo")).await;
    }
    time::timeout(Duration::from_secs(40), script::play()).await?
}
