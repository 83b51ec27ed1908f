//! Starting trees and instances.

use seaworthy_supervisor::{Child, ChildRef, Context, DynamicSupervisor, Init, Supervisor};
use seaworthy_testkit::{Ending, Live, at_every_await};
use tokio::time::{sleep, timeout};

use crate::common::{Log, children, millis};
use crate::world::slow;

#[test]
pub fn builder_start() {
    let awaits = at_every_await(
        4,
        async || Live::new(),
        async |live| {
            let both = [slow(live, "a", millis(10)), slow(live, "b", millis(10))];
            Supervisor::builder("app").children(both).start().await
        },
        async |live, ending| match ending.completed() {
            Some(root) => assert_eq!((live.alive(), root.is_ok()), (2, true)),
            None => assert_eq!(live.alive(), 0),
        },
    );
    assert_eq!(awaits, 1);
}

/// The three children need 10 ms each: wherever the start is dropped, what had begun ends in reverse.
#[tokio::test(start_paused = true)]
async fn a_start_that_is_dropped_undoes_itself_in_reverse() {
    let undone = ["+a -a", "+a +b -b -a", "+a +b +c -c -b -a"];
    for (dropped_at, expected) in [5, 15, 25].into_iter().zip(undone) {
        let log = Log::default();
        let slow = ["a", "b", "c"].map(|id| {
            let log = log.clone();
            Child::init(id, move |_cx| {
                let here = log.enter(id);
                async move {
                    sleep(millis(10)).await;
                    Ok(Init::Run(async move {
                        let _here = here;
                        std::future::pending().await
                    }))
                }
            })
        });
        let builder = Supervisor::builder("app").children(slow);
        let handle = builder.handle();
        assert!(timeout(millis(dropped_at), builder.start()).await.is_err());
        handle.ended().await;
        assert_eq!(log.take(), expected);
        assert!(!handle.is_alive());
    }
}

#[test]
pub fn dynamic_start() {
    let builder =
        || DynamicSupervisor::builder("pool").template(Child::template(|_cx, ()| async { Ok(()) }));
    let awaits = at_every_await(
        4,
        async || builder().handle(),
        async |_| builder().start().await.map(|pool| pool.is_alive()),
        async |_, ending| assert!(ending.completed().is_none_or(|up| up.expect("it starts"))),
    );
    assert_eq!(awaits, 0, "nobody is to be waited for");
}

/// A dynamic supervisor with one child.
async fn pool() -> (DynamicSupervisor<()>, Live, ChildRef) {
    let live = Live::new();
    let counted = live.clone();
    let template = Child::template_init(move |cx: Context, ()| {
        let guard = counted.guard();
        async move {
            sleep(millis(10)).await;
            Ok(Init::Run(async move {
                let _guard = guard;
                cx.shutdown().await;
                sleep(millis(10)).await;
                Ok(())
            }))
        }
    });
    let pool = DynamicSupervisor::builder("pool")
        .template(template)
        .start()
        .await;
    let pool = pool.expect("it starts");
    let first = pool
        .start_child(())
        .await
        .expect("it starts")
        .expect("it runs");
    (pool, live, first)
}

#[test]
pub fn dynamic_start_child() {
    let awaits = at_every_await(
        4,
        pool,
        async |(pool, ..)| pool.start_child(()).await,
        async |(pool, live, _), ending| {
            let expected = if matches!(ending, Ending::Unpolled) {
                "#1"
            } else {
                "#1 #2"
            };
            assert_eq!(children(pool).await, expected);
            assert_eq!(
                live.alive(),
                pool.count_children().await.expect("it runs").active
            );
        },
    );
    assert_eq!(awaits, 1);
}

#[test]
pub fn dynamic_terminate_child() {
    let awaits = at_every_await(
        4,
        pool,
        async |(pool, _, child)| pool.terminate_child(child).await,
        async |(pool, live, _), ending| {
            let expected = if matches!(ending, Ending::Unpolled) {
                "#1"
            } else {
                ""
            };
            assert_eq!(children(pool).await, expected);
            assert_eq!(
                live.alive(),
                pool.count_children().await.expect("it runs").active
            );
        },
    );
    assert_eq!(awaits, 1);
}
