//! Users on websockets, a database and background jobs in one tree: who crashes takes down only what is below.
//!
//! ```text
//! cargo run -p seaworthy-examples --example websocket_tree
//! ```
//!
//! Twenty clients talk to a real websocket server. First the server's side of one user panics: that user is
//! disconnected and comes back, nobody else notices. Then everything that has to do with websockets is killed at
//! once: all users come back, and the database and the jobs never noticed. The program checks that, and says so.

#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use seaworthy_core::BoxError;
use seaworthy_core::backoff::Backoff;
use seaworthy_supervisor::{
    Builder, Child, ChildResult, Context, Shutdown, Strategy, Supervisor, TaskSupervisor,
};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::{self, Instant};
use tokio_tungstenite::tungstenite::Message;

/// How many clients there are.
const CLIENTS: usize = 20;

/// How long anything may take here.
const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    // Bound once and outside the tree: who connects while the door is restarted waits a moment.
    let door = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    door.set_nonblocking(true)?;
    let address = door.local_addr()?;
    let jobs_done = Arc::new(AtomicU64::new(0));
    let root = plant(door, &jobs_done).start().await?;

    let clients: Vec<Arc<Client>> = (0..CLIENTS).map(|n| Client::start(n, address)).collect();
    everybody_is_served(&clients, &[1; CLIENTS]).await?;
    println!("{CLIENTS} users are connected:\n\n{}\n", picture(&root)?);
    let untouched = [incarnation(&root, "database")?, incarnation(&root, "jobs")?];

    println!("The server's side of user 7 panics.");
    clients[7].say("crash");
    let mut connections = [1; CLIENTS];
    connections[7] = 2;
    everybody_is_served(&clients, &connections).await?;
    println!(
        "User 7 is back; the other {} never lost their connection.\n",
        CLIENTS - 1
    );

    println!("Everything that has to do with websockets is killed.");
    let began = Instant::now();
    let websockets = root.child("websockets").ok_or("it does not run")?;
    websockets.kill();
    connections.iter_mut().for_each(|times| *times += 1);
    everybody_is_served(&clients, &connections).await?;
    println!(
        "All users are back after {} ms:\n\n{}\n",
        began.elapsed().as_millis(),
        picture(&root)?
    );

    let after = [incarnation(&root, "database")?, incarnation(&root, "jobs")?];
    if after != untouched {
        return Err("the database or the jobs were restarted".into());
    }
    let done = jobs_done.load(Relaxed);
    println!("The database and the jobs ({done} done) never noticed.");
    let report = root.shutdown(PATIENCE).await;
    println!("{report}");
    if report.is_clean() {
        Ok(())
    } else {
        Err("the stop was not clean".into())
    }
}

/// The tree. What is to outlive a crash is made here, outside the children.
fn plant(door: std::net::TcpListener, jobs_done: &Arc<AtomicU64>) -> Builder {
    let (queries, inbox) = mpsc::channel(64);
    let (inbox, jobs_done) = (Arc::new(Mutex::new(inbox)), Arc::clone(jobs_done));
    Supervisor::builder("app")
        .child(Child::task("database", move |_cx| {
            database(Arc::clone(&inbox))
        }))
        .child(Child::supervisor(websockets(door, queries)))
        .child(Child::task("jobs", move |cx| {
            jobs(cx, Arc::clone(&jobs_done))
        }))
}

/// A question to the database: how often has this user been here?
struct Visits {
    user: String,
    answer: oneshot::Sender<u64>,
}

async fn database(inbox: Arc<Mutex<mpsc::Receiver<Visits>>>) -> ChildResult {
    let mut visits: HashMap<String, u64> = HashMap::new();
    let mut inbox = inbox.lock().await;
    while let Some(Visits { user, answer }) = inbox.recv().await {
        let times = visits.entry(user).or_default();
        *times += 1;
        // Who asked may have gone.
        let _ = answer.send(*times);
    }
    Ok(())
}

async fn jobs(cx: Context, done: Arc<AtomicU64>) -> ChildResult {
    let mut due = time::interval(Duration::from_millis(20));
    loop {
        tokio::select! {
            _ = due.tick() => done.fetch_add(1, Relaxed),
            () = cx.shutdown() => return Ok(()),
        };
    }
}

/// A task for each user, and the door that lets them in.
fn websockets(door: std::net::TcpListener, queries: mpsc::Sender<Visits>) -> Builder {
    let users = TaskSupervisor::builder("users")
        .max_children(10_000)
        .shutdown(Shutdown::Timeout(Duration::from_secs(2)));
    let handle = users.handle();
    let door = Arc::new(door);
    Supervisor::builder("websockets")
        .strategy(Strategy::RestForOne)
        .child(Child::supervisor(users))
        .child(Child::task("door", move |_cx| {
            listen(Arc::clone(&door), handle.clone(), queries.clone())
        }))
}

async fn listen(
    door: Arc<std::net::TcpListener>,
    users: TaskSupervisor,
    queries: mpsc::Sender<Visits>,
) -> ChildResult {
    let door = TcpListener::from_std(door.try_clone()?)?;
    loop {
        let (stream, _) = door.accept().await?;
        let queries = queries.clone();
        // If there is no room, the stream is dropped, which closes it.
        let _ = users
            .start_child(move |cx| serve(cx, stream, queries))
            .await;
    }
}

