//! The contract of tower, and what the handle says about itself.

use std::convert::Infallible;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use seaworthy_core::{BoxError, Reason, Rejected};
use seaworthy_supervisor::service::ServiceState;
use seaworthy_supervisor::{Supervised, Supervisor};
use seaworthy_testkit::block_on_paused;
use tower::{Service, ServiceExt, service_fn};

use crate::common::{millis, secs, settle};
use crate::shop::*;

/// The shop checks that the clone that is called is the one that was ready, each time anew.
#[tokio::test(start_paused = true)]
async fn the_readied_instance_is_called() {
    let mut town = Town::new().await;
    for _ in 0..3 {
        assert_eq!(ask(&mut town.shop, Order::Who).await, Ok(1));
    }
    let mut clone = town.shop.clone();
    town.shop.ready().await.unwrap();
    assert_eq!(
        ask(&mut clone, Order::Who).await,
        Ok(1),
        "its readiness is its own"
    );
    assert_eq!(town.shop.call(Order::Who).await, Ok(1));
    assert!(town.crashes().is_empty());
}

/// A call without readiness never reaches the instance.
#[tokio::test(start_paused = true)]
async fn a_call_that_was_not_readied_is_turned_away() {
    let mut town = Town::new().await;
    assert_eq!(rejection(town.shop.call(Order::Who).await), RESTARTING);
    assert_eq!(ask(&mut town.shop, Order::Who).await, Ok(1));
    assert_eq!(
        rejection(town.shop.call(Order::Who).await),
        RESTARTING,
        "once only"
    );
    town.shop.ready().await.unwrap();
    assert_eq!(
        rejection(town.shop.clone().call(Order::Who).await),
        RESTARTING
    );
    assert_eq!(town.plan.calls.created(), 1);
    assert!(town.crashes().is_empty());
    town.root.stop().await;
    assert_eq!(rejection(town.shop.call(Order::Who).await), STOPPED);
}

/// An instance may crash between the two: nothing is begun on it any more.
#[tokio::test(start_paused = true)]
async fn an_instance_that_crashed_since_is_not_called() {
    let mut town = Town::new().await;
    let mut early = town.shop.clone();
    early.ready().await.unwrap();
    assert_eq!(rejection(ask(&mut town.shop, Order::Panic).await), CRASHED);
    assert_eq!(rejection(early.call(Order::Who).await), RESTARTING);
    assert_eq!(ask(&mut early, Order::Who).await, Ok(2));
    assert_eq!(town.plan.calls.created(), 2);
}

