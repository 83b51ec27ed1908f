//! The service of a worker, which notes that it was called.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use pin_project::pin_project;
use tower_service::Service;

use super::told::Told;

pub(super) struct Noted<S> {
    service: S,
    begun: Arc<AtomicBool>,
}

impl<S> Noted<S> {
    pub(super) fn new(service: S, begun: &Arc<AtomicBool>) -> Self {
        let begun = Arc::clone(begun);
        Self { service, begun }
    }
}

impl<S: Service<Req>, Req> Service<Req> for Noted<S> {
    type Response = S::Response;
    type Error = Told<S::Error>;
    type Future = NotedFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.service.poll_ready(cx).map_err(Told::Service)
    }

    fn call(&mut self, request: Req) -> Self::Future {
        self.begun.store(true, Ordering::Relaxed);
        NotedFuture(self.service.call(request))
    }
}

#[pin_project]
pub(super) struct NotedFuture<F>(#[pin] F);

impl<F: Future<Output = Result<T, E>>, T, E> Future for NotedFuture<F> {
    type Output = Result<T, Told<E>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().0.poll(cx).map_err(Told::Service)
    }
}
