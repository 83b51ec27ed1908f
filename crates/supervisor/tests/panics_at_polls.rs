//! A panic at any poll of a child: contained, restarted, nobody else is touched.

mod common;

use seaworthy_supervisor::{Child, Context, Init, Supervisor};
use seaworthy_testkit::{Fuse, Live, panic_at_every_poll};

use common::{listener, secs};

/// The worker of `tree` is polled five times before it is at rest.
fn fused(fuse: &Fuse, live: &Live, init: bool) -> Child {
    let (fuse, live) = (fuse.clone(), live.clone());
    Child::init("w", move |cx: Context| {
        let (guard, fuse) = (live.guard(), fuse.clone());
        let work = async || {
            for _ in 0..4 {
                tokio::task::yield_now().await;
            }
        };
        async move {
            if init {
                fuse.wrap(work()).await;
            }
            Ok(Init::Run(async move {
                let _guard = guard;
                if !init {
                    fuse.wrap(work()).await;
                }
                cx.shutdown().await;
                Ok(())
            }))
        }
    })
}

#[test]
fn at_every_poll_of_a_body() {
    let polls = panic_at_every_poll(
        8,
        async || (Live::new(), None),
        async |(live, kept), fuse| {
            let root = Supervisor::builder("app").child(listener("sibling"));
            let root = root
                .child(fused(&fuse, live, false))
                .start()
                .await
                .expect("it starts");
            *kept = Some((
                root.clone(),
                root.child("sibling").expect("it runs").incarnation(),
            ));
            tokio::time::sleep(secs(1)).await;
        },
        async |(live, kept), _| {
            let (root, sibling) = kept.take().expect("it started");
            assert_eq!(
                (live.alive(), live.peak()),
                (1, 1),
                "no overlap, and it runs"
            );
            assert_eq!(
                root.child("sibling").expect("it runs").incarnation(),
                sibling
            );
            assert!(root.stop().await.is_clean());
            assert_eq!(live.alive(), 0);
        },
    );
    assert_eq!(polls, 5);
}

#[test]
fn at_every_poll_of_a_first_phase() {
    let polls = panic_at_every_poll(
        8,
        async || (Live::new(), false),
        async |(live, up), fuse| {
            let root = Supervisor::builder("app").child(listener("sibling"));
            let started = root.child(fused(&fuse, live, true)).start().await;
            *up = started.is_ok();
            assert_eq!(*up, !fuse.is_burnt());
            assert_eq!(live.alive(), usize::from(*up));
        },
        async |(live, _), _| assert_eq!(live.alive(), 0, "the root was dropped"),
    );
    assert_eq!(polls, 5);
}
