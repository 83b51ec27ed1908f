//! A service that answers at once, and what is asked of whoever stands before it as a breaker.

pub mod floor;
mod hammer;

use std::hint::black_box;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use seaworthy_circuit_breaker::{
    CircuitBreaker, CircuitBreakerService, Config, OpenFor, SlowCalls,
};
use seaworthy_core::Rejected;
use tower_service::Service;

use crate::Failure;

pub use hammer::{Failures, Hammered, Load, hammer};

/// What is asked of the service.
#[derive(Clone, Copy, Debug)]
pub enum Ask {
    /// To answer with this number and one.
    Next(u64),
    /// To fail.
    Fail,
}

/// Why a call has no answer. An enum as a user has one, so that nothing is boxed.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// The service failed.
    Failed,
    /// A breaker turned the call away.
    Rejected(Rejected),
}

impl From<Rejected> for Fault {
    fn from(rejected: Rejected) -> Self {
        Self::Rejected(rejected)
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Failed => f.write_str("failed"),
            Self::Rejected(rejected) => rejected.fmt(f),
        }
    }
}

impl std::error::Error for Fault {}

/// The service itself: always ready, it answers in the first poll and allocates nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Desk;

impl Service<Ask> for Desk {
    type Response = u64;
    type Error = Fault;
    type Future = Reply;

    #[inline]
    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        Poll::Ready(Ok(()))
    }

    #[inline]
    fn call(&mut self, ask: Ask) -> Reply {
        Reply(ask)
    }
}

/// The response of [`Desk`].
#[derive(Clone, Copy, Debug)]
pub struct Reply(pub Ask);

impl Future for Reply {
    type Output = Result<u64, Fault>;

    #[inline]
    fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match self.0 {
            Ask::Next(number) => Ok(number + 1),
            Ask::Fail => Err(Fault::Failed),
        })
    }
}

/// What came of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    /// An answer.
    Answer(u64),
    /// A failure of the service.
    Failure,
    /// A rejection.
    Rejection,
}

/// Whoever can be called, with or without a breaker.
pub trait Caller: Clone + Send + 'static {
    /// Makes one call.
    fn call(&mut self, ask: Ask) -> impl Future<Output = Came> + Send;
}

/// An error that tells whether the call was turned away.
pub trait Told {
    /// Whether it was.
    fn is_rejection(&self) -> bool;
}

impl Told for Fault {
    #[inline]
    fn is_rejection(&self) -> bool {
        matches!(self, Self::Rejected(_))
    }
}

/// What an outcome comes to. All of it is looked at, so that nobody saves making it.
#[inline]
pub fn came<E: Told>(outcome: Result<u64, E>) -> Came {
    match black_box(outcome) {
        Ok(number) => Came::Answer(number),
        Err(error) if error.is_rejection() => Came::Rejection,
        Err(_) => Came::Failure,
    }
}

/// A tower service, readied before each call.
#[derive(Clone, Debug)]
pub struct Tower<S>(pub S);

impl<S> Caller for Tower<S>
where
    S: Service<Ask, Response = u64, Error: Told + Send, Future: Send> + Clone + Send + 'static,
{
    #[inline]
    async fn call(&mut self, ask: Ask) -> Came {
        came(calling(&mut self.0, ask).await)
    }
}

/// Readies `service` and calls it.
///
/// # Errors
///
/// Those of the service.
#[inline]
pub async fn calling<S: Service<Ask>>(service: &mut S, ask: Ask) -> Result<S::Response, S::Error> {
    Readying(service).await?;
    service.call(ask).await
}

/// Until a service is ready. By hand, so that the compiler may put it into its caller wherever that is: a function that
/// returns an error of this size costs some nanoseconds.
#[derive(Debug)]
struct Readying<'a, S>(&'a mut S);

impl<S: Service<Ask>> Future for Readying<'_, S> {
    type Output = Result<(), S::Error>;

    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll_ready(cx)
    }
}

/// Ours, as its documentation shows it.
pub type Ours = Tower<CircuitBreakerService<Desk>>;

/// Ours with this configuration, and its handle.
///
/// # Errors
///
/// When the configuration is not allowed.
pub fn ours(config: Config) -> Result<(CircuitBreaker, Ours), Failure> {
    let breaker = CircuitBreaker::builder("bench").config(config).build();
    let breaker = breaker.map_err(|error| error.to_string())?;
    let service = tower_layer::Layer::layer(&breaker.layer(), Desk);
    Ok((breaker, Tower(service)))
}

/// The default configuration with the rule of slow calls.
#[must_use]
pub fn minding_slow_calls() -> Config {
    let mut config = Config::default();
    config.slow_calls = Some(SlowCalls {
        longer_than: Duration::from_secs(1),
        rate: 0.5,
    });
    config
}

/// The default configuration, but open for so long that no benchmark sees the end of it.
#[must_use]
pub fn open_for_long() -> Config {
    let mut config = Config::default();
    config.open = OpenFor::fixed(Duration::from_secs(3600));
    config
}

/// Makes so many calls, of which one in a hundred fails.
pub async fn fill(caller: &mut impl Caller, calls: u64) {
    for number in 0..calls {
        black_box(caller.call(one_in_a_hundred_fails(number)).await);
    }
}

/// A failure at each hundredth number.
#[inline]
#[must_use]
pub fn one_in_a_hundred_fails(number: u64) -> Ask {
    if number % 100 == 99 {
        Ask::Fail
    } else {
        Ask::Next(number)
    }
}

/// Fails until a call is turned away.
///
/// # Errors
///
/// When that does not come about.
pub async fn open(caller: &mut impl Caller) -> Result<(), Failure> {
    for _ in 0..10_000 {
        if caller.call(Ask::Fail).await == Came::Rejection {
            return Ok(());
        }
    }
    Err("ten thousand failures do not open it".to_owned())
}
