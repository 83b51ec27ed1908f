//! The clients.

use std::time::Duration;

use axum::body::Body;
use axum::http::{StatusCode, Uri};
use fastrand::Rng;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use seaworthy_benches::Failure;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::serve::Server;
use super::{DEADLINE, WORKERS};
use crate::random::exponential;

/// The first seconds, in which a limit is found, do not count.
const WARM: Duration = Duration::from_secs(1);
const COUNTS: Duration = Duration::from_secs(3);

/// What came of some seconds.
#[derive(Debug, Default)]
pub(super) struct Phase {
    pub(super) seconds: f64,
    pub(super) asked: usize,
    pub(super) in_time: usize,
    pub(super) turned_away: usize,
    /// How long those took that were let in; those that were not answered at all, until nobody waited any more.
    times: Vec<Duration>,
}

impl Phase {
    pub(super) fn p99(&self) -> Option<Duration> {
        let mut times = self.times.clone();
        times.sort_unstable();
        times.get(times.len() * 99 / 100).copied()
    }
}

type Http = Client<HttpConnector, Body>;

fn runtime() -> Result<Runtime, Failure> {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| error.to_string())
}

fn client(server: &Server) -> Result<(Http, Uri), Failure> {
    let uri = format!("http://{}/", server.address);
    let uri = uri.parse().map_err(|_| format!("not an address: {uri}"))?;
    Ok((Client::builder(TokioExecutor::new()).build_http(), uri))
}

/// How many requests a second are answered when each worker always has one more to do.
pub(super) fn capacity(server: &Server) -> Result<f64, Failure> {
    let (client, uri) = client(server)?;
    runtime()?.block_on(async {
        let mut clients = JoinSet::new();
        let until = Instant::now() + COUNTS;
        for _ in 0..2 * WORKERS {
            let (client, uri) = (client.clone(), uri.clone());
            clients.spawn(async move {
                let mut answers = 0_u32;
                while Instant::now() < until && client.get(uri.clone()).await.is_ok() {
                    answers += 1;
                }
                answers
            });
        }
        let answers: u32 = clients.join_all().await.into_iter().sum();
        Ok(f64::from(answers) / COUNTS.as_secs_f64())
    })
}

/// So many requests a second, whether others are answered or not.
pub(super) fn phase(server: &Server, rate: f64, seed: u64) -> Result<Phase, Failure> {
    let (client, uri) = client(server)?;
    let mut rng = Rng::with_seed(seed);
    runtime()?.block_on(async {
        let mut requests = JoinSet::new();
        let began = Instant::now();
        let (counts, end) = (began + WARM, began + WARM + COUNTS);
        let mut at = began;
        let mut phase = Phase {
            seconds: COUNTS.as_secs_f64(),
            ..Phase::default()
        };
        loop {
            at += Duration::from_secs_f64(exponential(&mut rng, 1.0 / rate));
            if at >= end {
                break;
            }
            sleep_until(at).await;
            phase.asked += usize::from(at >= counts);
            let (client, uri) = (client.clone(), uri.clone());
            requests.spawn(async move {
                // Whoever waits in vain is not heard of by the server.
                let answer = timeout(WARM + COUNTS, client.get(uri)).await;
                let status = answer.ok().and_then(Result::ok).map(|it| it.status());
                (at, at.elapsed(), status)
            });
        }
        // The last ones may still be in time.
        sleep(2 * DEADLINE).await;
        while let Some(request) = requests.try_join_next() {
            let (at, took, status) = request.map_err(|error| error.to_string())?;
            if at < counts {
                continue;
            }
            if status == Some(StatusCode::SERVICE_UNAVAILABLE) {
                phase.turned_away += 1;
                continue;
            }
            phase.in_time += usize::from(status == Some(StatusCode::OK) && took <= DEADLINE);
            phase.times.push(took);
        }
        // Nobody knows how much longer the others would have taken, but that it is too long.
        let answered = phase.turned_away + phase.times.len();
        phase
            .times
            .resize(phase.times.len() + phase.asked - answered, COUNTS);
        Ok(phase)
    })
}
