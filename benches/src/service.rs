//! A service that crashes when it is told to, and what is asked of whoever supervises it: the time from a panic
//! to the first answered call, and what a call costs.

use std::future::poll_fn;
use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Instant;

use seaworthy_core::BoxError;
use tower_service::Service;

use crate::{Failure, clock};

/// When the last crash was.
#[derive(Clone, Debug)]
pub struct Watch {
    origin: Instant,
    crashed_at: Arc<AtomicU64>,
}

impl Default for Watch {
    fn default() -> Self {
        let crashed_at = Arc::default();
        Self {
            origin: clock::now(),
            crashed_at,
        }
    }
}

impl Watch {
    /// It crashes now.
    ///
    /// # Panics
    ///
    /// Always.
    #[inline(always)]
    pub fn crash(&self) -> ! {
        self.crashed_at.store(self.elapsed(), Ordering::Release);
        panic!("crash")
    }

    /// Nanoseconds since the last crash.
    #[must_use]
    pub fn since(&self) -> u64 {
        let now = self.elapsed();
        now.saturating_sub(self.crashed_at.load(Ordering::Acquire))
    }

    fn elapsed(&self) -> u64 {
        clock::nanos(clock::now().duration_since(self.origin))
    }
}

/// What is asked of the service.
#[derive(Clone, Copy, Debug)]
pub enum Order {
    /// To answer with this number and one.
    Next(u64),
    /// To panic in the response.
    Crash,
}

/// The service: it answers at once and allocates nothing.
#[derive(Clone, Debug, Default)]
pub struct Page {
    watch: Watch,
}

impl Page {
    /// An instance; all that share `watch` tell it of their crashes.
    #[must_use]
    pub fn new(watch: &Watch) -> Self {
        let watch = watch.clone();
        Self { watch }
    }
}

impl Service<Order> for Page {
    type Response = u64;
    type Error = BoxError;
    type Future = Answer;

    #[inline]
    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    #[inline]
    fn call(&mut self, order: Order) -> Answer {
        match order {
            Order::Next(number) => Answer::Number(number + 1),
            Order::Crash => Answer::Crash(self.watch.clone()),
        }
    }
}

/// The response of [`Page`].
#[derive(Debug)]
pub enum Answer {
    /// This.
    Number(u64),
    /// A panic.
    Crash(Watch),
}

impl Future for Answer {
    type Output = Result<u64, BoxError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &*self {
            Self::Number(number) => Poll::Ready(Ok(*number)),
            Self::Crash(watch) => watch.crash(),
        }
    }
}

/// Readies the service and calls it.
///
/// # Errors
///
/// Those of the service.
#[inline]
pub async fn ask<S: Service<Order>>(
    service: &mut S,
    order: Order,
) -> Result<S::Response, S::Error> {
    poll_fn(|cx| service.poll_ready(cx)).await?;
    service.call(order).await
}

/// Makes so many calls one after the other.
///
/// # Errors
///
/// When a call is not answered.
pub async fn steady<S>(service: &mut S, calls: u64) -> Result<(), Failure>
where
    S: Service<Order, Response = u64, Error = BoxError>,
{
    for number in 0..calls {
        let answer = ask(service, Order::Next(black_box(number))).await;
        black_box(answer.map_err(|error| error.to_string())?);
    }
    Ok(())
}

/// Makes the service crash, and asks until it answers: the nanoseconds from the panic to that.
///
/// # Errors
///
/// When it does not crash.
pub async fn first_answer<S>(service: &mut S, watch: &Watch) -> Result<u64, Failure>
where
    S: Service<Order, Response = u64, Error = BoxError>,
{
    if ask(service, Order::Crash).await.is_ok() {
        return Err("it does not crash".to_owned());
    }
    while ask(service, Order::Next(0)).await.is_err() {
        tokio::task::yield_now().await;
    }
    Ok(watch.since())
}

/// The barest safe code that brings a service back: a panic is caught where it happens, the next instance is
/// made in place, and handles see that by one atomic. There is no supervisor, no limit and nobody is told.
#[derive(Debug)]
pub struct Floor {
    shared: Arc<FloorShared>,
    instance: Page,
    generation: u64,
}

#[derive(Debug)]
struct FloorShared {
    watch: Watch,
    generation: AtomicU64,
    master: Mutex<Page>,
}

impl Floor {
    /// A floor with its first instance.
    #[must_use]
    pub fn new(watch: &Watch) -> Self {
        let instance = Page::new(watch);
        let shared = FloorShared {
            watch: watch.clone(),
            generation: AtomicU64::new(0),
            master: Mutex::new(instance.clone()),
        };
        Self {
            shared: Arc::new(shared),
            instance,
            generation: 0,
        }
    }
}

impl Service<Order> for Floor {
    type Response = u64;
    type Error = BoxError;
    type Future = FloorAnswer;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        let generation = self.shared.generation.load(Ordering::Acquire);
        if generation != self.generation {
            let master = self.shared.master.lock();
            self.instance = master.unwrap_or_else(PoisonError::into_inner).clone();
            self.generation = generation;
        }
        catch_unwind(AssertUnwindSafe(|| self.instance.poll_ready(cx)))
            .unwrap_or_else(|_| Poll::Ready(Err("panicked".into())))
    }

    #[inline]
    fn call(&mut self, order: Order) -> FloorAnswer {
        FloorAnswer {
            answer: catch_unwind(AssertUnwindSafe(|| self.instance.call(order))).ok(),
            shared: Arc::clone(&self.shared),
        }
    }
}

/// The response of [`Floor`].
#[derive(Debug)]
pub struct FloorAnswer {
    answer: Option<Answer>,
    shared: Arc<FloorShared>,
}

impl Future for FloorAnswer {
    type Output = Result<u64, BoxError>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = &mut self.answer;
        let polled = catch_unwind(AssertUnwindSafe(|| {
            answer.as_mut().map(|answer| Pin::new(answer).poll(cx))
        }));
        if let Ok(Some(polled)) = polled {
            return Poll::Ready(ready!(polled));
        }
        self.answer = None;
        let next = Page::new(&self.shared.watch);
        *self
            .shared
            .master
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = next;
        self.shared.generation.fetch_add(1, Ordering::Release);
        Poll::Ready(Err("panicked".into()))
    }
}
