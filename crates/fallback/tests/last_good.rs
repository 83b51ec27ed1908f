//! Which answers are kept, for how long, and who asks while the service fails.

use std::future::ready;
use std::time::Duration;

use proptest::prelude::*;
use seaworthy_core::BoxError;
use seaworthy_core::component::Registry;
use seaworthy_fallback::{Fallback, FallbackBuilder, LastGood, Source, Then};
use seaworthy_testkit::block_on_paused;
use tokio::sync::oneshot;
use tokio::time::{advance, sleep};

const SECOND: Duration = Duration::from_secs(1);
const MILLI: Duration = Duration::from_millis(1);

fn last() -> seaworthy_fallback::LastGoodBuilder<u32, u32, u64> {
    LastGood::by(|request: &u32| *request)
}

type Kept = Then<seaworthy_fallback::Nothing, LastGood<u32, u32, u64>>;

fn with(last: &LastGood<u32, u32, u64>) -> Fallback<Kept> {
    let builder: FallbackBuilder = Fallback::builder("f").registry(&Registry::new());
    builder.last_good(last.clone()).build().unwrap()
}

fn down() -> std::future::Ready<Result<u64, BoxError>> {
    ready(Err("down".into()))
}

fn up(value: u64) -> std::future::Ready<Result<u64, BoxError>> {
    ready(Ok(value))
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_kept_for_its_key_until_it_is_too_old() {
    let last = last().max_age(10 * SECOND).build().unwrap();
    let fallback = with(&last);
    fallback.call_for(&1, up(11)).await.unwrap();
    fallback.call_for(&2, up(22)).await.unwrap();
    advance(9 * SECOND).await;
    fallback.call_for(&2, up(222)).await.unwrap();
    assert_eq!(fallback.call_for(&1, down()).await.unwrap(), 11);
    advance(SECOND - 5 * MILLI).await;
    assert_eq!(fallback.call_for(&1, down()).await.unwrap(), 11);
    advance(5 * MILLI + MILLI).await;
    assert_eq!(
        fallback.call_for(&1, down()).await.unwrap_err().to_string(),
        "down"
    );
    assert_eq!(fallback.call_for(&2, down()).await.unwrap(), 222);
    assert_eq!(
        fallback.call_for(&3, down()).await.unwrap_err().to_string(),
        "down"
    );
}

#[tokio::test]
async fn what_has_no_key_or_is_not_wanted_is_not_kept() {
    let even = |request: &u32| request.is_multiple_of(2).then_some(*request);
    let last = LastGood::by_some(even).store_if(|response: &u64| *response < 100);
    let last = last.build().unwrap();
    let fallback = with(&last);
    for (request, response) in [(1, 1), (2, 2), (4, 400)] {
        fallback.call_for(&request, up(response)).await.unwrap();
    }
    assert_eq!(last.len(), 1);
    assert_eq!(fallback.call_for(&2, down()).await.unwrap(), 2);
    for request in [1, 4] {
        fallback.call_for(&request, down()).await.unwrap_err();
    }
    // One that was kept stays, if a later one is not wanted.
    fallback.call_for(&2, up(200)).await.unwrap();
    assert_eq!(fallback.call_for(&2, down()).await.unwrap(), 2);
    assert!(last.forget(&2) && !last.forget(&2) && last.is_empty());
    last.insert(6, 66);
    assert_eq!(fallback.call_for(&6, down()).await.unwrap(), 66);
    last.clear();
    fallback.call_for(&6, down()).await.unwrap_err();
}

#[tokio::test]
async fn a_million_keys_take_no_more_room_than_there_is() {
    for (entries, keys) in [(1, 1000), (7, 1000), (1000, 1_000_000)] {
        let last = last().max_entries(entries).one_at_a_time().build().unwrap();
        let fallback = with(&last);
        for key in 0..keys {
            fallback.call_for(&key, up(7)).await.unwrap();
            if key % 101 == 0 {
                assert!(last.len() <= entries, "{} of {entries}", last.len());
                let _ = fallback.call_for(&key, down()).await;
            }
        }
        assert!(last.len() > entries / 2, "{} of {entries}", last.len());
    }
}

#[tokio::test(start_paused = true)]
async fn while_it_fails_one_call_asks_and_the_others_are_answered_at_once() {
    let last = last().max_age(60 * SECOND).one_at_a_time().build().unwrap();
    let fallback = with(&last);
    fallback.call_for(&1, up(11)).await.unwrap();
    // The first failure is everybody's who asks at that time.
    assert_eq!(fallback.call_for(&1, down()).await.unwrap(), 11);

    let (answer, asked) = oneshot::channel::<Result<u64, BoxError>>();
    let asks = async { asked.await.unwrap() };
    let mut first = Box::pin(fallback.call_with_source(&1, asks));
    assert!(futures_pending(first.as_mut()).await);
    for _ in 0..3 {
        let not_asked = async { panic!("somebody asks already") };
        let other = fallback.call_with_source(&1, not_asked).await.unwrap();
        assert_eq!(other.value, 11);
        assert!(matches!(other.source, Source::Stale { .. }));
        let cause: Option<Result<u64, BoxError>> = other.cause;
        assert!(cause.is_none(), "it was not asked");
    }
    // Another key is another matter.
    assert_eq!(fallback.call_for(&2, up(22)).await.unwrap(), 22);

    // Whoever gives up leaves the turn to the next one.
    drop(first);
    assert_eq!(fallback.call_for(&1, down()).await.unwrap(), 11);
    assert_eq!(fallback.call_for(&1, up(12)).await.unwrap(), 12);
    drop(answer);

    // It is well: all ask again, at the same time.
    let slow = |value: u64| async move {
        sleep(Duration::from_millis(value)).await;
        Ok::<_, BoxError>(value)
    };
    let both = tokio::join!(
        fallback.call_for(&1, slow(13)),
        fallback.call_for(&1, slow(14))
    );
    assert_eq!((both.0.unwrap(), both.1.unwrap()), (13, 14));

    // If there is nothing to answer with, all ask.
    assert_eq!(fallback.call_for(&1, down()).await.unwrap(), 14);
    last.clear();
    let both = tokio::join!(
        fallback.call_for(&1, slow(15)),
        fallback.call_for(&1, slow(16))
    );
    assert_eq!((both.0.unwrap(), both.1.unwrap()), (15, 16));
}

async fn futures_pending<F: Future>(mut future: std::pin::Pin<&mut F>) -> bool {
    std::future::poll_fn(|cx| std::task::Poll::Ready(future.as_mut().poll(cx).is_pending())).await
}

/// What happens to a fallback: somebody asks for a key, and the service is up or down, after so many milliseconds.
fn histories() -> impl Strategy<Value = Vec<(u32, bool, u64)>> {
    proptest::collection::vec((0..4u32, any::<bool>(), 0..900u64), 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// A list of everything that was ever answered, and when.
    #[test]
    fn it_answers_as_a_list_of_all_answers_would(history in histories(), alone in any::<bool>()) {
        block_on_paused(async {
            let last = last().max_age(SECOND);
            let last = if alone { last.one_at_a_time() } else { last };
            let fallback = with(&last.build().unwrap());
            let (mut now, mut all) = (0, Vec::new());
            for (number, (key, up_now, wait)) in history.into_iter().enumerate() {
                advance(Duration::from_millis(wait)).await;
                now += wait;
                let value = number as u64;
                let known = all.iter().rev().find(|(of, _, _)| *of == key);
                let age = known.map(|(_, at, _)| now - at);
                let answer = fallback.call_for(&key, if up_now { up(value) } else { down() });
                let answer = answer.await.ok();
                match age {
                    _ if up_now => assert_eq!(answer, Some(value), "call {number}"),
                    // It may seem to be older, by two ticks of the clock.
                    Some(995..=1000) => {}
                    Some(0..995) => {
                        let last = known.map(|(_, _, value)| *value);
                        assert_eq!(answer, last, "call {number}");
                    }
                    _ => assert_eq!(answer, None, "call {number}"),
                }
                if up_now {
                    all.push((key, now, value));
                }
            }
        });
    }
}
