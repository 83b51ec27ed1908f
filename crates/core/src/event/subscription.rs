//! Events as something to await.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::Arc;

use tokio::sync::Notify;

use super::{Event, Events, Observer};
use crate::sync::Lock;

/// A stream of the events of one bus.
///
/// Memory is bounded by its capacity: if the subscriber lags, the oldest events give way and are
/// counted. Not for deciding anything that must not miss an event: use
/// [`observe`](Events::observe) for that.
#[derive(Debug)]
pub struct Subscription {
    inbox: Arc<Inbox>,
    _observer: Observer,
}

#[derive(Debug, Default)]
struct Inbox {
    state: Lock<State>,
    news: Notify,
}

#[derive(Debug, Default)]
struct State {
    events: VecDeque<Event>,
    missed: u64,
    closed: bool,
}

/// Lives in the bus: when the bus is gone, so is this, and the subscriber learns it.
struct Feed(Arc<Inbox>);

impl Drop for Feed {
    fn drop(&mut self) {
        self.0.state.lock().closed = true;
        self.0.news.notify_one();
    }
}

impl Feed {
    fn push(&self, event: &Event, capacity: usize) {
        let mut state = self.0.state.lock();
        let lost = if state.events.len() == capacity {
            state.missed += 1;
            state.events.pop_front()
        } else {
            None
        };
        state.events.push_back(event.clone());
        drop(state);
        drop(lost);
        self.0.news.notify_one();
    }
}

impl Subscription {
    pub(super) fn new(events: &Events, capacity: NonZeroUsize) -> Self {
        let inbox = Arc::new(Inbox::default());
        let feed = Feed(Arc::clone(&inbox));
        let observer = events.observe(move |event| feed.push(event, capacity.get()));
        Self {
            inbox,
            _observer: observer,
        }
    }

    /// The next event; `None` once the bus is gone and all its events were received.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: an event is taken only when it is returned.
    pub async fn recv(&mut self) -> Option<Event> {
        loop {
            {
                let mut state = self.inbox.state.lock();
                if let Some(event) = state.events.pop_front() {
                    return Some(event);
                }
                if state.closed {
                    return None;
                }
            }
            // One permit is stored if news came since: there is one waiter at most (`&mut self`).
            self.inbox.news.notified().await;
        }
    }

    /// The next event, if one is there.
    pub fn try_recv(&mut self) -> Option<Event> {
        self.inbox.state.lock().events.pop_front()
    }

    /// How many events were dropped because this subscriber lagged.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.inbox.state.lock().missed
    }
}
