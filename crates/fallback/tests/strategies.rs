//! Every way to answer, after everything that a service can come to.

use std::convert::Infallible;
use std::future::{pending, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use seaworthy_core::component::{Registry, Status};
use seaworthy_core::{BoxError, Reason, Rejected};
use seaworthy_fallback::{
    BothFailed, Degraded, Fallback, FallbackBuilder, FallbackLayer, LastGood, Miss, Source,
    WithSource,
};
use tower::{Layer, Service, ServiceExt, service_fn};

fn builder() -> FallbackBuilder {
    Fallback::builder("f").registry(&Registry::new())
}

/// What a service is made to do.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Does {
    Answers,
    AnswersBadly,
    Fails,
    IsTurnedAway,
    FailsToGetReady,
    Panics,
}

const ALL: [Does; 6] = [
    Does::Answers,
    Does::AnswersBadly,
    Does::Fails,
    Does::IsTurnedAway,
    Does::FailsToGetReady,
    Does::Panics,
];

/// The response that will not do.
const BAD: u32 = 666;

/// Does as it is told, after a moment, and only if it was ready.
#[derive(Clone)]
struct Primary {
    does: Does,
    ready: bool,
    calls: Arc<AtomicU32>,
}

impl Primary {
    fn new(does: Does) -> Self {
        Self {
            does,
            ready: false,
            calls: Arc::default(),
        }
    }
}

impl Service<u32> for Primary {
    type Response = u32;
    type Error = BoxError;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<u32, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        if self.does == Does::FailsToGetReady {
            return Poll::Ready(Err("not ready".into()));
        }
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: u32) -> Self::Future {
        assert!(
            std::mem::take(&mut self.ready),
            "called without being ready"
        );
        self.calls.fetch_add(1, Ordering::SeqCst);
        let does = self.does;
        Box::pin(async move {
            tokio::task::yield_now().await;
            match does {
                Does::Answers => Ok(request),
                Does::AnswersBadly => Ok(BAD),
                Does::Fails => Err("failed".into()),
                Does::IsTurnedAway => Err(Rejected::new(Reason::CircuitOpen, "inner").into()),
                Does::FailsToGetReady => unreachable!("it was not ready"),
                Does::Panics => panic!("on purpose"),
            }
        })
    }
}

fn will_not_do(outcome: Result<&u32, &BoxError>) -> bool {
    outcome.map_or(true, |response| *response == BAD)
}

/// What is under test, as a function of what the service does.
type Asked = Result<Degraded<u32, BoxError>, BoxError>;

/// Asks for 7 twice, the service being one that does this: all the strategies go by the same rules, also the second time.
async fn ask<T, H, L>(layer: FallbackLayer<T, H, L>, does: Does) -> [Asked; 2]
where
    FallbackLayer<T, H, L, WithSource, seaworthy_fallback::Catch>: Layer<Primary>,
    <FallbackLayer<T, H, L, WithSource, seaworthy_fallback::Catch> as Layer<Primary>>::Service:
        Service<u32, Response = Degraded<u32, BoxError>, Error = BoxError>,
{
    let primary = Primary::new(does);
    let calls = Arc::clone(&primary.calls);
    let mut service = layer.with_source().catch_panics().layer(primary);
    let mut asked = Vec::new();
    for _ in 0..2 {
        asked.push(service.ready().await.unwrap().call(7).await);
    }
    let reached = if does == Does::FailsToGetReady { 0 } else { 2 };
    assert_eq!(calls.load(Ordering::SeqCst), reached, "once for each call");
    asked.try_into().unwrap_or_else(|_| unreachable!())
}

