//! Bodies that are read again.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use http::{Request, Response};
use http_body::Body;
use proptest::prelude::*;
use seaworthy::core::BoxError;
use seaworthy::core::request::HttpRequests;
use seaworthy::retry::http::{HttpOutcomes, Replay, ReplayBody, ReplayLayer};
use seaworthy::retry::{CopyRequest, GivenUp, Retry};
use tower::{Layer, Service, ServiceExt, service_fn};

use super::source::{Part, Source, trailers};
use crate::retry;

use Part::{BreaksOff, Data, Pause, Trailers};

type Sent = Request<ReplayBody<Source>>;

/// As it arrives behind a layer that keeps so much.
fn sent(source: &Source, max: usize) -> Sent {
    let (slot, request) = (Mutex::new(None), put(source.clone()));
    let service = service_fn(|request: Sent| {
        *slot.lock().expect("not poisoned") = Some(request);
        std::future::ready(Ok::<_, Infallible>(()))
    });
    drop(ReplayLayer::new(max).layer(service).call(request));
    slot.into_inner()
        .expect("not poisoned")
        .expect("it arrived")
}

fn put(source: Source) -> Request<Source> {
    let request = Request::put("/stock/7").header("x-id", "7");
    let mut request = request.body(source).expect("a request");
    request.extensions_mut().insert(7_u32);
    request
}

/// The next part: text, or `checksum` and its value, or why there is none.
async fn next(body: &mut ReplayBody<Source>) -> Option<Result<String, String>> {
    let frame = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await?;
    Some(match frame {
        Ok(frame) if frame.is_data() => {
            let data = frame.into_data().expect("it is");
            Ok(String::from_utf8(data.to_vec()).expect("text"))
        }
        Ok(frame) => {
            let trailers = frame.into_trailers().expect("they are");
            let value = trailers["checksum"].to_str().expect("text");
            Ok(format!("checksum {value}"))
        }
        Err(error) => Err(error.to_string()),
    })
}

/// All that comes until the end or an error.
async fn rest(body: &mut ReplayBody<Source>) -> Vec<String> {
    let mut all = Vec::new();
    while let Some(part) = next(body).await {
        match part {
            Ok(text) => all.push(text),
            Err(error) => {
                all.push(format!("error: {error}"));
                break;
            }
        }
    }
    all
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|it| (*it).to_owned()).collect()
}

#[tokio::test]
async fn the_second_attempt_has_what_the_first_has_read_and_goes_on_where_it_has_stopped() {
    let source = Source::new([Data("one"), Data("two"), Data("three"), Trailers("abc")]);
    let mut first = sent(&source, 1000);
    let mut second = Replay.copy(&first).expect("it is all there");
    assert_eq!(second.method(), "PUT");
    assert_eq!(second.uri(), "/stock/7");
    assert_eq!(second.headers()["x-id"], "7");
    assert_eq!(second.extensions().get(), Some(&7_u32));

    assert_eq!(source.asked(), 0, "nothing is read ahead");
    assert_eq!(next(first.body_mut()).await, Some(Ok("one".into())));
    assert_eq!(next(first.body_mut()).await, Some(Ok("two".into())));
    assert_eq!(source.asked(), 2);
    drop(first);
    let mut third = Replay.copy(&second).expect("it is all there");
    assert_eq!(next(second.body_mut()).await, Some(Ok("one".into())));
    drop(second);
    let all = rest(third.body_mut()).await;
    assert_eq!(all, texts(&["one", "two", "three", "checksum abc"]));
    assert!(third.body().is_end_stream());
    assert_eq!(next(third.body_mut()).await, None);
}

#[tokio::test]
async fn a_body_of_which_too_much_was_read_goes_on_and_cannot_be_sent_again() {
    // Each part counts for 64 bytes more.
    for (max, is_complete) in [(2 * 64 + 6, true), (2 * 64 + 5, false), (0, false)] {
        let source = Source::new([Data("one"), Data("two"), Data("three")]);
        let mut first = sent(&source, max);
        let mut second = Replay.copy(&first).expect("nothing was read yet");
        assert!(Replay.is_complete(&second));
        next(first.body_mut()).await;
        next(first.body_mut()).await;
        assert_eq!(Replay.is_complete(&second), is_complete, "{max}");
        assert_eq!(Replay.copy(&second).is_some(), is_complete);
        if is_complete {
            continue;
        }
        assert_eq!(rest(first.body_mut()).await, texts(&["three"]));
        // Better nothing than a body with a hole.
        let gone = "error: what was read of the body is not there any more";
        assert!(!second.body().is_end_stream());
        assert_eq!(rest(second.body_mut()).await, texts(&[gone]));
    }
}

