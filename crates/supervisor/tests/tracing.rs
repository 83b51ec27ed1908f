//! What is logged, and in which span the code of a child runs.
#![cfg(feature = "tracing")]

mod common;

use std::fmt::{Debug, Write};
use std::future::pending;
use std::sync::{Arc, Mutex};

use seaworthy_supervisor::{Child, Context, Init, Restart, Supervisor};
use seaworthy_testkit::block_on_paused;
use tokio::time::sleep;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Subscriber, info};
use tracing_subscriber::layer::{Context as Scope, Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry};

use common::{counter, crasher, idle, secs, settle};

/// Writes each event on a line of its own, after the spans that it is in.
#[derive(Clone, Default)]
struct Paper {
    lines: Arc<Mutex<Vec<String>>>,
}

/// Fields as text; the message goes without its name.
#[derive(Default)]
struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let name = if field.name() == "message" {
            String::new()
        } else {
            format!("{field}=")
        };
        write!(self.0, " {name}{value:?}").expect("a string takes it");
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Paper {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, scope: Scope<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let span = scope.span(id).expect("it is new");
        let text = format!("{}{{{}}}: ", span.name(), fields.0.trim_start());
        span.extensions_mut().insert(text);
    }

    fn on_event(&self, event: &Event<'_>, scope: Scope<'_, S>) {
        let mut line = String::new();
        for span in scope
            .event_scope(event)
            .into_iter()
            .flat_map(|scope| scope.from_root())
        {
            line += span.extensions().get::<String>().expect("it was written");
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        line += &format!("{}{}", event.metadata().level(), fields.0);
        self.lines.lock().unwrap().push(line);
    }
}

/// Runs the story and tells all that was logged.
fn logged<F: Future<Output = ()>>(story: F) -> Vec<String> {
    let paper = Paper::default();
    let subscriber = Registry::default().with(paper.clone());
    tracing::subscriber::with_default(subscriber, || block_on_paused(story));
    std::mem::take(&mut *paper.lines.lock().unwrap())
}

/// Each incarnation is a span, whatever it does: its phases, its sub-tasks, its drops.
#[test]
fn the_span_of_an_incarnation() {
    struct Farewell;
    impl Drop for Farewell {
        fn drop(&mut self) {
            info!("dropped");
        }
    }
    let calls = counter();
    let child = Child::init("w", move |cx: Context| {
        info!("factory");
        let first = calls() == 1;
        async move {
            info!("first phase");
            let (told, tell) = tokio::sync::oneshot::channel();
            cx.spawn(async move {
                info!("sub-task");
                let _ = told.send(());
            });
            tell.await?;
            Ok(Init::Run(async move {
                let _farewell = Farewell;
                info!("running");
                sleep(secs(1)).await;
                info!("still running");
                if first { Ok(()) } else { pending().await }
            }))
        }
    });
    let inner = Supervisor::builder("inner").child(child);
    let lines = logged(async {
        let root = Supervisor::builder("app")
            .child(Child::supervisor(inner))
            .start()
            .await
            .unwrap();
        sleep(secs(5)).await;
        root.stop().await;
        info!("outside");
    });
    let words = [
        "factory",
        "first phase",
        "sub-task",
        "running",
        "still running",
        "dropped",
    ];
    let of = |incarnation| {
        let span = format!("child{{path=app/inner/w incarnation={incarnation}}}: INFO");
        words.map(|word| format!("{span} {word}"))
    };
    let expected = [&of(2)[..], &of(3)[..], &["INFO outside".to_owned()]].concat();
    assert_eq!(lines, expected);
}

/// The same for a child that is restarted in its place.
#[test]
fn the_span_of_a_quick_restart() {
    let calls = counter();
    let child = Child::task("w", move |_cx| {
        info!("factory");
        let first = calls() == 1;
        async move {
            settle().await;
            info!("running");
            if first { Ok(()) } else { pending().await }
        }
    });
    let lines = logged(async {
        let _root = Supervisor::builder("app")
            .child(child)
            .start()
            .await
            .unwrap();
        sleep(secs(1)).await;
    });
    let expected = [
        "child{path=app/w incarnation=1}: INFO factory",
        "child{path=app/w incarnation=1}: INFO running",
        "child{path=app/w incarnation=2}: INFO factory",
        "child{path=app/w incarnation=2}: INFO running",
    ];
    assert_eq!(lines, expected);
}

/// A crash is one line with everything to find it by, whether anybody watches the events or not.
#[test]
fn a_crash() {
    let calls = counter();
    let child = Child::task("w", move |_cx| {
        let call = calls();
        async move {
            sleep(secs(2)).await;
            match call {
                1 => Err("no disk".into()),
                2 => panic!("broken"),
                _ => pending().await,
            }
        }
    });
    let inner = Supervisor::builder("inner").child(idle("a")).child(child);
    let lines = logged(async {
        let root = Supervisor::builder("app")
            .child(Child::supervisor(inner))
            .start()
            .await
            .unwrap();
        sleep(secs(5)).await;
        root.child("inner/a").unwrap().kill();
        settle().await;
        root.stop().await;
    });
    let expected = [
        ("path=app/inner/w", "reason=error: no disk", "incarnation=3"),
        (
            "path=app/inner/w",
            "reason=panic: broken at ",
            "incarnation=4",
        ),
        ("path=app/inner/a", "reason=killed", "incarnation=2"),
    ];
    assert_eq!(lines.len(), expected.len(), "{lines:#?}");
    for (line, (path, reason, incarnation)) in lines.iter().zip(expected) {
        let line = line
            .rsplit_once("}: ")
            .map_or(line.as_str(), |(_, line)| line);
        assert!(line.starts_with("ERROR child crashed "), "{line}");
        for part in [path, reason, incarnation, "uptime=", "restarts_in_window="] {
            assert!(line.contains(&format!(" {part}")), "no {part} in {line}");
        }
    }
}

/// Nothing is an error that was wanted; giving up is one.
#[test]
fn what_else_is_logged() {
    let orderly = logged(async {
        let done = Child::task("w", |_cx| async { Ok(()) }).restart(Restart::Transient);
        let root = Supervisor::builder("app")
            .child(done)
            .child(idle("a"))
            .start()
            .await
            .unwrap();
        settle().await;
        root.stop().await;
    });
    assert_eq!(orderly, Vec::<String>::new());

    let lost = logged(async {
        let root = Supervisor::builder("app")
            .intensity(0, secs(9))
            .child(crasher("w", secs(1)));
        root.start().await.unwrap().ended().await;
    });
    let [_crash, gave_up] = &lost[..] else {
        panic!("{lost:#?}")
    };
    let gave_up = gave_up
        .rsplit_once("}: ")
        .map_or(gave_up.as_str(), |(_, line)| line);
    assert!(
        gave_up.starts_with("ERROR restart intensity exceeded "),
        "{gave_up}"
    );
    for part in [
        "supervisor=app",
        "child=app/w",
        "reason=error: crashed",
        "max_restarts=0",
        "period=9s",
    ] {
        assert!(
            gave_up.contains(&format!(" {part}")),
            "no {part} in {gave_up}"
        );
    }
}
