//! Places that are held until a body has ended.
#![cfg(feature = "http")]

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use http::{HeaderMap, Response};
use http_body::{Body, Frame};
use seaworthy_bulkhead::Bulkhead;
use seaworthy_bulkhead::http::HeldBody;
use seaworthy_core::BoxError;
use seaworthy_core::component::Registry;
use tower::{Layer, ServiceExt, service_fn};

enum Next {
    Data,
    Trailers,
    Error,
}

/// Does what it is told, and says that it has ended only if `knows`.
struct Scripted {
    script: VecDeque<Next>,
    knows: bool,
}

impl Body for Scripted {
    type Data = &'static [u8];
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, BoxError>>> {
        let next = self.script.pop_front();
        Poll::Ready(next.map(|next| match next {
            Next::Data => Ok(Frame::data(&b"x"[..])),
            Next::Trailers => Ok(Frame::trailers(HeaderMap::new())),
            Next::Error => Err("broken off".into()),
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.knows && self.script.is_empty()
    }
}

async fn answered(
    bulkhead: &Bulkhead,
    script: impl IntoIterator<Item = Next>,
    knows: bool,
) -> Pin<Box<HeldBody<Scripted>>> {
    let script: VecDeque<_> = script.into_iter().collect();
    let mut script = Some(script);
    let service = service_fn(move |()| {
        let script = script.take().expect("called once");
        async move { Ok::<_, BoxError>(Response::new(Scripted { script, knows })) }
    });
    let layer = bulkhead.layer().until_body_ends().at_once();
    let response = layer.layer(service).oneshot(()).await.expect("let in");
    Box::pin(response.into_body())
}

/// Polls it, and says whether the place is still held.
fn held_after_poll(bulkhead: &Bulkhead, body: &mut Pin<Box<HeldBody<Scripted>>>) -> bool {
    let mut cx = Context::from_waker(Waker::noop());
    let _ = body.as_mut().poll_frame(&mut cx);
    bulkhead.view().in_flight == 1
}

fn bulkhead() -> Bulkhead {
    let builder = Bulkhead::builder("b").max_concurrent(1);
    builder.registry(&Registry::new()).build().expect("allowed")
}

#[tokio::test]
async fn read_to_the_end_or_broken_off_it_gives_its_place_back() {
    use Next::{Data, Error, Trailers};
    for (script, knows, held) in [
        (vec![Data, Data], false, vec![true, true, false]),
        (vec![Data, Data], true, vec![true, false]),
        (vec![Data, Trailers], false, vec![true, false]),
        (vec![Data, Error, Data], false, vec![true, false]),
        (vec![], false, vec![false]),
    ] {
        let bulkhead = bulkhead();
        let mut body = answered(&bulkhead, script, knows).await;
        assert_eq!(bulkhead.view().in_flight, 1, "after the head");
        for (poll, held) in held.into_iter().enumerate() {
            let is_held = held_after_poll(&bulkhead, &mut body);
            assert_eq!(is_held, held, "after poll {poll}");
        }
    }
}

#[tokio::test]
async fn an_empty_body_and_one_that_is_dropped_hold_nothing() {
    let bulkhead = bulkhead();
    let body = answered(&bulkhead, [], true).await;
    assert_eq!(bulkhead.view().in_flight, 0);
    drop(body);
    let mut body = answered(&bulkhead, [Next::Data, Next::Data], false).await;
    assert!(held_after_poll(&bulkhead, &mut body));
    drop(body);
    assert_eq!(bulkhead.view().in_flight, 0);
}
