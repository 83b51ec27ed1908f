//! The channels of others, and tower's, each in its default configuration and used as its own documentation shows.

use std::hint::black_box;

use seaworthy_benches::Failure;
use seaworthy_benches::breaker::{Ask, Caller, Came, Desk, Hammered, Reply, calling};
use seaworthy_benches::queue::{CAPACITY, Get, Give, Offer, Offered};
use tokio::sync::mpsc;
use tower::buffer::Buffer;

use super::{Case, Round, Run};
use crate::contender::{Contender, Task};
use crate::versions::named;

pub(super) fn contenders(case: Case) -> Vec<Contender<Run>> {
    let other = |who: String, run: Run| Contender::other(who, run);
    match case {
        Case::RoundTrip { .. } => {
            let who = format!("{}, Buffer", named("tower"));
            vec![other(who, |round| Box::pin(buffered(round)))]
        }
        Case::Raw { each } => {
            let tokio = format!("{}, mpsc", named("tokio"));
            vec![
                if each == 1 {
                    other(tokio, tokio_mpsc)
                } else {
                    Contender::cannot(tokio, "has one consumer")
                },
                other(named("async-channel"), async_channel),
                other(named("flume"), flume),
                other(named("kanal"), kanal),
            ]
        }
        Case::FullReject => {
            let kanal = named("kanal");
            let keeping = format!("{kanal}, item kept");
            vec![
                other(format!("{}, mpsc", named("tokio")), |round| {
                    Box::pin(full_mpsc(round))
                }),
                other(kanal, |round| Box::pin(full_kanal(round))),
                // Its plain `try_send` drops the item; the others hand it back.
                other(keeping, |round| Box::pin(full_kanal_keeping(round))),
            ]
        }
    }
}

/// tower's Buffer.
#[derive(Clone)]
struct Buffered(Buffer<Ask, Reply>);

impl Caller for Buffered {
    #[inline]
    async fn call(&mut self, ask: Ask) -> Came {
        match black_box(calling(&mut self.0, ask).await) {
            Ok(number) => Came::Answer(number),
            Err(_) => Came::Failure,
        }
    }
}

async fn buffered(round: Round) -> Result<Hammered, Failure> {
    round.call(Buffered(Buffer::new(Desk, CAPACITY))).await
}

#[derive(Clone)]
struct TokioGive(mpsc::Sender<u64>);

impl Give for TokioGive {
    #[inline]
    async fn give(&self, item: u64) -> bool {
        self.0.send(item).await.is_ok()
    }
}

impl Offer for TokioGive {
    #[inline]
    fn offer(&self, item: u64) -> Offered {
        match self.0.try_send(item) {
            Ok(()) => Offered::In,
            Err(mpsc::error::TrySendError::Full(item)) => Offered::Back(item),
            Err(mpsc::error::TrySendError::Closed(_)) => Offered::Closed,
        }
    }
}

struct TokioGet(mpsc::Receiver<u64>);

impl Get for TokioGet {
    #[inline]
    async fn get(&mut self) -> Option<u64> {
        self.0.recv().await
    }
}

fn tokio_mpsc(round: Round) -> Task<Hammered> {
    let (give, get) = mpsc::channel(CAPACITY);
    Box::pin(round.hand_off(TokioGive(give), |_| vec![TokioGet(get)]))
}

async fn full_mpsc(round: Round) -> Result<Hammered, Failure> {
    let (give, _get) = mpsc::channel(CAPACITY);
    round.offer(TokioGive(give)).await
}

#[derive(Clone)]
struct AsyncGive(async_channel::Sender<u64>);

impl Give for AsyncGive {
    #[inline]
    async fn give(&self, item: u64) -> bool {
        self.0.send(item).await.is_ok()
    }
}

#[derive(Clone)]
struct AsyncGet(async_channel::Receiver<u64>);

impl Get for AsyncGet {
    #[inline]
    async fn get(&mut self) -> Option<u64> {
        self.0.recv().await.ok()
    }
}

fn async_channel(round: Round) -> Task<Hammered> {
    let (give, get) = async_channel::bounded(CAPACITY);
    Box::pin(round.hand_off(AsyncGive(give), |number| vec![AsyncGet(get); number]))
}

#[derive(Clone)]
struct FlumeGive(flume::Sender<u64>);

impl Give for FlumeGive {
    #[inline]
    async fn give(&self, item: u64) -> bool {
        self.0.send_async(item).await.is_ok()
    }
}

#[derive(Clone)]
struct FlumeGet(flume::Receiver<u64>);

impl Get for FlumeGet {
    #[inline]
    async fn get(&mut self) -> Option<u64> {
        self.0.recv_async().await.ok()
    }
}

fn flume(round: Round) -> Task<Hammered> {
    let (give, get) = flume::bounded(CAPACITY);
    Box::pin(round.hand_off(FlumeGive(give), |number| vec![FlumeGet(get); number]))
}

#[derive(Clone)]
struct KanalGive(kanal::AsyncSender<u64>);

impl Give for KanalGive {
    #[inline]
    async fn give(&self, item: u64) -> bool {
        self.0.send(item).await.is_ok()
    }
}

impl Offer for KanalGive {
    #[inline]
    fn offer(&self, item: u64) -> Offered {
        match self.0.try_send(item) {
            Ok(true) => Offered::In,
            Ok(false) => Offered::Lost,
            Err(_) => Offered::Closed,
        }
    }
}

/// The same, but an item for which there is no room is not lost.
#[derive(Clone)]
struct KanalKeeping(kanal::AsyncSender<u64>);

impl Offer for KanalKeeping {
    #[inline]
    fn offer(&self, item: u64) -> Offered {
        let mut item = Some(item);
        match (self.0.try_send_option(&mut item), item) {
            (Ok(true), None) => Offered::In,
            (Ok(false), Some(item)) => Offered::Back(item),
            _ => Offered::Closed,
        }
    }
}

#[derive(Clone)]
struct KanalGet(kanal::AsyncReceiver<u64>);

impl Get for KanalGet {
    #[inline]
    async fn get(&mut self) -> Option<u64> {
        self.0.recv().await.ok()
    }
}

fn kanal(round: Round) -> Task<Hammered> {
    let (give, get) = kanal::bounded_async(CAPACITY);
    Box::pin(round.hand_off(KanalGive(give), |number| vec![KanalGet(get); number]))
}

async fn full_kanal(round: Round) -> Result<Hammered, Failure> {
    let (give, _get) = kanal::bounded_async(CAPACITY);
    round.offer(KanalGive(give)).await
}

async fn full_kanal_keeping(round: Round) -> Result<Hammered, Failure> {
    let (give, _get) = kanal::bounded_async(CAPACITY);
    round.offer(KanalKeeping(give)).await
}
