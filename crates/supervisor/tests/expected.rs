//! Whether a supervisor that does not run is going to.

mod common;

use seaworthy_core::backoff::Backoff;
use seaworthy_supervisor::{Child, Context, Restart, Shutdown, Strategy, Supervisor};

use common::{idle, millis, secs, settle};

/// `app` over `b`, which is over an idle child.
fn below() -> (Supervisor, Child) {
    let below = Supervisor::builder("b").child(idle("c"));
    (below.handle(), Child::supervisor(below))
}

#[tokio::test(start_paused = true)]
async fn before_its_first_start() {
    let (below, child) = below();
    assert!(below.is_expected());
    assert!(!below.is_alive());
    let app = Supervisor::builder("app").child(child);
    assert!(below.is_expected());
    drop(app);
    assert!(!below.is_expected(), "nobody can start it any more");
}

#[tokio::test(start_paused = true)]
async fn while_it_is_restarted() {
    let (below, child) = below();
    let pause = Backoff::exponential(secs(10), secs(10)).build().unwrap();
    let app = Supervisor::builder("app").child(child.backoff(pause, secs(60)));
    let app = app.start().await.unwrap();
    assert!(below.is_expected());
    app.child("b").unwrap().kill();
    settle().await;
    assert!(!below.is_alive());
    assert!(below.is_expected(), "in ten seconds");
    app.terminate_child("b").await.unwrap();
    assert!(!below.is_expected(), "by order it stays down");
    app.restart_child("b").await.unwrap();
    assert!(below.is_alive() && below.is_expected());
}

#[tokio::test(start_paused = true)]
async fn while_one_above_it_is_restarted() {
    let (below, child) = below();
    let middle = Supervisor::builder("m").child(child);
    let pause = Backoff::exponential(secs(10), secs(10)).build().unwrap();
    let middle = Child::supervisor(middle).backoff(pause, secs(60));
    let app = Supervisor::builder("app").child(middle);
    let app = app.start().await.unwrap();
    app.child("m").unwrap().kill();
    settle().await;
    assert!(!below.is_alive());
    assert!(below.is_expected());
    app.delete_child("m").await.unwrap_err();
    app.terminate_child("m").await.unwrap();
    assert!(!below.is_expected());
}

/// One of a group goes down with another, and comes back with it.
#[tokio::test(start_paused = true)]
async fn while_its_group_is_restarted() {
    let (below, child) = below();
    let slow = Child::task("slow", |cx: Context| async move {
        cx.shutdown().await;
        tokio::time::sleep(secs(1)).await;
        Ok(())
    });
    let app = Supervisor::builder("app").strategy(Strategy::OneForAll);
    let app = app.child(slow).child(child).child(idle("z"));
    let app = app.start().await.unwrap();
    app.child("z").unwrap().kill();
    settle().await;
    assert!(!below.is_alive(), "the slow one is waited for");
    assert!(below.is_expected());
    tokio::time::sleep(secs(2)).await;
    assert!(below.is_alive());
}

#[tokio::test(start_paused = true)]
async fn when_it_is_not_to_come_back() {
    let (below, child) = below();
    let app = Supervisor::builder("app").child(child.restart(Restart::Temporary));
    let app = app.start().await.unwrap();
    app.child("b").unwrap().kill();
    settle().await;
    assert!(!below.is_expected());
}

#[tokio::test(start_paused = true)]
async fn while_the_tree_stops() {
    let (below, child) = below();
    let deaf = Child::task("deaf", |cx: Context| async move {
        cx.shutdown().await;
        std::future::pending().await
    });
    let deaf = deaf.shutdown(Shutdown::Timeout(secs(3)));
    let app = Supervisor::builder("app").child(deaf).child(child);
    let app = app.start().await.unwrap();
    let stopping = app.clone();
    let stopping = tokio::spawn(async move { stopping.stop().await });
    tokio::time::sleep(millis(500)).await;
    assert!(app.is_alive() && !below.is_alive());
    assert!(!below.is_expected() && !app.is_expected());
    stopping.await.unwrap();
    assert!(!below.is_expected() && !app.is_expected());
}