/// That an answer is the service's own, or 1 of this source, with a cause that fits.
fn check(asked: [Asked; 2], does: Does, source: Source) {
    for answer in asked {
        let answer = answer.unwrap();
        if does == Does::Answers {
            assert_eq!((answer.value, answer.source), (7, Source::Primary));
            assert!(answer.cause.is_none());
            continue;
        }
        assert_eq!((answer.value, answer.source), (1, source), "{does:?}");
        match (
            does,
            answer.cause.expect("it did not come from the service"),
        ) {
            (Does::AnswersBadly, Ok(BAD)) => {}
            (Does::Fails, Err(error)) => assert_eq!(error.to_string(), "failed"),
            (Does::IsTurnedAway, Err(error)) => {
                let rejected = Rejected::find_in(&*error).unwrap();
                assert_eq!(rejected.reason(), Reason::CircuitOpen);
            }
            (Does::FailsToGetReady, Err(error)) => assert_eq!(error.to_string(), "not ready"),
            (Does::Panics, Err(error)) => {
                let rejected = Rejected::find_in(&*error).unwrap();
                assert_eq!(rejected.reason(), Reason::Crashed);
            }
            (does, cause) => panic!("{does:?}: {cause:?}"),
        }
    }
}

#[tokio::test]
async fn a_value() {
    for does in ALL {
        let fallback = builder().value(1).handle(will_not_do).build().unwrap();
        check(ask(fallback.layer(), does).await, does, Source::Default);
        let answers = if does == Does::Answers { 0 } else { 2 };
        assert_eq!(fallback.view().answers, answers);
    }
}

#[tokio::test]
async fn a_function_of_the_outcome() {
    for does in ALL {
        let make = move |outcome: Result<&u32, &BoxError>| {
            assert_eq!(outcome.is_ok(), does == Does::AnswersBadly);
            1
        };
        let fallback = builder()
            .function(make)
            .handle(will_not_do)
            .build()
            .unwrap();
        check(ask(fallback.layer(), does).await, does, Source::Function);
    }
}

#[tokio::test]
async fn a_function_of_the_request() {
    for does in ALL {
        let keep = |request: &u32| request + 1;
        let make = |kept: u32, _: Result<&u32, &BoxError>| kept - 7;
        let fallback = builder().function_of(keep, make);
        let fallback = fallback.handle(will_not_do).build().unwrap();
        check(ask(fallback.layer(), does).await, does, Source::Function);
    }
}

#[tokio::test]
async fn async_functions() {
    for does in ALL {
        let make = |outcome: Result<&u32, &BoxError>| {
            let came_to = outcome.copied().unwrap_or(BAD);
            async move {
                tokio::task::yield_now().await;
                Ok::<_, Infallible>(came_to / BAD)
            }
        };
        let fallback = builder().async_function(make).handle(will_not_do);
        let fallback = fallback.build().unwrap();
        check(ask(fallback.layer(), does).await, does, Source::Function);

        let make = |kept: u32, _: Result<&u32, &BoxError>| ready(Ok::<_, BoxError>(kept - 6));
        let fallback = builder().async_function_of(u32::clone, make);
        let fallback = fallback.handle(will_not_do).build().unwrap();
        check(ask(fallback.layer(), does).await, does, Source::Function);
    }
}

