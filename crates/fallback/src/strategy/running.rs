//! Work of a fallback that takes time.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project::pin_project;
use seaworthy_core::{BoxError, panic};

use crate::desk::Desk;
use crate::miss::Miss;
use crate::places::Place;

/// A future that makes an answer, and has one of the places for that. Panics stay in here.
#[pin_project(project = Project)]
#[derive(Debug)]
pub enum Running<F> {
    /// It runs.
    Runs {
        #[pin]
        future: F,
        /// After the future: it is free when the work has stopped.
        place: Place,
    },
    /// It never did.
    Missed(Option<Miss>),
}

impl<F> Running<F> {
    /// Begins with what `make` returns, if there is a place.
    pub(crate) fn begin(desk: &Desk, make: impl FnOnce() -> F) -> Self {
        let Some(place) = desk.places().enter() else {
            let limit = desk.places().limit();
            return Self::Missed(Some(Miss::Busy { limit }));
        };
        match panic::catch(make) {
            Ok(future) => Self::Runs { future, place },
            Err(panicked) => Self::Missed(Some(Miss::Panicked(panicked))),
        }
    }

    pub(crate) fn poll<Res, X>(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Res, Miss>>
    where
        F: Future<Output = Result<Res, X>>,
        X: Into<BoxError>,
    {
        let ended = match self.as_mut().project() {
            Project::Runs { future, .. } => match panic::catch(|| future.poll(cx)) {
                Ok(polled) => ready!(polled).map_err(|error| Miss::Failed(error.into())),
                Err(panicked) => Err(Miss::Panicked(panicked)),
            },
            Project::Missed(miss) => Err(miss.take().unwrap_or(Miss::Nothing)),
        };
        // The place is free for whoever is next in the chain. What is dropped may be code of the user.
        let done = panic::catch(|| self.set(Self::Missed(None)));
        Poll::Ready(done.map_err(Miss::Panicked).and(ended))
    }
}
