//! Requests for which there is no room.

use seaworthy_queue::{Order, Overload};

use super::*;

fn of_two(overload: Overload) -> (Callers, Work) {
    let builder = builder().capacity(2).overload(overload);
    builder.build().expect("it is allowed")
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_for_room() {
    let (callers, work) = of_two(Overload::Wait);
    let calls: Vec<_> = (0..6).map(|number| asking(&callers, 2 * number)).collect();
    tokio::task::yield_now().await;
    assert_eq!(callers.len(), 2);
    tokio::spawn(work.serve(Halves::default()));
    for (number, call) in calls.into_iter().enumerate() {
        assert_eq!(call.await.expect("well"), Ok(number as u32));
    }
}

#[tokio::test(start_paused = true)]
async fn or_is_turned_away() {
    let (callers, _work) = of_two(Overload::Reject);
    let calls = [2, 4].map(|number| asking(&callers, number));
    tokio::task::yield_now().await;
    rejected(ask(&callers, 6).await, Reason::QueueFull, Executed::No);
    assert!(!calls[0].is_finished());
}

#[tokio::test(start_paused = true)]
async fn or_waits_for_so_long() {
    let (callers, _work) = of_two(Overload::WaitFor(secs(5)));
    let _calls = [2, 4].map(|number| asking(&callers, number));
    tokio::task::yield_now().await;
    let began = tokio::time::Instant::now();
    rejected(ask(&callers, 6).await, Reason::QueueFull, Executed::No);
    assert_eq!(began.elapsed(), secs(5));
}

#[tokio::test(start_paused = true)]
async fn or_takes_the_place_of_the_oldest() {
    let (callers, work) = of_two(Overload::DropOldest);
    let calls = [2, 4, 6].map(|number| asking(&callers, number));
    tokio::task::yield_now().await;
    let [oldest, middle, newest] = calls;
    rejected(oldest.await.expect("well"), Reason::Evicted, Executed::No);
    tokio::spawn(work.serve(Halves::default()));
    assert_eq!(middle.await.expect("well"), Ok(2));
    assert_eq!(newest.await.expect("well"), Ok(3));
}

/// Its place is free at once, whoever would go first, and whether it had to wait for it or not.
#[tokio::test(start_paused = true)]
async fn a_caller_who_gives_up_makes_room() {
    for order in [Order::Fifo, Order::Lifo, Order::AdaptiveLifo(secs(1))] {
        let builder = builder().capacity(2).order(order);
        let (callers, work) = builder.build().expect("it is allowed");
        let calls: Vec<_> = (0..4).map(|number| asking(&callers, 2 * number)).collect();
        tokio::task::yield_now().await;
        // Of those that are in the queue one that came at once, and then one that waited for that.
        for given_up in [0, 2] {
            calls[given_up].abort();
            tokio::task::yield_now().await;
            assert_eq!(callers.len(), 2, "{order:?}");
        }
        let halves = Halves::default();
        tokio::spawn(work.serve(halves.clone()));
        for (number, call) in calls.into_iter().enumerate() {
            let expected = (number % 2 == 1).then_some(Ok(number as u32));
            assert_eq!(call.await.ok(), expected, "{order:?}");
        }
        assert_eq!(halves.begun.load(SeqCst), 2, "{order:?}");
    }
}

/// With nobody to serve it and nobody to send more, nothing else would ever take it out.
#[tokio::test]
async fn and_leaves_nothing_behind() {
    let request = Arc::new(());
    let built = service::builder("kept").registry(&Registry::new()).build();
    let (mut callers, _work): (Client<_, (), Trouble>, _) = built.expect("it is allowed");
    drop(callers.call(Arc::clone(&request)));
    assert_eq!((callers.len(), Arc::strong_count(&request)), (0, 1));
}

/// A call that is dropped while it waits for room leaves nothing behind.
#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_in_line() {
    let (callers, work) = of_two(Overload::Wait);
    let calls: Vec<_> = (0..4).map(|number| asking(&callers, 2 * number)).collect();
    tokio::task::yield_now().await;
    calls[2].abort();
    tokio::task::yield_now().await;
    let halves = Halves::default();
    tokio::spawn(work.serve(halves.clone()));
    for (number, call) in calls.into_iter().enumerate() {
        let outcome = call.await.ok();
        let expected = (number != 2).then_some(Ok(number as u32));
        assert_eq!(outcome, expected);
    }
    assert_eq!(halves.begun.load(SeqCst), 3);
}

/// Who waits for room is a caller, even if that was the last thing it did with the client.
#[tokio::test(start_paused = true)]
async fn a_call_that_waits_for_room_outlives_its_client() {
    let (mut callers, work) = of_two(Overload::Wait);
    let calls = [2, 4, 6].map(|number| callers.call(number));
    drop(callers);
    let worker = tokio::spawn(work.serve(Halves::default()));
    for (call, half) in calls.into_iter().zip(1..) {
        assert_eq!(call.await, Ok(half));
    }
    assert_eq!(worker.await.expect("well"), Ok(()), "they are all gone");
}

/// Nobody would ever ask for anything, and all would wait for ever.
#[test]
fn workers_do_not_ask_for_requests() {
    let mut config = seaworthy_queue::Config::default();
    config.on_demand = true;
    let built = builder().config(config).build();
    let error = built.map(drop).expect_err("it makes no sense").to_string();
    assert!(
        error.contains("on_demand") && error.contains("halves"),
        "{error}"
    );
}
