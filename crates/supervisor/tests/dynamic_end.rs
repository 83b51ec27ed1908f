//! Ending the children of a dynamic supervisor: one of them, or all with their supervisor.

mod common;

use std::future::pending;

use seaworthy_supervisor::{
    CallError, Child, ChildResult, ChildState, DynamicSupervisor, Ended, Init, StartChildError,
    Supervisor, Template,
};
use seaworthy_testkit::Live;
use tokio::time::sleep;

use common::{children, counter, crasher, idle, millis, secs, settle};

fn waiting() -> Template<()> {
    Child::template(|_cx, ()| pending::<ChildResult>())
}

async fn pool<A>(template: Template<A>) -> DynamicSupervisor<A> {
    let pool = DynamicSupervisor::builder("pool").template(template);
    pool.start().await.expect("it starts")
}

/// A reference means one incarnation: one that is gone is as good as terminated, and a later one at
/// its place is not touched.
#[tokio::test(start_paused = true)]
async fn terminating_what_is_gone_or_elsewhere() {
    let (one, other) = (pool(waiting()).await, pool(waiting()).await);
    let child = one.start_child(()).await.unwrap().unwrap();
    assert_eq!(
        other.terminate_child(&child).await,
        Err(CallError::NotFound)
    );
    assert!(child.is_alive());

    child.kill();
    settle().await;
    assert_eq!(
        one.terminate_child(&child).await,
        Ok(()),
        "that incarnation is gone"
    );
    assert_eq!(other.terminate_child(&child).await, Ok(()));
    assert_eq!(children(&one).await, "#1", "the next one is not touched");
    let next = one.child("#1").unwrap();
    assert_eq!(one.terminate_child(&next).await, Ok(()));
    assert_eq!(one.terminate_child(&next).await, Ok(()), "twice is fine");
    assert_eq!(children(&one).await, "");

    let child = one.start_child(()).await.unwrap().unwrap();
    one.stop().await;
    assert_eq!(one.terminate_child(&child).await, Err(CallError::NotAlive));
    assert_eq!(other.terminate_child(&child).await, Ok(()));
}

/// An instance that cannot be restarted now is still there, and terminating it ends the attempts.
#[tokio::test(start_paused = true)]
async fn terminating_what_is_being_restarted() {
    let calls = counter();
    let template = Child::template_init(move |_cx, ()| {
        let first = calls() == 1;
        async move {
            sleep(millis(100)).await;
            if first {
                Ok(Init::Run(pending::<ChildResult>()))
            } else {
                Err("not yet".into())
            }
        }
    });
    let pool = DynamicSupervisor::builder("pool")
        .template(template)
        .intensity(1000, secs(60));
    let pool = pool.start().await.unwrap();
    let child = pool.start_child(()).await.unwrap().unwrap();
    child.kill();
    sleep(millis(150)).await;
    let states = pool.which_children().await.unwrap();
    assert_eq!(states[0].state, ChildState::Restarting);
    assert_eq!(pool.terminate_child(&child).await, Ok(()));
    assert_eq!(children(&pool).await, "");
    sleep(secs(1)).await;
    assert_eq!(pool.snapshot().unwrap().children.len(), 0);
}

/// When its supervisor is restarted the children are gone, as in OTP, the handle goes on, and old
/// references mean nothing of the new ones.
#[tokio::test(start_paused = true)]
async fn children_do_not_survive_their_supervisor() {
    let live = Live::new();
    let counted = live.clone();
    let template = Child::template(move |_cx, ()| {
        let guard = counted.guard();
        async move {
            let _guard = guard;
            pending().await
        }
    });
    let builder = DynamicSupervisor::builder("pool").template(template);
    let pool = builder.handle();
    assert!(
        matches!(pool.start_child(()).await, Err(StartChildError::NotAlive)),
        "not yet"
    );
    let root = Supervisor::builder("app")
        .child(Child::supervisor(builder))
        .start()
        .await
        .unwrap();
    let old = pool.start_child(()).await.unwrap().unwrap();
    pool.start_child(()).await.unwrap();
    settle().await;
    assert_eq!(live.alive(), 2);

    root.child("pool").unwrap().kill();
    settle().await;
    assert_eq!((live.alive(), children(&pool).await.as_str()), (0, ""));
    let new = pool.start_child(()).await.unwrap().unwrap();
    assert_eq!(&*new.path(), "app/pool/#1", "numbered anew");
    assert!(
        new.incarnation() > old.incarnation(),
        "but never the same incarnation"
    );
    assert_eq!(pool.terminate_child(&old).await, Ok(()));
    assert!(!old.kill() && new.is_alive());
    root.stop().await;
    assert!(matches!(pool.ended().await, Ended::Stopped));
    assert!(matches!(
        pool.start_child(()).await,
        Err(StartChildError::NotAlive)
    ));
}

/// It is one child among others, and its own crash loop ends at its parent.
#[tokio::test(start_paused = true)]
async fn below_a_static_supervisor() {
    let template = Child::template(|_cx, ()| async { ChildResult::Err("crashed".into()) });
    let builder = DynamicSupervisor::builder("pool").template(template);
    let pool = builder.handle();
    let root = Supervisor::builder("app")
        .child(idle("a"))
        .child(Child::supervisor(builder));
    let root = root.start().await.unwrap();
    let sibling = root.child("a").unwrap().incarnation();
    pool.start_child(()).await.unwrap();
    settle().await;
    assert_eq!(children(&root).await, "a pool");
    assert_eq!(children(&pool).await, "", "restarted, without the child");
    assert_eq!(root.child("a").unwrap().incarnation(), sibling);
    let error = root
        .supervisor("pool")
        .unwrap()
        .start_child(crasher("x", secs(1)))
        .await;
    assert!(
        matches!(error, Err(StartChildError::Invalid(_))),
        "{error:?}"
    );
}