#[test]
fn a_body_that_says_that_it_is_too_long_is_not_kept_at_all() {
    for (length, is_copied) in [(1000, true), (1001, false), (u64::MAX, false)] {
        let source = Source::new([Data("one")]).of_length(length);
        assert_eq!(Replay.copy(&sent(&source, 1000)).is_some(), is_copied);
    }
}

#[tokio::test]
async fn without_a_body_there_is_nothing_to_keep() {
    let source = Source::new([]);
    let first = sent(&source, 0);
    let mut second = Replay.copy(&first).expect("there is nothing to lose");
    assert!(Replay.is_complete(&second) && second.body().is_end_stream());
    assert_eq!(second.body().size_hint().exact(), Some(0));
    assert_eq!(next(second.body_mut()).await, None);
    assert_eq!(source.asked(), 0);
}

#[tokio::test]
async fn a_body_that_breaks_off_cannot_be_sent_again() {
    let source = Source::new([Data("one"), BreaksOff, Data("never")]);
    let mut first = sent(&source, 1000);
    let second = Replay.copy(&first).expect("it is all there");
    let all = rest(first.body_mut()).await;
    assert_eq!(all, texts(&["one", "error: it broke off"]));
    assert_eq!(next(first.body_mut()).await, None);
    assert!(!Replay.is_complete(&second));
}

/// Nothing is kept for nobody.
#[tokio::test]
async fn the_last_attempt_keeps_nothing() {
    let source = Source::new([Data("one"), Data("two")]);
    let mut first = sent(&source, 1000);
    drop(Replay.copy(&first));
    assert_eq!(next(first.body_mut()).await, Some(Ok("one".into())));
    assert!(Replay.copy(&first).is_none());
    assert_eq!(rest(first.body_mut()).await, texts(&["two"]));
}

#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[tokio::test]
async fn an_attempt_that_is_left_over_is_woken_and_told_that_it_is_over() {
    let source = Source::new([Data("one"), Pause, Data("two"), Data("three")]);
    let mut first = sent(&source, 1000);
    let mut second = Replay.copy(&first).expect("it is all there");
    let _third = Replay.copy(&first);
    assert_eq!(next(first.body_mut()).await, Some(Ok("one".into())));
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut waits = pin!(next(first.body_mut()));
    let mut cx = Context::from_waker(&waker);
    assert!(waits.as_mut().poll(&mut cx).is_pending());

    assert_eq!(next(second.body_mut()).await, Some(Ok("one".into())));
    assert_eq!(woken.0.load(SeqCst), 1);
    let Poll::Ready(Some(Err(error))) = waits.as_mut().poll(&mut cx) else {
        panic!("it goes on reading");
    };
    assert!(error.contains("not there any more"), "{error}");
    // It has taken nothing from the one that reads.
    assert_eq!(rest(second.body_mut()).await, texts(&["two", "three"]));
}

#[tokio::test]
async fn whoever_reads_is_woken_when_more_comes() {
    let source = Source::new([Data("one"), Pause, Data("two")]);
    let mut first = sent(&source, 1000);
    let mut second = Replay.copy(&first).expect("it is all there");
    next(first.body_mut()).await;
    let reading = tokio::spawn(async move { rest(second.body_mut()).await });
    tokio::task::yield_now().await;
    source.resume();
    assert_eq!(reading.await.unwrap(), texts(&["one", "two"]));
}

#[tokio::test]
async fn with_the_last_copy_the_body_goes() {
    let source = Source::new([Data("one"), Data("two")]);
    let alive = || Arc::strong_count(source.handle());
    let mut first = sent(&source, 1000);
    assert_eq!(alive(), 2);
    let second = Replay.copy(&first);
    next(first.body_mut()).await;
    drop(first);
    assert_eq!(alive(), 2);
    drop(second);
    assert_eq!(alive(), 1);
}

fn parts() -> impl Strategy<Value = Vec<Part>> {
    let texts = ["a", "bc", "a long part of a body", ""];
    let data = prop::collection::vec(prop::sample::select(texts.to_vec()).prop_map(Data), 0..8);
    (data, prop::option::of(Just(Trailers("abc")))).prop_map(|(mut parts, trailers)| {
        parts.extend(trailers);
        parts
    })
}

