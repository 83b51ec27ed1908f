//! Bad input is answered with a typed error that names what is wrong and where; whatever had started
//! is stopped in reverse order.

mod common;

use std::future::pending;
use std::time::Duration;

use seaworthy_core::ConfigError;
use seaworthy_supervisor::{
    AutoShutdown, Builder, Child, ChildResult, Context, DynamicSupervisor, Ended, Restart,
    StartChildError, StartError, StartFailure, Supervisor,
};
use tokio::time::timeout;

use common::{children, idle, secs};

fn app() -> Builder {
    Supervisor::builder("app")
}

fn bad_spec(error: &StartError) -> &ConfigError {
    match &error.root_cause().cause {
        StartFailure::BadSpec(error) => error,
        other => panic!("{other:?}"),
    }
}

/// Starting it says that `field` of what is at `path` must not be `value`.
async fn refused(builder: Builder, path: &str, field: &str, value: &str) {
    let error = builder.start().await.expect_err("it is not valid");
    assert_eq!(&*error.root_cause().path, path);
    let cause = bad_spec(&error);
    assert_eq!((cause.field, &*cause.value), (field, value), "{error}");
}

#[tokio::test(start_paused = true)]
async fn ids() {
    let long = "x".repeat(256);
    for id in ["", "a/b", "#1", "a\nb", &long] {
        refused(Supervisor::builder(id), id, "id", id).await;
        refused(
            app().child(Child::task(id, |_cx| pending())),
            "app",
            "child.id",
            id,
        )
        .await;
        let root = app().start().await.unwrap();
        match root.start_child(Child::task(id, |_cx| pending())).await {
            Err(StartChildError::Invalid(error)) => {
                assert_eq!(
                    (&*error.component, error.field, &*error.value),
                    ("app", "child.id", id)
                );
            }
            other => panic!("{other:?}"),
        }
    }
    let longest = "x".repeat(255);
    for id in ["a", "ü", "with space", "a#1", &longest] {
        let root = Supervisor::builder(id).child(Child::task(id, |_cx| pending()));
        assert_eq!(
            &*root.start().await.unwrap().child(id).unwrap().path(),
            format!("{id}/{id}")
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_id_twice() {
    refused(
        app().child(idle("w")).child(idle("v")).child(idle("w")),
        "app",
        "child.id",
        "w",
    )
    .await;
    let both = app()
        .child(idle("w"))
        .child(Child::supervisor(Supervisor::builder("w")));
    refused(both, "app", "child.id", "w").await;
    let root = app().child(idle("w")).start().await.unwrap();
    let again = root.start_child(idle("w")).await;
    assert!(
        matches!(again, Err(StartChildError::AlreadyStarted)),
        "{again:?}"
    );
    root.terminate_child("w").await.unwrap();
    let again = root.start_child(idle("w")).await;
    assert!(
        matches!(again, Err(StartChildError::AlreadyPresent)),
        "{again:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_at_all() {
    let root = app().start().await.unwrap();
    assert_eq!(children(&root).await, "");
    assert!(root.stop().await.is_clean());
    assert!(matches!(root.ended().await, Ended::Stopped));
    let nested = app().child(Child::supervisor(Supervisor::builder("inner")));
    assert!(nested.start().await.unwrap().stop().await.is_clean());
}

#[tokio::test(start_paused = true)]
async fn intensity() {
    let year = secs(365 * 24 * 3600);
    for period in [
        Duration::ZERO,
        year + Duration::from_nanos(1),
        Duration::MAX,
    ] {
        let value = format!("{period:?}");
        refused(
            app().intensity(3, period),
            "app",
            "intensity.period",
            &value,
        )
        .await;
    }
    // The extremes of what is allowed.
    for (restarts, period) in [(u32::MAX, year), (0, Duration::from_nanos(1))] {
        app().intensity(restarts, period).start().await.unwrap();
    }
    let crash = Child::task("w", |_cx| async { Err("no".into()) });
    let root = app()
        .intensity(0, secs(1))
        .child(crash)
        .start()
        .await
        .unwrap();
    assert!(
        matches!(root.ended().await, Ended::GaveUp { .. }),
        "the first crash is fatal"
    );
}

/// The path of the child is in the message, wherever the mistake is made.
#[tokio::test(start_paused = true)]
async fn significant() {
    let any = || app().auto_shutdown(AutoShutdown::AnySignificant);
    let transient = || idle("w").restart(Restart::Transient).significant(true);
    let wrong = [
        any().child(idle("w").significant(true)),
        app().child(transient()),
        app().child(idle("w").restart(Restart::Temporary).significant(true)),
    ];
    for builder in wrong {
        let error = builder.start().await.unwrap_err();
        assert_eq!(bad_spec(&error).value, "true");
        assert!(error.to_string().contains("app/w"), "{error}");
    }
    any()
        .child(transient())
        .start()
        .await
        .expect("this is how it should be");

    let error = app()
        .start()
        .await
        .unwrap()
        .start_child(transient())
        .await
        .unwrap_err();
    assert!(matches!(error, StartChildError::Invalid(_)));
    assert!(error.to_string().contains("app/w"), "{error}");

    let inner = Supervisor::builder("inner").child(transient());
    let error = app()
        .child(Child::supervisor(inner))
        .start()
        .await
        .unwrap_err();
    assert!(error.to_string().contains("app/inner/w"), "{error}");

    let inner = Supervisor::builder("inner");
    let handle = inner.handle();
    let _root = app().child(Child::supervisor(inner)).start().await.unwrap();
    let error = handle.start_child(transient()).await.unwrap_err();
    assert!(error.to_string().contains("app/inner/w"), "{error}");

    let template = Child::template(|_cx, ()| pending::<ChildResult>()).significant(true);
    let pool = DynamicSupervisor::builder("pool").template(template);
    let error = pool.start().await.unwrap_err();
    assert_eq!(
        (&*error.path, bad_spec(&error).value.as_str()),
        ("pool", "true")
    );
}

#[tokio::test(start_paused = true)]
async fn templates() {
    let template = || Child::template(|_cx, ()| pending::<ChildResult>());
    let none = DynamicSupervisor::<()>::builder("pool");
    let handle = none.handle();
    let two = DynamicSupervisor::builder("pool")
        .template(template())
        .template(template());
    for (builder, value) in [(none, "0"), (two, "2")] {
        let error = app()
            .child(Child::supervisor(builder))
            .start()
            .await
            .unwrap_err();
        assert_eq!(&*error.root_cause().path, "app/pool");
        let cause = bad_spec(&error);
        assert_eq!((cause.field, &*cause.value), ("template", value));
    }
    assert!(matches!(
        handle.start_child(()).await,
        Err(StartChildError::NotAlive)
    ));

    let full = DynamicSupervisor::builder("pool")
        .template(template())
        .max_children(0);
    let full = full.start().await.unwrap();
    assert!(matches!(
        full.start_child(()).await,
        Err(StartChildError::MaxChildren)
    ));
    // By its plain handle, a dynamic supervisor knows nothing of named children.
    let error = Supervisor::start_child(&full, idle("w")).await.unwrap_err();
    assert!(matches!(error, StartChildError::Invalid(_)), "{error}");
}

/// Asking what is not there, or is over.
#[tokio::test(start_paused = true)]
async fn unknown_names() {
    let root = app().child(idle("w")).start().await.unwrap();
    for id in ["", "x", "w/", "#1", "app/w", "w/w"] {
        assert_eq!(
            root.terminate_child(id).await.unwrap_err().to_string(),
            "there is no such child"
        );
        assert!(root.child(id).is_none(), "{id}");
        assert!(root.supervisor(id).is_none(), "{id}");
    }
    assert!(root.supervisor("w").is_none(), "it is a worker");
    let (cx, mut context) = tokio::sync::mpsc::unbounded_channel::<Context>();
    let tell = Child::task("t", move |context| {
        let _ = cx.send(context);
        pending()
    });
    root.start_child(tell).await.unwrap();
    context.recv().await.unwrap().ready();
    root.stop().await;
    assert!(
        timeout(secs(1), root.stop()).await.is_ok(),
        "stopping twice"
    );
}
