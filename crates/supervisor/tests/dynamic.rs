//! Many children of one template: how they are numbered, found, limited, restarted and ended.

mod common;

use std::future::pending;

use seaworthy_supervisor::{
    CallError, Child, ChildId, ChildResult, Context, DynamicSupervisor, Ended, Init, Restart,
    StartChildError, Supervisor, Template,
};
use seaworthy_testkit::Live;
use tokio::time::{Instant, sleep};

use common::{Log, children, counter, millis, secs, settle};

fn waiting() -> Template<()> {
    Child::template(|_cx, ()| pending::<ChildResult>())
}

async fn pool<A>(template: Template<A>) -> DynamicSupervisor<A> {
    let pool = DynamicSupervisor::builder("pool").template(template);
    pool.start().await.expect("it starts")
}

#[tokio::test(start_paused = true)]
async fn numbers_are_never_used_again() {
    let pool = pool(waiting()).await;
    let mut refs = Vec::new();
    for number in 1..=4 {
        let child = pool.start_child(()).await.unwrap().unwrap();
        assert_eq!(child.id(), &ChildId::Number(number));
        assert_eq!(&*child.path(), format!("pool/#{number}"));
        refs.push(child);
    }
    pool.terminate_child(&refs[1]).await.unwrap();
    pool.terminate_child(&refs[3]).await.unwrap();
    assert_eq!(children(&pool).await, "#1 #3");
    let next = pool.start_child(()).await.unwrap().unwrap();
    assert_eq!(next.id(), &ChildId::Number(5));
    assert_eq!(
        pool.child("#3").unwrap().incarnation(),
        refs[2].incarnation()
    );
    assert!(pool.child("#2").is_none() && pool.child("3").is_none());
    let counts = pool.count_children().await.unwrap();
    assert_eq!(
        (
            counts.specs,
            counts.active,
            counts.workers,
            counts.supervisors
        ),
        (1, 3, 3, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn the_limit_counts_those_being_restarted() {
    let calls = counter();
    let template = Child::template_init(move |_cx, ()| {
        let call = calls();
        async move {
            if (3..=4).contains(&call) {
                sleep(secs(1)).await;
                return Err("not yet".into());
            }
            Ok(Init::Run(pending::<ChildResult>()))
        }
    });
    let pool = DynamicSupervisor::builder("pool")
        .template(template)
        .max_children(2);
    let pool = pool.start().await.unwrap();
    let first = pool.start_child(()).await.unwrap().unwrap();
    let second = pool.start_child(()).await.unwrap().unwrap();
    let full = pool.start_child(()).await;
    assert!(
        matches!(full, Err(StartChildError::MaxChildren)),
        "{full:?}"
    );
    // Its restart fails twice; meanwhile its place is taken.
    first.kill();
    sleep(millis(1500)).await;
    let (full, _) = tokio::join!(pool.start_child(()), sleep(secs(3)));
    assert!(
        matches!(full, Err(StartChildError::MaxChildren)),
        "{full:?}"
    );
    pool.terminate_child(&second).await.unwrap();
    assert!(pool.start_child(()).await.is_ok(), "there is room again");
    assert_eq!(children(&pool).await, "#1 #3");
}

/// Each instance is restarted with its own arguments, by the restart type of the template.
#[tokio::test(start_paused = true)]
async fn restarts_keep_their_arguments() {
    let log = Log::default();
    let noted = log.clone();
    let template = Child::template(move |cx: Context, name: String| {
        let log = noted.clone();
        async move {
            log.add(format!("{name}@{}", cx.path()));
            sleep(secs(1)).await;
            match name.as_str() {
                "fails" => Err("failed".into()),
                "ends" => Ok(()),
                _ => pending().await,
            }
        }
    });
    let pool = pool(template.restart(Restart::Transient)).await;
    for name in ["stays", "fails", "ends"] {
        pool.start_child(name.to_owned()).await.unwrap();
    }
    sleep(millis(1500)).await;
    assert_eq!(
        log.take(),
        "stays@pool/#1 fails@pool/#2 ends@pool/#3 fails@pool/#2"
    );
    assert_eq!(
        children(&pool).await,
        "#1 #2",
        "one that ended well is forgotten"
    );
}

#[tokio::test(start_paused = true)]
async fn one_that_is_ignored_is_forgotten() {
    let template = Child::template_init(|_cx, wanted: bool| async move {
        Ok(if wanted {
            Init::Run(pending::<ChildResult>())
        } else {
            Init::Ignore
        })
    });
    let pool = pool(template).await;
    assert!(pool.start_child(false).await.unwrap().is_none());
    assert!(pool.start_child(true).await.unwrap().is_some());
    assert_eq!(children(&pool).await, "#2");
    let failing = Child::template_init(|_cx, ()| async {
        if true {
            Err("no disk".into())
        } else {
            Ok(Init::Run(pending::<ChildResult>()))
        }
    });
    let pool = self::pool(failing).await;
    let error = pool.start_child(()).await.unwrap_err();
    assert_eq!(error.to_string(), "cannot start `pool/#1`: error: no disk");
    assert_eq!(children(&pool).await, "");
}

/// Named calls are not for a dynamic supervisor.
#[tokio::test(start_paused = true)]
async fn named_calls_are_not_supported() {
    let pool = pool(waiting()).await;
    let child = pool.start_child(()).await.unwrap().unwrap();
    let plain: &Supervisor = &pool;
    for id in ["#1", "1", "x"] {
        assert_eq!(
            plain.terminate_child(id).await,
            Err(CallError::NotSupported)
        );
        assert_eq!(plain.delete_child(id).await, Err(CallError::NotSupported));
        let error = plain.restart_child(id).await.unwrap_err();
        assert_eq!(error.to_string(), CallError::NotSupported.to_string());
    }
    assert!(child.is_alive());
}

/// The intensity is counted over all instances.
#[tokio::test(start_paused = true)]
async fn the_intensity_is_common() {
    let template = Child::template(|_cx, after: u64| async move {
        sleep(secs(after)).await;
        ChildResult::Err("crashed".into())
    });
    let pool = DynamicSupervisor::builder("pool")
        .template(template)
        .intensity(2, secs(60));
    let pool = pool.start().await.unwrap();
    for after in [5, 6, 7] {
        pool.start_child(after).await.unwrap();
    }
    let began = Instant::now();
    let Ended::GaveUp { child, .. } = pool.ended().await else {
        panic!("it gave up")
    };
    assert_eq!((&*child, began.elapsed().as_secs()), ("pool/#3", 7));
}

#[tokio::test(start_paused = true)]
async fn ten_thousand() {
    let live = Live::new();
    let counted = live.clone();
    let template = Child::template(move |cx: Context, _number: u32| {
        let guard = counted.guard();
        async move {
            let _guard = guard;
            cx.shutdown().await;
            Ok(())
        }
    });
    let pool = DynamicSupervisor::builder("pool")
        .template(template)
        .max_children(10_000);
    let pool = pool.intensity(10_000, secs(60)).start().await.unwrap();
    let mut refs = Vec::new();
    for number in 0..10_000 {
        refs.push(pool.start_child(number).await.unwrap().unwrap());
    }
    assert!(matches!(
        pool.start_child(0).await,
        Err(StartChildError::MaxChildren)
    ));
    settle().await;
    assert_eq!(live.alive(), 10_000);
    for child in refs.iter().step_by(2) {
        assert!(child.kill());
    }
    settle().await;
    assert_eq!(
        (live.created(), live.alive(), live.peak()),
        (15_000, 10_000, 10_000)
    );
    assert_eq!(pool.count_children().await.unwrap().active, 10_000);
    let report = pool.stop().await;
    assert_eq!((report.stopped, live.alive()), (10_000, 0));
    assert_eq!(report.slowest.len(), 64, "the report is bounded");
}