/// The server's side of one user.
async fn serve(cx: Context, stream: TcpStream, queries: mpsc::Sender<Visits>) -> ChildResult {
    let mut socket = tokio_tungstenite::accept_async(stream).await?;
    loop {
        let message = tokio::select! {
            message = socket.next() => message,
            () = cx.shutdown() => {
                // Whoever is there is told. Who does not listen has until the shutdown time is over.
                socket.close(None).await?;
                return Ok(());
            }
        };
        let Some(Ok(Message::Text(text))) = message else {
            // Closed, or broken off: no crash of ours.
            return Ok(());
        };
        match text.split_once(' ') {
            Some((user, "hello")) => {
                let (answer, answered) = oneshot::channel();
                let user = user.to_owned();
                queries.send(Visits { user, answer }).await?;
                let times = answered.await?;
                socket.send(format!("visit {times}").into()).await?;
            }
            Some((user, "crash")) => panic!("a bug that {user} runs into"),
            _ => socket.send("what?".into()).await?,
        }
    }
}

/// Somebody who stays connected, whatever it takes.
struct Client {
    name: String,
    /// How often a connection was made.
    connections: AtomicU64,
    /// What was answered on the present one.
    answers: AtomicU64,
    to_say: mpsc::UnboundedSender<&'static str>,
}

impl Client {
    fn start(number: usize, address: SocketAddr) -> Arc<Self> {
        let (to_say, says) = mpsc::unbounded_channel();
        let client = Arc::new(Self {
            name: format!("user{number}"),
            connections: AtomicU64::new(0),
            answers: AtomicU64::new(0),
            to_say,
        });
        tokio::spawn(Arc::clone(&client).stay(address, says));
        client
    }

    fn say(&self, word: &'static str) {
        // It listens for as long as this program runs.
        let _ = self.to_say.send(word);
    }

    /// Connects again and again, more slowly each time that it does not work.
    async fn stay(
        self: Arc<Self>,
        address: SocketAddr,
        mut says: mpsc::UnboundedReceiver<&'static str>,
    ) {
        let backoff = Backoff::exponential(Duration::from_millis(5), Duration::from_millis(500));
        let Ok(backoff) = backoff.build() else { return };
        let mut delays = backoff.delays();
        loop {
            if self.talk(address, &mut says).await.is_ok() {
                return;
            }
            if self.answers.swap(0, Relaxed) > 0 {
                delays.reset();
            }
            time::sleep(delays.next().unwrap_or_default()).await;
        }
    }

    /// One connection, until it breaks.
    async fn talk(
        &self,
        address: SocketAddr,
        says: &mut mpsc::UnboundedReceiver<&'static str>,
    ) -> Result<(), BoxError> {
        let stream = TcpStream::connect(address).await?;
        let url = format!("ws://{address}/");
        let (mut socket, _) = tokio_tungstenite::client_async(url, stream).await?;
        self.connections.fetch_add(1, Relaxed);
        let mut hello = time::interval(Duration::from_millis(10));
        loop {
            let word = tokio::select! {
                _ = hello.tick() => "hello",
                word = says.recv() => match word {
                    Some(word) => word,
                    None => return Ok(()),
                },
            };
            let name = &self.name;
            socket.send(format!("{name} {word}").into()).await?;
            let answer = socket.next().await.ok_or("the connection is closed")??;
            if !answer.is_text() {
                return Err("the server says good-bye".into());
            }
            self.answers.fetch_add(1, Relaxed);
        }
    }
}

/// Waits until each client has been answered on its connection with this number.
async fn everybody_is_served(clients: &[Arc<Client>], connections: &[u64]) -> Result<(), BoxError> {
    let served = || {
        let mut all = clients.iter().zip(connections);
        all.all(|(client, times)| {
            client.connections.load(Relaxed) == *times && client.answers.load(Relaxed) > 0
        })
    };
    let deadline = Instant::now() + PATIENCE;
    while !served() {
        if Instant::now() > deadline {
            let seen: Vec<u64> = clients
                .iter()
                .map(|client| client.connections.load(Relaxed))
                .collect();
            return Err(format!("connections are {seen:?} and not {connections:?}").into());
        }
        time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

fn incarnation(root: &Supervisor, id: &str) -> Result<u64, BoxError> {
    let child = root.child(id).ok_or_else(|| format!("{id} does not run"))?;
    Ok(child.incarnation())
}

/// The tree, with its many users only counted.
fn picture(root: &Supervisor) -> Result<String, BoxError> {
    let mut tree = root.snapshot().ok_or("it does not run")?;
    for below in tree
        .children
        .iter_mut()
        .filter_map(|child| child.below.as_mut())
    {
        for users in below
            .children
            .iter_mut()
            .filter_map(|child| child.below.as_mut())
        {
            users.omitted += users.children.len();
            users.children.clear();
        }
    }
    Ok(tree.to_string())
}
