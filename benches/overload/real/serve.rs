//! The server.

use std::hint::black_box;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use seaworthy_benches::Failure;
use seaworthy_bulkhead::Bulkhead;
use seaworthy_bulkhead::limit::Limit;
use seaworthy_core::component::Registry;
use seaworthy_core::{BoxError, clock};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;
use tower::ServiceExt;
use tower::limit::ConcurrencyLimit;
use tower::load_shed::LoadShed;
use tower::util::BoxCloneSyncService;
use tower_layer::Layer;
use tower_resilience::bulkhead::BulkheadLayer;

use super::{WORKERS, Who};

/// How long one request takes on a core of its own.
const WORK: Duration = Duration::from_millis(10);

type Limited = BoxCloneSyncService<(), (), BoxError>;

/// A server that listens until it is dropped.
pub(super) struct Server {
    runtime: Option<Runtime>,
    pub(super) address: SocketAddr,
}

impl Server {
    pub(super) fn start(who: Who, spins: u64) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| error.to_string();
        let mut builder = Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(failed)?;
        let service = limited(who, spins)?;
        let app = Router::new().route("/", get(answer)).with_state(service);
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"));
        let listener = listener.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        runtime.spawn(async move { axum::serve(listener, app).await });
        Ok(Self {
            runtime: Some(runtime),
            address,
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // What still waits there is of no interest.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn answer(State(service): State<Limited>) -> StatusCode {
    match service.oneshot(()).await {
        Ok(()) => StatusCode::OK,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// The work, behind a limit. As many are worked on as there are workers, and the others wait in line.
fn limited(who: Who, spins: u64) -> Result<Limited, Failure> {
    let workers = Arc::new(Semaphore::new(WORKERS as usize));
    let work = tower::service_fn(move |(): ()| {
        let workers = Arc::clone(&workers);
        async move {
            let _worker = workers.acquire_owned().await?;
            tokio::task::spawn_blocking(move || spin(spins)).await?;
            Ok::<(), BoxError>(())
        }
    });
    let bulkhead = |limit: Limit| {
        let builder = Bulkhead::builder("server").registry(&Registry::new());
        builder
            .limit(limit)
            .build()
            .map_err(|error| error.to_string())
    };
    let limit = WORKERS as usize;
    Ok(match who {
        Who::Nobody => Limited::new(work),
        Who::Fixed => Limited::new(bulkhead(WORKERS.into())?.layer().layer(work)),
        Who::Adaptive => Limited::new(bulkhead(Limit::adaptive())?.layer().layer(work)),
        Who::Tower => Limited::new(LoadShed::new(ConcurrencyLimit::new(work, limit))),
        Who::TowerResilience => {
            let layer = BulkheadLayer::builder()
                .max_concurrent_calls(limit)
                .reject_when_full()
                .build();
            let layer = layer.map_err(|error| error.to_string())?;
            Limited::new(layer.layer(work).map_err(BoxError::from))
        }
    })
}

/// Work that takes longer if somebody else has the core.
fn spin(spins: u64) {
    let mut state = 1_u64;
    for _ in 0..spins {
        state = black_box(
            state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1),
        );
    }
    black_box(state);
}

/// How many turns are the work of one request.
pub(super) fn calibrate() -> u64 {
    const TURNS: u64 = 2_000_000;
    let turns = (0..10).map(|_| {
        let began = clock::exact();
        spin(TURNS);
        began.elapsed()
    });
    let fastest = turns.min().unwrap_or(WORK).max(Duration::from_micros(1));
    (TURNS as f64 * WORK.as_secs_f64() / fastest.as_secs_f64()) as u64
}
