//! Each connection is a child: a handler that panics is a crash of its connection, reported with
//! message, place and uptime, and nothing to anybody else.

use std::net::TcpListener;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use seaworthy_supervisor::{
    Builder, Child, ChildResult, Context, DynamicSupervisor, Restart, Shutdown, Strategy,
    Supervisor,
};
use tokio::net::TcpStream;
use tokio::time;

/// Connections at a time; more are closed at once.
const CROWD: usize = 10_000;

/// How long an answer that has begun may take when the shop closes.
const LAST_WORDS: Shutdown = Shutdown::Timeout(Duration::from_secs(2));

/// After a failed accept, as when there are too many open files, which passes.
const BREATHER: Duration = Duration::from_millis(100);

pub(super) fn supervisor(door: TcpListener, router: Router) -> Builder {
    // Temporary: a connection that is gone cannot be started again, its peer has to come back.
    let connection = Child::template(move |cx, stream| serve(cx, stream, router.clone()))
        .restart(Restart::Temporary)
        .shutdown(LAST_WORDS);
    let connections = DynamicSupervisor::builder("connections")
        .template(connection)
        .max_children(CROWD);
    // Stays valid when the supervisor of the connections is restarted.
    let handle = connections.handle();
    let door = Arc::new(door);
    Supervisor::builder("web")
        .strategy(Strategy::RestForOne)
        .child(Child::supervisor(connections))
        .child(Child::task("listener", move |_cx| {
            listen(door.clone(), handle.clone())
        }))
}

/// Lets people in. The socket outlives the listener: who comes while it restarts waits a moment.
async fn listen(door: Arc<TcpListener>, connections: DynamicSupervisor<Parcel>) -> ChildResult {
    let door = tokio::net::TcpListener::from_std(door.try_clone()?)?;
    loop {
        match door.accept().await {
            // If there is no room the stream is dropped, and that closes it.
            Ok((stream, _)) => drop(connections.start_child(Parcel::of(stream)).await),
            Err(_) => time::sleep(BREATHER).await,
        }
    }
}

/// One connection, from its first request to its last.
async fn serve(cx: Context, stream: Parcel, router: Router) -> ChildResult {
    let Some(stream) = stream.open() else {
        return Ok(());
    };
    let http = auto::Builder::new(TokioExecutor::new());
    let service = TowerToHyperService::new(router);
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
    let served = tokio::select! {
        served = connection.as_mut() => served,
        () = cx.shutdown() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    // A peer that hangs up in the middle is no crash of ours.
    drop(served);
    Ok(())
}

/// Hands something that cannot be cloned to the one incarnation that there will be.
#[derive(Clone)]
struct Parcel(Arc<Mutex<Option<TcpStream>>>);

impl Parcel {
    fn of(stream: TcpStream) -> Self {
        Self(Arc::new(Mutex::new(Some(stream))))
    }

    fn open(&self) -> Option<TcpStream> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
