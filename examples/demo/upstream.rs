//! Somebody else's service: it knows what goes well with a product, and is not always well itself.
//!
//! A real HTTP server, in a thread and a runtime of its own, so that it has nothing in common with the shop but a
//! port. It is told how to be by [`Mood`]. While it is down its port is kept, and nobody listens: who connects is
//! refused at once.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::Builder;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio::time;

use crate::mood::Mood;
use crate::shop::catalogue::{self, CURSED};

/// Longer than anybody waits for it.
const SLOW: Duration = Duration::from_secs(1);

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1024;

/// How often its port is asked for when it goes down.
const TRIES: u32 = 1000;

/// The running service; when this is dropped it closes.
pub(crate) struct Upstream {
    address: SocketAddr,
    mood: Arc<watch::Sender<Mood>>,
    thread: JoinHandle<io::Result<()>>,
    /// Dropped to close it.
    open: oneshot::Sender<()>,
}

impl Upstream {
    /// Opens it, well.
    pub(crate) fn open() -> io::Result<Self> {
        let door = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        door.set_nonblocking(true)?;
        let address = door.local_addr()?;
        let mood = Arc::new(watch::Sender::new(Mood::Well));
        let moods = mood.subscribe();
        let (open, closed) = oneshot::channel();
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let thread = thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    ended = live(TcpListener::from_std(door)?, moods) => ended,
                    _ = closed => Ok(()),
                }
            })
        });
        Ok(Self {
            address,
            mood,
            thread,
            open,
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Tells it how to be.
    pub(crate) fn mood(&self) -> &Arc<watch::Sender<Mood>> {
        &self.mood
    }

    /// Closes it; an error if it had closed by itself.
    pub(crate) fn close(self) -> io::Result<()> {
        drop(self.open);
        let ended = self.thread.join();
        ended.unwrap_or_else(|_| Err(io::Error::other("the upstream has panicked")))
    }
}

/// Open and down in turn, for as long as somebody may tell it how to be.
async fn live(mut door: TcpListener, mut moods: watch::Receiver<Mood>) -> io::Result<()> {
    let address = door.local_addr()?;
    let desk = Desk {
        moods: moods.clone(),
        asked: Arc::default(),
    };
    let router = Router::new()
        .route("/goes-with/{id}", get(goes_with))
        .with_state(desk);
    loop {
        let mut guests = JoinSet::new();
        let is_down = tokio::select! {
            never = receive(&door, &router, &mut guests) => match never? {},
            mood = moods.wait_for(|mood| *mood == Mood::Down) => mood.is_ok(),
        };
        if !is_down {
            return Ok(());
        }
        // Whoever is inside is thrown out as well.
        guests.shutdown().await;
        drop(door);
        let kept = keep(address).await?;
        if moods.wait_for(|mood| *mood != Mood::Down).await.is_err() {
            return Ok(());
        }
        door = kept.listen(BACKLOG)?;
    }
}

/// Lets everybody in.
async fn receive(
    door: &TcpListener,
    router: &Router,
    guests: &mut JoinSet<()>,
) -> io::Result<Infallible> {
    loop {
        let (stream, _) = door.accept().await?;
        let service = TowerToHyperService::new(router.clone());
        guests.spawn(async move {
            let http = auto::Builder::new(TokioExecutor::new());
            // A guest who hangs up in the middle is none of our business.
            let _ = http.serve_connection(TokioIo::new(stream), service).await;
        });
        while guests.try_join_next().is_some() {}
    }
}

/// Holds the port without listening, so that nobody else gets it meanwhile.
async fn keep(address: SocketAddr) -> io::Result<TcpSocket> {
    let mut tries = 0;
    loop {
        let socket = TcpSocket::new_v4()?;
        #[cfg(unix)]
        socket.set_reuseaddr(true)?;
        match socket.bind(address) {
            Ok(()) => return Ok(socket),
            Err(error) if tries == TRIES => return Err(error),
            // The connections that were just closed may hold it for a moment.
            Err(_) => time::sleep(Duration::from_millis(1)).await,
        }
        tries += 1;
    }
}

#[derive(Clone)]
struct Desk {
    moods: watch::Receiver<Mood>,
    /// How many answers were asked for.
    asked: Arc<AtomicU64>,
}

/// The numbers of three products that go well with one.
async fn goes_with(
    State(desk): State<Desk>,
    Path(id): Path<u16>,
) -> Result<Json<Vec<u16>>, StatusCode> {
    let number = desk.asked.fetch_add(1, Ordering::Relaxed);
    let mood = *desk.moods.borrow();
    match mood {
        Mood::Slow => time::sleep(SLOW).await,
        Mood::HalfWell if number.is_multiple_of(2) => {
            return Err(StatusCode::INTERNAL_SERVER_ERROR);
        }
        _ => {}
    }
    let others = catalogue::all().iter().map(|product| product.id);
    let others = others.filter(|other| *other != id && *other != CURSED);
    let first = usize::from(id) % (catalogue::all().len() - 4);
    Ok(Json(others.skip(first).take(3).collect()))
}
