//! What the storm does at random, done at the worst moment.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use seaworthy_core::Reason;
use tokio::task::JoinHandle;
use tokio::time;
use tower::ServiceExt;

use super::*;
use crate::shop::database::CURSED_QUANTITY;
use crate::shop::till::Order;

/// A till, the queue behind it, and a database; workers come and go.
struct Shop {
    till: Till,
    orders: Orders,
    journal: Arc<Journal>,
    store: Arc<Store>,
    _folder: tempfile::TempDir,
}

impl Shop {
    fn open() -> Self {
        let journal = Arc::new(Journal::new(false));
        let (till, orders) = open(&journal, &Registry::new()).expect("it is allowed");
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let store = Store::open(&folder.path().join("orders.redb")).expect("it is made");
        Self {
            till,
            orders,
            journal,
            store: Arc::new(store),
            _folder: folder,
        }
    }

    /// A customer, whose order is in the queue when this returns.
    async fn place(&self, quantity: u64) -> JoinHandle<Result<u64, Unconfirmed>> {
        let product = 1;
        let (before, till) = (self.orders.len(), self.till.clone());
        let customer = tokio::spawn(till.oneshot(Order { product, quantity }));
        while self.orders.len() == before {
            tokio::task::yield_now().await;
        }
        customer
    }

    fn on_disk(&self) -> usize {
        self.store.orders().expect("they can be read").len()
    }

    fn spawn_worker(&self) -> JoinHandle<Result<(), BoxError>> {
        let (store, orders) = (Arc::clone(&self.store), self.orders.clone());
        let journal = Arc::clone(&self.journal);
        tokio::spawn(async move { serve(&store, &orders, &journal).await })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_killed_between_disk_and_customer_has_the_next_one_tell_the_customer() {
    let shop = Shop::open();
    let customer = shop.place(2).await;
    {
        let mut worker = pin!(serve(&shop.store, &shop.orders, &shop.journal));
        // As far as the disk and not a step further.
        poll_fn(|cx| {
            assert!(worker.as_mut().poll(cx).is_pending(), "it serves for ever");
            if shop.on_disk() > 0 {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
        assert_eq!(shop.orders.in_flight(), 1);
    }
    assert_eq!((shop.orders.in_flight(), shop.orders.len()), (0, 1));
    assert!(!customer.is_finished(), "nobody could tell");

    let worker = shop.spawn_worker();
    let told = customer.await.expect("it does not panic");
    assert!(matches!(told, Ok(1)), "{told:?}");
    assert_eq!((shop.on_disk(), shop.orders.in_flight()), (1, 0));
    assert_eq!(shop.journal.orders.read().redelivered, 1);
    worker.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursed_order_takes_no_other_one_with_it() {
    let shop = Shop::open();
    let mut innocents = vec![shop.place(1).await, shop.place(2).await];
    let cursed = shop.place(CURSED_QUANTITY).await;
    innocents.push(shop.place(3).await);

    for attempt in 1..=ATTEMPTS {
        let ended = time::timeout(PATIENCE, shop.spawn_worker()).await;
        let crashed = ended.expect("it ends").expect_err("it panics");
        assert!(crashed.is_panic(), "{crashed}");
        assert!(!cursed.is_finished(), "it is tried again after {attempt}");
    }
    let worker = shop.spawn_worker();
    let told = cursed.await.expect("it does not panic");
    assert!(
        matches!(told, Err(Unconfirmed::GivenUp(ATTEMPTS))),
        "{told:?}"
    );
    let mut ids = Vec::new();
    for innocent in innocents {
        let told = innocent.await.expect("it does not panic");
        ids.push(told.expect("it is confirmed"));
    }
    // The third one came after the cursed one, and had to wait until that was put aside.
    assert_eq!((ids, shop.on_disk()), (vec![1, 2, 3], 3));
    assert_eq!(shop.journal.orders.read().dead_lettered, 1);
    worker.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_fit_in_is_turned_away_at_once() {
    let shop = Shop::open();
    let mut inside = Vec::new();
    for _ in 0..CAPACITY {
        inside.push(shop.place(1).await);
    }
    let product = 1;
    let order = Order {
        product,
        quantity: 1,
    };
    let told = shop.till.clone().oneshot(order).await;
    let Err(Unconfirmed::TurnedAway(rejected)) = told else {
        panic!("{told:?}");
    };
    assert_eq!(rejected.reason(), Reason::QueueFull);
    let counted = shop.journal.orders.read();
    assert_eq!((counted.queued, counted.rejected), (48, 1));
    assert_eq!(counted.peak, CAPACITY);
}
