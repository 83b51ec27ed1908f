//! A tree whose starts and stops take time.

use std::time::Duration;

use seaworthy_supervisor::{Child, Context, Init, Supervisor};
use seaworthy_testkit::{Ending, Live};
use tokio::time::sleep;

use crate::common::{children, millis};

/// A worker that takes 10 ms to start and as long to stop.
pub fn slow(live: &Live, id: &'static str, stop: Duration) -> Child {
    let live = live.clone();
    Child::init(id, move |cx: Context| {
        let guard = live.guard();
        async move {
            sleep(millis(10)).await;
            Ok(Init::Run(async move {
                let _guard = guard;
                cx.shutdown().await;
                sleep(stop).await;
                Ok(())
            }))
        }
    })
}

pub struct World {
    pub root: Supervisor,
    pub live: Live,
}

impl World {
    /// `a` runs, `b` does not.
    pub async fn new() -> Self {
        let live = Live::new();
        let root = Supervisor::builder("app")
            .child(slow(&live, "a", millis(10)))
            .child(slow(&live, "b", millis(10)));
        let root = root.start().await.expect("it starts");
        root.terminate_child("b").await.expect("it runs");
        Self { root, live }
    }

    /// As `new`, but the supervisor is about to terminate `a`: calls wait.
    pub async fn busy() -> Self {
        let world = Self::new().await;
        let root = world.root.clone();
        tokio::spawn(async move { root.terminate_child("a").await });
        tokio::task::yield_now().await;
        world
    }

    pub async fn is<T>(&self, ending: &Ending<T>, unpolled: &str, polled: &str) {
        let expected = if matches!(ending, Ending::Unpolled) {
            unpolled
        } else {
            polled
        };
        assert_eq!(children(&self.root).await, expected);
        let active = self.root.count_children().await.expect("it runs").active;
        assert_eq!(
            self.live.alive(),
            active,
            "who lives is who the tree says lives"
        );
    }
}