/// Pending instances are polled again when they wake, and by nobody else.
#[tokio::test(start_paused = true)]
async fn an_instance_may_be_busy() {
    let mut town = Town::new().await;
    town.plan.next_readiness([Readiness::Pending; 3]);
    assert_eq!(ask(&mut town.shop, Order::Who).await, Ok(1));
    assert_eq!(town.plan.readiness.lock().unwrap().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_handle_tells_how_it_is_doing() {
    let plan = Plan::default();
    let (mut shop, child) = shop(&plan, secs(1), builder());
    assert_eq!(
        (shop.state(), shop.incarnation()),
        (ServiceState::Restarting, None)
    );
    assert_eq!(shop.name(), "shop");
    let root = Supervisor::builder("town")
        .child(child)
        .start()
        .await
        .unwrap();
    assert_eq!(
        (shop.state(), shop.incarnation()),
        (ServiceState::Running, Some(1))
    );
    assert_eq!(root.child("shop").unwrap().incarnation(), 1);
    assert_eq!(
        format!("{shop:?}"),
        "Supervised { name: \"shop\", incarnation: Some(1), .. }"
    );
    rejection(ask(&mut shop, Order::Panic).await);
    assert_eq!(
        (shop.state(), shop.incarnation()),
        (ServiceState::Restarting, None)
    );
    tokio::time::sleep(secs(2)).await;
    assert_eq!(
        (shop.state(), shop.incarnation()),
        (ServiceState::Running, Some(2))
    );
    root.stop().await;
    assert_eq!(
        (shop.state(), shop.incarnation()),
        (ServiceState::Stopped, None)
    );
}

/// Children after it are started when the first instance is there, as after any that is ready late.
#[tokio::test(start_paused = true)]
async fn the_child_is_ready_when_the_instance_is() {
    let (plan, before) = (Plan::default(), tokio::time::Instant::now());
    let (mut shop, child) = shop(&plan, millis(300), builder());
    let root = Supervisor::builder("town")
        .child(child)
        .start()
        .await
        .unwrap();
    assert_eq!(before.elapsed(), millis(300));
    assert_eq!(ask(&mut shop, Order::Who).await, Ok(1));
    assert!(root.stop().await.is_clean());
}

/// The factory fails: so does the start.
#[tokio::test(start_paused = true)]
async fn a_factory_that_fails_is_a_start_that_fails() {
    let (mut shop, child) = Supervised::builder("shop")
        .build(|_cx| async { Err::<Shop, BoxError>("no key".into()) })
        .unwrap();
    let error = Supervisor::builder("town")
        .child(child)
        .start()
        .await
        .unwrap_err();
    assert!(error.to_string().contains("shop"), "{error}");
    assert_eq!(rejection(ask(&mut shop, Order::Who).await), STOPPED);
}

#[test]
fn what_is_not_allowed_is_named() {
    let build = |builder: seaworthy_supervisor::service::SupervisedBuilder| {
        builder.build(|_cx| async { Err::<Shop, BoxError>("never".into()) })
    };
    let error = build(Supervised::builder("a/b")).unwrap_err();
    assert_eq!((error.field, error.value.as_str()), ("name", "a/b"));
    let error = build(builder().failfast(Duration::MAX)).unwrap_err();
    assert_eq!(
        (error.field, error.allowed.as_str()),
        ("failfast", "at most a day")
    );
    assert!(build(builder().failfast(Duration::ZERO)).is_ok());
}

/// A service that cannot fail says everything in its responses, and is always ready to.
#[tokio::test(start_paused = true)]
async fn rejections_may_be_responses() {
    let respond = |rejected: Rejected| format!("503 {}", rejected.reason());
    let (mut page, child) = Supervised::builder("page")
        .failfast(millis(100))
        .respond(respond)
        .build(|_cx| async {
            Ok(service_fn(|ok: bool| async move {
                assert!(ok, "not found");
                Ok::<_, Infallible>("200".to_owned())
            }))
        })
        .unwrap();
    let before = page.ready().await.unwrap().call(true).await;
    assert_eq!(before.unwrap(), "503 restarting");
    let root = Supervisor::builder("site")
        .child(child)
        .start()
        .await
        .unwrap();
    let mut ask = async |ok| page.ready().await.unwrap().call(ok).await.unwrap();
    assert_eq!(ask(true).await, "200");
    assert_eq!(ask(false).await, "503 crashed");
    assert_eq!(ask(true).await, "200");
    root.stop().await;
    assert_eq!(ask(true).await, "503 stopped");
    assert_eq!(ask(true).await, "503 stopped");
}

/// Any error will do that can be made of a rejection; `BoxError` as it stands.
#[tokio::test(start_paused = true)]
async fn rejections_may_be_boxed() {
    let (mut svc, child) = Supervised::builder("boxed")
        .build(|_cx| async {
            Ok(service_fn(|(): ()| async {
                Err::<(), BoxError>("no".into())
            }))
        })
        .unwrap();
    let root = Supervisor::builder("app")
        .child(child)
        .start()
        .await
        .unwrap();
    let error = svc.ready().await.unwrap().call(()).await.unwrap_err();
    assert_eq!(error.to_string(), "no");
    root.stop().await;
    let error = svc.ready().await.map(drop).unwrap_err();
    assert_eq!(
        Rejected::find_in(error.as_ref()).unwrap().reason(),
        Reason::Stopped
    );
}

/// A handle is used outside of any runtime: nobody can wait there, so it turns away at once or calls.
#[test]
fn a_handle_works_without_a_runtime() {
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let (plan, mut shop, child) = {
        let plan = Plan::default();
        let (shop, child) = shop(&plan, Duration::ZERO, builder());
        (plan, shop, child)
    };
    let poll =
        |shop: &mut Supervised<Shop>, cx: &mut _| <_ as Service<Order>>::poll_ready(shop, cx);
    assert_eq!(poll(&mut shop, &mut cx), Poll::Ready(Ok(())));
    let refused = pin!(shop.call(Order::Who)).as_mut().poll(&mut cx);
    let Poll::Ready(refused) = refused else {
        panic!("a rejection takes no time")
    };
    assert_eq!(rejection(refused), RESTARTING);
    let mut left = shop.clone();
    block_on_paused(async {
        let _root = Supervisor::builder("town")
            .child(child)
            .start()
            .await
            .unwrap();
        settle().await;
        assert_eq!(ask(&mut shop, Order::Who).await, Ok(1));
    });
    // The runtime is gone, and with it the tree.
    let Poll::Ready(Err(error)) = poll(&mut left, &mut cx) else {
        panic!("it has stopped")
    };
    assert_eq!(rejection(Err::<(), _>(error)), STOPPED);
    drop((shop, left));
    assert_eq!(plan.live.alive(), 0);
}

/// A handle goes wherever its service goes: into the state of a router, which is shared by its threads, as well.
#[test]
fn a_handle_is_send_and_sync_if_its_service_is() {
    fn both<T: Send + Sync + 'static>(_: &T) {}
    let (service, _child) = Supervised::builder("shop")
        .build(|_cx| async { Ok(service_fn(async |(): ()| Ok::<_, BoxError>(()))) })
        .expect("it is in order");
    both(&service);
    let (owned, _child) = Supervised::builder("shop")
        .owned()
        .build(|_cx| async { Ok(service_fn(async |(): ()| Ok::<_, BoxError>(()))) })
        .expect("it is in order");
    both(&owned);
}