#[tokio::test]
async fn a_backup() {
    for does in ALL {
        // Of another error type, and not ready at once.
        let backup = service_fn(|request: u32| ready(Ok::<_, Infallible>(request - 6)));
        let fallback = builder().backup("mirror", backup).handle(will_not_do);
        let fallback = fallback.build().unwrap();
        let asked = ask(fallback.layer(), does).await;
        let of_mirror = asked
            .each_ref()
            .map(|it| match it.as_ref().unwrap().source {
                Source::Backup(name) => name.text().as_deref() == Some("mirror"),
                _ => false,
            });
        assert_eq!(of_mirror, [does != Does::Answers; 2]);
        let source = asked[0].as_ref().unwrap().source;
        check(asked, does, source);

        // Asked another question.
        let backup = service_fn(|text: String| async move { text.parse::<u32>() });
        let keep = |request: &u32| (request - 6).to_string();
        let fallback = builder().backup_of("mirror", backup, keep);
        let fallback = fallback.handle(will_not_do).build().unwrap();
        let asked = ask(fallback.layer(), does).await;
        let source = asked[0].as_ref().unwrap().source;
        check(asked, does, source);
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_good_answer() {
    for does in ALL {
        let last = LastGood::by(|request: &u32| *request).build().unwrap();
        let fallback = builder().last_good(last.clone()).handle(will_not_do);
        let fallback = fallback.build().unwrap();
        last.insert(7, 1);
        tokio::time::advance(Duration::from_secs(9)).await;
        let asked = ask(fallback.layer(), does).await;
        let (low, high) = (Duration::from_secs(9), Duration::from_millis(9005));
        for answer in &asked {
            if let Source::Stale { age } = answer.as_ref().unwrap().source {
                assert!(low <= age && age <= high, "{age:?}");
            }
        }
        let source = asked[0].as_ref().unwrap().source;
        check(asked, does, source);
        assert_eq!(source.is_degraded(), does != Does::Answers);
        // What will do is kept, and what will not is not.
        let kept = last.get(&7).map(|(kept, _)| kept);
        assert_eq!(kept, Some(if does == Does::Answers { 7 } else { 1 }));
    }
}

#[tokio::test(start_paused = true)]
async fn one_after_the_other_until_one_answers() {
    let down = || service_fn(|_: u32| ready(Err::<u32, BoxError>("down too".into())));
    for answering in 0..4 {
        let last = LastGood::by(|request: &u32| *request).build().unwrap();
        if answering == 0 {
            last.insert(7, 1);
        }
        let mirror = service_fn(move |_: u32| {
            ready(if answering == 1 {
                Ok(1)
            } else {
                Err(BoxError::from("down"))
            })
        });
        let make = move |_: Result<&u32, &BoxError>| {
            assert!(answering == 2, "on purpose");
            1
        };
        let fallback = builder()
            .last_good(last)
            .backup("mirror", mirror)
            .backup("other", down())
            .function(make)
            .value(1)
            .handle(will_not_do)
            .max_concurrent(1) // enough for both backups: one after the other
            .build()
            .unwrap();
        let mut events = fallback.events().subscribe(9.try_into().unwrap());
        let asked = ask(fallback.layer(), Does::Fails).await;
        let source = asked[0].as_ref().unwrap().source;
        let expected = ["stale", "backup", "function", "default"][answering];
        assert!(source.to_string().starts_with(expected), "{source}");
        check(asked, Does::Fails, source);

        let first: Vec<_> = std::iter::from_fn(|| events.try_recv())
            .map(|event| event.to_string())
            .take_while(|event| !event.ends_with("answers"))
            .collect();
        let missed = [
            "f: mirror has no answer: down",
            "f: other has no answer: down too",
            "f: function has no answer: panicked: on purpose",
        ];
        let missed = &missed[..[0, 0, 2, 3][answering]];
        assert_eq!(first, missed);
    }
}

fn nobody() -> FallbackBuilder<impl Strategies> {
    builder().async_function(|_: Result<&u32, &BoxError>| ready(Err::<u32, _>("nobody there")))
}

trait Strategies: seaworthy_fallback::Strategy<u32, u32, BoxError> {}
impl<T: seaworthy_fallback::Strategy<u32, u32, BoxError>> Strategies for T {}

#[tokio::test]
async fn if_nobody_has_an_answer() {
    // By default what the service came to.
    for does in ALL {
        let fallback = nobody().handle(will_not_do).build().unwrap();
        for answer in ask(fallback.layer(), does).await {
            match does {
                Does::Answers => assert_eq!(answer.unwrap().value, 7),
                Does::AnswersBadly => assert_eq!(answer.unwrap().value, BAD),
                Does::Fails => assert_eq!(answer.unwrap_err().to_string(), "failed"),
                _ => assert!(answer.is_err()),
            }
        }
        let unanswered = if does == Does::Answers { 0 } else { 2 };
        assert_eq!(fallback.view().unanswered, unanswered);
    }

    let both = nobody().both_errors().build().unwrap();
    let [error, _] = ask(both.layer(), Does::Fails).await;
    let error = error.unwrap_err();
    assert_eq!(error.to_string(), "failed; and no fallback: nobody there");
    let error = error.downcast::<BothFailed<BoxError>>().unwrap();
    assert!(matches!(error.fallback, Miss::Failed(_)));

    let say = |both: BothFailed<BoxError>| Err::<u32, BoxError>(both.fallback.to_string().into());
    let said = nobody().on_both_failed(say).build().unwrap();
    let [error, _] = ask(said.layer(), Does::Fails).await;
    assert_eq!(error.unwrap_err().to_string(), "nobody there");

    // Without any strategy too.
    let map = |error: BoxError| format!("sorry: {error}").into();
    let mapped = builder().map_error(map).build().unwrap();
    let [error, _] = ask(mapped.layer(), Does::FailsToGetReady).await;
    assert_eq!(error.unwrap_err().to_string(), "sorry: not ready");
}

#[tokio::test]
async fn what_panics_has_no_answer_and_the_error_is_kept() {
    #[derive(Debug)]
    struct Unclonable(u32);
    impl Clone for Unclonable {
        fn clone(&self) -> Self {
            panic!("on purpose")
        }
    }
    let failed = || ready(Err::<u32, _>(BoxError::from("failed")));
    let panicked = |error: BoxError| {
        let error = error.downcast::<BothFailed<BoxError>>().unwrap();
        assert_eq!(error.primary.to_string(), "failed");
        assert!(matches!(error.fallback, Miss::Panicked(_)), "{error}");
    };

    let make = |_: Result<&u32, &BoxError>| -> u32 { panic!("on purpose") };
    let f = builder().function(make).both_errors().build().unwrap();
    panicked(f.call(failed()).await.unwrap_err());

    let make = |_: Result<&u32, &BoxError>| -> std::future::Ready<Result<u32, BoxError>> {
        panic!("before there is a future")
    };
    let f = builder()
        .async_function(make)
        .both_errors()
        .build()
        .unwrap();
    panicked(f.call(failed()).await.unwrap_err());

    let make = |outcome: Result<&u32, &BoxError>| {
        let failed = outcome.is_err();
        async move {
            assert!(!failed, "later");
            Ok::<_, BoxError>(1)
        }
    };
    let f = builder()
        .async_function(make)
        .both_errors()
        .build()
        .unwrap();
    panicked(f.call(failed()).await.unwrap_err());

    let backup = service_fn(|(): ()| -> std::future::Ready<Result<u32, BoxError>> { panic!("b") });
    let f = builder().backup("b", backup).both_errors().build().unwrap();
    panicked(f.call(failed()).await.unwrap_err());
    assert_eq!(f.view().under_way, 0);

    // A clone that panics while it is stored does not cost the answer.
    let last = LastGood::by(|(): &()| 1).build().unwrap();
    let f = builder().last_good(last.clone()).build().unwrap();
    let answer = f.call(ready(Ok::<_, BoxError>(Unclonable(3)))).await;
    assert_eq!(answer.unwrap().0, 3);
    assert!(last.is_empty());
    let f = builder()
        .value(Unclonable(4))
        .both_errors()
        .build()
        .unwrap();
    let answer = f.call(ready(Err::<Unclonable, _>(BoxError::from("failed"))));
    panicked(answer.await.unwrap_err());
}

#[tokio::test]
async fn a_panic_of_the_service_goes_on_unless_it_is_to_be_caught() {
    let fallback = builder().value(1).build().unwrap();
    let mut service = fallback.layer().layer(Primary::new(Does::Panics));
    let call = service.ready().await.unwrap().call(7);
    assert!(tokio::spawn(call).await.unwrap_err().is_panic());

    // Also before there is a future.
    let panics = service_fn(|_: u32| -> std::future::Ready<Result<u32, BoxError>> { panic!("c") });
    let service = fallback.layer().catch_panics().layer(panics);
    assert_eq!(service.oneshot(7).await.unwrap(), 1);
}

#[tokio::test]
async fn switched_off_it_lets_everything_through() {
    let last = LastGood::by(|request: &u32| *request).build().unwrap();
    let fallback = builder().last_good(last.clone()).value(1).build().unwrap();
    fallback.disable();
    assert_eq!(fallback.snapshot().state, "off");
    for does in [Does::Fails, Does::FailsToGetReady] {
        let mut service = fallback.layer().layer(Primary::new(does));
        let answer = match service.ready().await {
            Ok(service) => service.call(7).await,
            Err(error) => Err(error),
        };
        answer.unwrap_err();
    }
    let service = fallback.layer().layer(Primary::new(Does::Answers));
    assert_eq!(service.oneshot(7).await.unwrap(), 7);
    assert_eq!(last.len(), 1, "what is good is kept all the same");
    fallback.enable();
    assert_eq!(fallback.snapshot().status, Status::Healthy);
    let service = fallback.layer().layer(Primary::new(Does::Fails));
    assert_eq!(service.oneshot(9).await.unwrap(), 1);
    assert_eq!(fallback.snapshot().status, Status::Degraded);
}

#[tokio::test]
async fn nothing_is_asked_of_a_type_that_a_strategy_does_not_need() {
    /// Neither `Clone` nor `Sync`, as a request with a stream, and a response with one.
    struct Stream(std::cell::Cell<u32>);
    let serve = |request: Stream| async move {
        match request.0.get() {
            0 => Err(BoxError::from("empty")),
            _ => Ok(request),
        }
    };
    let fallback = builder()
        .function(|_: Result<&Stream, &BoxError>| Stream(5.into()))
        .build()
        .unwrap();
    let service = fallback.layer().layer(service_fn(serve));
    let answer = tokio::spawn(service.oneshot(Stream(0.into())));
    assert_eq!(answer.await.unwrap().unwrap().0.get(), 5);
}

#[tokio::test]
async fn a_service_that_gets_ready_after_all_is_called() {
    let fallback = builder().value(1).build().unwrap();
    let mut service = fallback.layer().layer(Primary::new(Does::FailsToGetReady));
    service.ready().await.unwrap();
    service.get_mut().does = Does::Answers;
    assert_eq!(service.ready().await.unwrap().call(7).await.unwrap(), 7);
}

#[test]
fn a_service_is_shared_between_threads_whatever_its_errors_are() {
    /// Not `Sync`, as those of some libraries.
    type Unshared = std::cell::Cell<u32>;
    fn is_shared<T: Send + Sync + Clone>(_: T) {}
    let fallback = builder().value(1).build().unwrap();
    let fails = service_fn(|_: u32| ready(Err::<u32, _>(Unshared::new(1))));
    is_shared(fallback.layer().layer(fails));
}

#[tokio::test]
async fn a_service_that_is_not_ready_is_waited_for() {
    #[derive(Clone)]
    struct Never;
    impl Service<u32> for Never {
        type Response = u32;
        type Error = BoxError;
        type Future = std::future::Pending<Result<u32, BoxError>>;
        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
            Poll::Pending
        }
        fn call(&mut self, _: u32) -> Self::Future {
            pending()
        }
    }
    let fallback = builder().value(1).build().unwrap();
    let mut service = fallback.layer().layer(Never);
    let mut cx = Context::from_waker(std::task::Waker::noop());
    assert!(Service::poll_ready(&mut service, &mut cx).is_pending());
}