proptest! {
    /// Attempts that stop anywhere, after each other: each has all from the beginning, whatever the one before has read,
    /// as long as there is a copy at all; and says truly how much there is to come.
    #[test]
    fn each_attempt_has_all_from_the_beginning(
        parts in parts(),
        max in prop_oneof![Just(0_usize), 0..600_usize, Just(100_000)],
        stops in prop::collection::vec(0..10_usize, 1..5),
    ) {
        let expected: Vec<_> = parts.iter().map(|part| match part {
            Data(text) => (*text).to_owned(),
            _ => format!("checksum {}", trailers("abc")["checksum"].to_str().expect("text")),
        }).collect();
        let bytes = |texts: &[String]| texts.iter().filter(|it| !it.starts_with("checksum"))
            .map(|it| it.len() as u64).sum::<u64>();
        let source = Source::new(parts);
        let block_on = |body: &mut ReplayBody<Source>| {
            let mut cx = Context::from_waker(Waker::noop());
            match pin!(next(body)).poll(&mut cx) {
                Poll::Ready(part) => part,
                Poll::Pending => panic!("it never pauses"),
            }
        };
        let mut attempt = sent(&source, max);
        let mut most = 0;
        for stop in stops {
            let spare = Replay.copy(&attempt);
            for read in 0..=stop {
                let body = attempt.body_mut();
                let to_come = &expected[read.min(expected.len())..];
                prop_assert_eq!(body.size_hint().upper(), Some(bytes(to_come)));
                prop_assert!(body.size_hint().lower() <= bytes(to_come));
                if body.is_end_stream() {
                    prop_assert!(to_come.is_empty());
                }
                if read < stop {
                    let part = block_on(body);
                    prop_assert_eq!(part, expected.get(read).cloned().map(Ok));
                }
            }
            most = most.max(stop.min(expected.len()));
            let read = &expected[..most];
            let size = bytes(read) + 64 * read.len() as u64;
            let Some(spare) = spare.filter(|spare| Replay.is_complete(spare)) else {
                prop_assert!(size > max as u64, "{size} of {max} were kept");
                break;
            };
            prop_assert!(size <= max as u64);
            attempt = spare;
        }
    }
}

/// A server that reads so many parts of each request before it answers with the status; and what it has read.
struct Server {
    script: Mutex<VecDeque<(usize, u16)>>,
    read: Mutex<Vec<Vec<String>>>,
}

async fn call(server: &Server, retry: &Retry, max: usize, source: Source) -> Result<u16, BoxError> {
    let service = service_fn(|mut request: Sent| async move {
        let next_answer = server.script.lock().expect("not poisoned").pop_front();
        let (parts, status) = next_answer.expect("an attempt too many");
        let mut read = Vec::new();
        while read.len() < parts {
            match next(request.body_mut()).await {
                Some(part) => read.push(part?),
                None => break,
            }
        }
        server.read.lock().expect("not poisoned").push(read);
        let response = Response::builder().status(status).body(());
        Ok::<_, BoxError>(response.expect("a response"))
    });
    let layer = retry.layer().copy(Replay);
    let layer = layer.judge(HttpOutcomes).describe(HttpRequests);
    let client = ReplayLayer::new(max).layer(layer.layer(service));
    let response = client.oneshot(put(source)).await?;
    Ok(response.status().as_u16())
}

#[tokio::test(start_paused = true)]
async fn an_upload_is_sent_again() {
    let source = Source::new([Data("one"), Data("two"), Data("three")]);
    let server = Server {
        script: Mutex::new([(2, 503), (1, 503), (9, 200)].into()),
        read: Mutex::default(),
    };
    let retry = retry(3);
    assert_eq!(call(&server, &retry, 1000, source).await.unwrap(), 200);
    let read = server.read.into_inner().expect("not poisoned");
    let expected = [&["one", "two"][..], &["one"], &["one", "two", "three"]];
    assert_eq!(read, expected.map(texts));
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_is_too_long_has_one_attempt_and_is_counted_if_that_fails() {
    let text = ["one", "two", "three"];
    for (status, length, given_up) in [(503, None, 1), (503, Some(9999), 1), (200, None, 0)] {
        let source = Source::new(text.map(Data));
        let source = length.map_or(source.clone(), |it| source.of_length(it));
        let server = Server {
            script: Mutex::new([(9, status)].into()),
            read: Mutex::default(),
        };
        let retry = retry(3);
        assert_eq!(call(&server, &retry, 100, source).await.unwrap(), status);
        let read = server.read.into_inner().expect("not poisoned");
        assert_eq!(read, [texts(&text)]);
        assert_eq!(retry.view().given_up(GivenUp::NotReplayable), given_up);
    }
}

/// The error is that of the caller's own body; a retry could only meet it again.
#[tokio::test(start_paused = true)]
async fn an_upload_that_breaks_off_is_not_sent_again() {
    let server = Server {
        script: Mutex::new([(9, 200)].into()),
        read: Mutex::default(),
    };
    let retry = retry(3);
    let source = Source::new([Data("one"), BreaksOff]);
    let error = call(&server, &retry, 1000, source).await.unwrap_err();
    assert_eq!(error.to_string(), "it broke off");
    assert_eq!(retry.view().given_up(GivenUp::NotReplayable), 1);
}
