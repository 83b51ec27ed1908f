//! The layer.

use seaworthy_core::BoxError;
use seaworthy_supervisor::service::ServiceState;
use seaworthy_supervisor::{Child, Context, SupervisedLayer, Supervisor};
use tower::{Layer, ServiceBuilder};

use crate::common::{idle, millis, secs, settle};
use crate::shop::*;

fn factory(plan: &Plan) -> impl Fn(Context) -> Open + Send + Sync + 'static {
    let plan = plan.clone();
    move |cx| Box::pin(std::future::ready(Ok(plan.open(&cx))))
}

type Open = std::pin::Pin<Box<dyn Future<Output = Result<Shop, BoxError>> + Send>>;

/// Applied twice it is one service, that of the first factory.
#[tokio::test(start_paused = true)]
async fn applied_twice_it_is_one_service() {
    let root = Supervisor::builder("town").start().await.unwrap();
    let layer = builder().layer(&root).unwrap();
    let (first, second) = (Plan::default(), Plan::default());
    let mut one = ServiceBuilder::new()
        .layer(layer.clone())
        .service(factory(&first));
    let mut two = ServiceBuilder::new()
        .layer(&layer)
        .service(factory(&second));
    assert_eq!(ask(&mut one, Order::Who).await, Ok(1));
    assert_eq!(rejection(ask(&mut two, Order::Panic).await), CRASHED);
    assert_eq!(
        (
            ask(&mut one, Order::Who).await,
            ask(&mut two, Order::Who).await
        ),
        (Ok(2), Ok(2))
    );
    assert_eq!(root.count_children().await.unwrap().active, 1);
    assert_eq!(second.live.created(), 0);
    root.stop().await;
    assert_eq!(rejection(ask(&mut one, Order::Who).await), STOPPED);
}

/// The supervisor may be started later.
#[tokio::test(start_paused = true)]
async fn its_supervisor_may_start_later() {
    let plan = Plan::default();
    let root = Supervisor::builder("town");
    let layer = builder().layer(&root.handle()).unwrap();
    let mut shop = layer.layer(factory(&plan));
    assert_eq!(shop.state(), ServiceState::Restarting);
    assert_eq!(rejection(ask(&mut shop, Order::Who).await), RESTARTING);
    let root = root.start().await.unwrap();
    assert_eq!(ask(&mut shop, Order::Who).await, Ok(1));
    assert!(root.child("shop").is_some());
}

/// A name that is taken: somebody else's child is not ours.
#[tokio::test(start_paused = true)]
async fn a_name_that_is_taken_is_the_end() {
    let root = Supervisor::builder("town")
        .child(idle("shop"))
        .start()
        .await
        .unwrap();
    let mut shop = builder()
        .layer(&root)
        .unwrap()
        .layer(factory(&Plan::default()));
    assert_eq!(shop.state(), ServiceState::Stopped);
    assert_eq!(rejection(ask(&mut shop, Order::Who).await), STOPPED);
}

/// A factory that fails is tried again, within the intensity.
#[tokio::test(start_paused = true)]
async fn a_factory_that_fails_at_first_is_tried_again() {
    for (fails, answer) in [(3, Ok(4)), (4, Err(STOPPED))] {
        let (plan, calls) = (Plan::default(), crate::common::counter());
        let root = Supervisor::builder("town")
            .intensity(3, secs(5))
            .start()
            .await
            .unwrap();
        let layer: SupervisedLayer<Shop> = builder().layer(&root).unwrap();
        let mut shop = layer.layer(move |cx: Context| {
            let (plan, fine) = (plan.clone(), calls() > fails);
            async move {
                if fine {
                    Ok(plan.open(&cx))
                } else {
                    Err("no key".into())
                }
            }
        });
        let asked = ask(&mut shop, Order::Who).await;
        match answer {
            Ok(who) => assert_eq!(asked, Ok(who)),
            Err(rejected) => assert_eq!(rejection(asked), rejected),
        }
    }
}

/// Its supervisor is restarted by another: children that were added are gone then, but this one is wanted.
#[tokio::test(start_paused = true)]
async fn it_is_started_again_under_a_supervisor_that_was() {
    let plan = Plan::default();
    let quarter = Supervisor::builder("quarter");
    let handle = quarter.handle();
    let root = Supervisor::builder("town")
        .child(Child::supervisor(quarter))
        .start()
        .await
        .unwrap();
    let mut shop = builder().layer(&handle).unwrap().layer(factory(&plan));
    ask(&mut shop, Order::Who).await.unwrap();
    root.child("quarter").unwrap().kill();
    settle().await;
    ask(&mut shop, Order::Who)
        .await
        .expect("it is started again");
    handle.terminate_child("shop").await.unwrap();
    assert_eq!(
        rejection(ask(&mut shop, Order::Who).await),
        STOPPED,
        "that was an order"
    );
    handle.delete_child("shop").await.unwrap();
    assert_eq!(rejection(ask(&mut shop, Order::Who).await), STOPPED);
    tokio::time::sleep(millis(10)).await;
    assert_eq!(handle.count_children().await.unwrap().specs, 0);
    root.stop().await;
}

/// The layer does not own the tree, and nothing of both is left.
#[tokio::test(start_paused = true)]
async fn it_does_not_keep_the_tree() {
    let plan = Plan::default();
    let town = Supervisor::builder("town");
    let watch = town.handle();
    let root = town.start().await.unwrap();
    let layer = builder().layer(&root).unwrap();
    let mut shop = layer.layer(factory(&plan));
    ask(&mut shop, Order::Who).await.unwrap();
    drop(root);
    watch.ended().await;
    assert_eq!(rejection(ask(&mut shop, Order::Who).await), STOPPED);
    drop((layer, shop));
    assert_eq!(plan.live.alive(), 0);
}
