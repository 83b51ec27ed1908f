//! What the service has answered last.

mod builder;
mod flights;

use std::fmt;
use std::hash::Hash;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use quick_cache::sync::Cache;
use seaworthy_core::clock::{self, Coarse};
use seaworthy_core::panic;

use super::{Once, Strategy};
use crate::answer::Source;
use crate::desk::Desk;
use crate::miss::Miss;

pub use builder::LastGoodBuilder;
use flights::{Flights, Turn};

/// The last good answer to each request, in bounded memory, for when there is no better one.
///
/// What HTTP calls [`stale-if-error`](https://www.rfc-editor.org/rfc/rfc5861#section-4): the service is asked each time, and
/// only if it fails is the answer one that it has given before. It is no cache that saves calls.
///
/// **A key says who may share an answer.** If what is answered depends on who asks, who asks has to be in the key, or one
/// user is shown what belongs to another. Leave out what must not be kept at all: [`by_some`](Self::by_some) with `None`
/// for the request, or [`store_if`](LastGoodBuilder::store_if) for the response.
///
/// A cheap handle: clones are the same answers. Keep one to [warm it up](Self::insert) or to [forget](Self::forget) what
/// has changed. Responses are cloned when they are stored and when they are given: have what is large in an `Arc`.
///
/// ```
/// use std::time::Duration;
/// use seaworthy_fallback::{Fallback, LastGood};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let prices = LastGood::by(|item: &&'static str| *item)
///     .max_age(Duration::from_secs(600))
///     .max_entries(10_000)
///     .build()?;
/// let shop = Fallback::builder("prices").last_good(prices.clone()).build()?;
///
/// let price = shop.call_for(&"tea", async { Ok::<_, String>(3) }).await;
/// let while_it_is_down = shop.call_for(&"tea", async { Err("connection refused".to_owned()) }).await;
/// assert_eq!((price, while_it_is_down), (Ok(3), Ok(3)));
///
/// prices.forget(&"tea");
/// assert!(shop.call_for(&"tea", async { Err("connection refused".to_owned()) }).await.is_err());
/// # Ok(())
/// # }
/// ```
///
/// # When not to use it
///
/// Where an old answer does harm, such as a balance or a permission: there an error is the better answer.
pub struct LastGood<Req, K, Res> {
    inner: Arc<Inner<Req, K, Res>>,
}

type Key<Req, K> = Box<dyn Fn(&Req) -> Option<K> + Send + Sync>;
type Pick<Res> = Box<dyn Fn(&Res) -> bool + Send + Sync>;

struct Inner<Req, K, Res> {
    key: Key<Req, K>,
    store_if: Option<Pick<Res>>,
    max_age: Duration,
    entries: Cache<K, Entry<Res>>,
    /// If the service is asked for each key by one call at a time, while it fails.
    flights: Option<Flights<K>>,
}

#[derive(Clone)]
struct Entry<Res> {
    response: Res,
    at: Coarse,
}

impl<Req, K: Hash + Eq + Clone, Res: Clone> LastGood<Req, K, Res> {
    /// Begins one whose answers are shared by requests with the same key.
    pub fn by(key: impl Fn(&Req) -> K + Send + Sync + 'static) -> LastGoodBuilder<Req, K, Res> {
        LastGoodBuilder::new(Box::new(move |request| Some(key(request))))
    }

    /// As [`by`](Self::by); answers to requests without a key are not kept, and there is none for them.
    pub fn by_some(
        key: impl Fn(&Req) -> Option<K> + Send + Sync + 'static,
    ) -> LastGoodBuilder<Req, K, Res> {
        LastGoodBuilder::new(Box::new(key))
    }

    /// Has this as the answer for this key, given just now.
    pub fn insert(&self, key: K, response: Res) {
        let at = clock::coarse();
        self.inner.entries.insert(key, Entry { response, at });
    }

    /// Forgets the answer for this key. False if there was none.
    pub fn forget(&self, key: &K) -> bool {
        self.inner.entries.remove(key).is_some()
    }

    /// Forgets all of them.
    pub fn clear(&self) {
        self.inner.entries.clear();
    }

    /// How many are kept, among them those that are too old.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.entries.len()
    }

    /// Whether none is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The answer for this key, and its age, unless it is too old.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<(Res, Duration)> {
        let entry = self.inner.entries.get(key)?;
        let age = exact_now().since(entry.at);
        (age <= self.inner.max_age).then_some((entry.response, age))
    }

    fn answer(&self, key: &K) -> Option<(Res, Source)> {
        let (response, age) = self.get(key)?;
        Some((response, Source::Stale { age }))
    }

    fn store(&self, key: K, response: &Res) {
        let wanted = self.inner.store_if.as_ref();
        if wanted.is_none_or(|wanted| wanted(response)) {
            self.insert(key, response.clone());
        }
    }
}

/// Not behind the time, as the coarse clock may be by a tick: what was stored by that is never older than it seems, and younger
/// by two ticks at most.
fn exact_now() -> Coarse {
    clock::coarse().saturating_add(clock::coarse_lag())
}

/// What the last good answer has to know of a request.
#[derive(Debug)]
pub struct Kept<K> {
    key: Option<K>,
    turn: Turn,
}

impl<Req, K, Res, Err> Strategy<Req, Res, Err> for LastGood<Req, K, Res>
where
    K: Hash + Eq + Clone,
    Res: Clone,
{
    type Kept = Kept<K>;
    type Answering = Once<Kept<K>>;

    fn keep(&self, request: &Req) -> Kept<K> {
        let key = (self.inner.key)(request);
        let flights = key.as_ref().zip(self.inner.flights.as_ref());
        let turn = flights.map_or_else(Turn::default, |(key, flights)| flights.board(key));
        Kept { key, turn }
    }

    fn instead(&self, kept: &Kept<K>, _: &Desk) -> Option<(Res, Source)> {
        if !kept.turn.others {
            return None;
        }
        self.answer(kept.key.as_ref()?)
    }

    fn learn(&self, kept: Kept<K>, response: &Res) {
        let Kept { key, turn } = kept;
        let Some(key) = key else { return };
        if let Some(flights) = &self.inner.flights {
            flights.well(&key);
        }
        drop(turn);
        // Whatever code of the user does here, the answer is on its way.
        let _ = panic::catch(|| self.store(key, response));
    }

    fn begin(&self, kept: Kept<K>, _: Result<&Res, &Err>, _: &Desk) -> Self::Answering {
        if let (Some(key), Some(flights)) = (&kept.key, &self.inner.flights) {
            flights.failed(key);
        }
        Once::new(kept)
    }

    fn poll(
        &self,
        answering: Pin<&mut Self::Answering>,
        _: &mut Context<'_>,
        _: Result<&Res, &Err>,
        _: &Desk,
    ) -> Poll<Result<(Res, Source), Miss>> {
        // The turn ends here: it is not that of who comes after in the chain.
        let kept = answering.take();
        let key = kept.and_then(|kept| kept.key);
        let answer = panic::catch(|| key.and_then(|key| self.answer(&key)));
        Poll::Ready(match answer {
            Ok(answer) => answer.ok_or(Miss::Nothing),
            Err(panicked) => Err(Miss::Panicked(panicked)),
        })
    }
}

impl<Req, K, Res> Clone for LastGood<Req, K, Res> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
        }
    }
}

impl<Req, K, Res> fmt::Debug for LastGood<Req, K, Res> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LastGood")
            .field("max_age", &self.inner.max_age)
            .finish_non_exhaustive()
    }
}
