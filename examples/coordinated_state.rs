//! State that only makes sense as a whole: one-for-all.
//!
//! Two accounts hold their balances in memory, and a coordinator moves money from one to the other. After each
//! transfer it commits both balances together to the books, from which all three begin when they are started. In
//! the middle of a transfer one account crashes: the money has left the first account and has not reached the second.
//!
//! Restarted alone (one-for-one), the second account begins with what is in the books, while the first goes on
//! without the money: it is lost. Restarted together (one-for-all), all begin with the same books, and the transfer is
//! made again. The program shows both.
//!
//! Run it: `cargo run -p seaworthy-examples --example coordinated_state`
//!
//! What you should see: for each strategy who is started and crashes, and the books in the end; money is missing under
//! the wrong strategy, and none under the right one.

#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use seaworthy_core::BoxError;
use seaworthy_core::event::{Events, Subscription};
use seaworthy_supervisor::{
    AutoShutdown, Builder, Child, ChildResult, Context, Ended, Init, Restart, Strategy, Supervisor,
    SupervisorEvent,
};
use tokio::sync::{mpsc, oneshot};
use tokio::time;

const TRANSFERS: u32 = 100;

/// The transfer in which the second account crashes, once.
const UNLUCKY: u32 = 30;

/// What each transfer moves.
const AMOUNT: i64 = 7;

const TOTAL: i64 = 2000;

/// What is on disk: written as a whole, read as a whole.
#[derive(Clone, Copy)]
struct Books {
    transfers: u32,
    balances: [i64; 2],
}

impl Books {
    fn total(&self) -> i64 {
        self.balances.iter().sum()
    }
}

/// Changes a balance by this amount and answers with the new one.
struct Change {
    transfer: u32,
    amount: i64,
    answer: oneshot::Sender<i64>,
}

/// What the three share.
struct Bank {
    books: Mutex<Books>,
    /// How to reach the accounts that run now. A mailbox ends with its account: what is left in it must not reach
    /// the next one.
    accounts: Mutex<[Option<mpsc::Sender<Change>>; 2]>,
    has_crashed: AtomicBool,
}

impl Bank {
    fn new() -> Arc<Self> {
        let books = Books {
            transfers: 0,
            balances: [TOTAL / 2; 2],
        };
        Arc::new(Self {
            books: Mutex::new(books),
            accounts: Mutex::default(),
            has_crashed: AtomicBool::new(false),
        })
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accounts(&self) -> MutexGuard<'_, [Option<mpsc::Sender<Change>>; 2]> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Begins with its balance in the books. It is ready when it can be reached.
fn account(id: &'static str, which: usize, bank: &Arc<Bank>) -> Child {
    let bank = Arc::clone(bank);
    Child::init(id, move |_cx| {
        let bank = Arc::clone(&bank);
        async move {
            let balance = bank.books().balances[which];
            let (door, mailbox) = mpsc::channel(16);
            bank.accounts()[which] = Some(door);
            Ok(Init::Run(keep(which, balance, mailbox, bank)))
        }
    })
}

async fn keep(
    which: usize,
    mut balance: i64,
    mut mailbox: mpsc::Receiver<Change>,
    bank: Arc<Bank>,
) -> ChildResult {
    while let Some(change) = mailbox.recv().await {
        if (which, change.transfer) == (1, UNLUCKY) && !bank.has_crashed.swap(true, Relaxed) {
            return Err("a bug in the middle of a transfer".into());
        }
        balance += change.amount;
        // Who asked may be gone.
        let _ = change.answer.send(balance);
    }
    Ok(())
}

/// Goes on after the last transfer that is in the books.
async fn coordinator(_cx: Context, bank: Arc<Bank>) -> ChildResult {
    let [Some(from), Some(to)] = bank.accounts().clone() else {
        return Err("an account is not there".into());
    };
    let done = bank.books().transfers;
    for transfer in done + 1..=TRANSFERS {
        let balances = [
            change(&from, transfer, -AMOUNT).await?,
            change(&to, transfer, AMOUNT).await?,
        ];
        *bank.books() = Books {
            transfers: transfer,
            balances,
        };
    }
    Ok(())
}

async fn change(
    account: &mpsc::Sender<Change>,
    transfer: u32,
    amount: i64,
) -> Result<i64, BoxError> {
    let (answer, balance) = oneshot::channel();
    let change = Change {
        transfer,
        amount,
        answer,
    };
    let sent = account.send(change).await;
    sent.map_err(|_| "the account is gone")?;
    Ok(balance
        .await
        .map_err(|_| "the account went in the middle of a transfer")?)
}

fn tree(strategy: Strategy, bank: &Arc<Bank>) -> Builder {
    let shared = Arc::clone(bank);
    let coordinator = Child::task("coordinator", move |cx| coordinator(cx, shared.clone()))
        .restart(Restart::Transient)
        .significant(true); // when the last transfer is made, the bank closes
    Supervisor::builder("bank")
        .strategy(strategy)
        // Alone, the coordinator may come back before the account, and crash again.
        .intensity(20, Duration::from_secs(5))
        .auto_shutdown(AutoShutdown::AnySignificant)
        .child(account("giro", 0, bank))
        .child(account("savings", 1, bank))
        .child(coordinator)
}

/// Prints what happens until the bank has ended, and says how.
async fn watch(mut events: Subscription) -> Result<Ended, BoxError> {
    while let Some(event) = events.recv().await {
        match event.detail() {
            Some(SupervisorEvent::ChildStarted { .. } | SupervisorEvent::ChildCrashed(_)) => {
                println!("  {event}");
            }
            Some(SupervisorEvent::SupervisorExited { ended, .. }) => {
                println!("  {event}");
                return Ok(ended.clone());
            }
            _ => {}
        }
    }
    Err("nobody tells how the bank ended".into())
}

/// Makes all transfers and gives the books as they are then.
async fn all_transfers(strategy: Strategy) -> Result<Books, BoxError> {
    println!("{strategy:?}:");
    let bank = Bank::new();
    let events = Events::new();
    let story = events.subscribe(NonZeroUsize::MIN.saturating_add(1023));
    let _root = tree(strategy, &bank).events(&events).start().await?;
    let ended = watch(story).await?;
    let books = *bank.books();
    let [giro, savings] = books.balances;
    println!(
        "  {} transfers: {giro} + {savings} = {} of {TOTAL}\n",
        books.transfers,
        books.total()
    );
    match ended {
        Ended::AutoShutdown => Ok(books),
        other => Err(format!("the bank {other}").into()),
    }
}

fn check(claim: &str, came_true: bool) -> Result<(), BoxError> {
    if !came_true {
        return Err(format!("not true: {claim}").into());
    }
    println!("checked: {claim}");
    Ok(())
}

async fn run() -> Result<(), BoxError> {
    let alone = all_transfers(Strategy::OneForOne).await?;
    let together = all_transfers(Strategy::OneForAll).await?;
    check(
        "restarted alone, the accounts no longer agree: money is missing",
        alone.transfers == TRANSFERS && alone.total() < TOTAL,
    )?;
    check(
        "restarted together, all transfers are made and no money is lost",
        together.transfers == TRANSFERS && together.total() == TOTAL,
    )
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    time::timeout(Duration::from_secs(20), run()).await?
}
