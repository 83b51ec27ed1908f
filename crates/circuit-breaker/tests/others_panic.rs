//! A panic is evidence only if it is that of the call.

use std::future::{pending, poll_fn};

use seaworthy_circuit_breaker::CircuitBreaker;
use seaworthy_core::BoxError;

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_because_something_beside_it_panics_says_nothing() {
    let b = CircuitBreaker::builder("b").build().expect("it is allowed");
    let handler = {
        let b = b.clone();
        async move {
            let call = b.call(pending::<Result<(), BoxError>>());
            let mut call = std::pin::pin!(call);
            poll_fn(|cx| {
                assert!(call.as_mut().poll(cx).is_pending());
                panic!("a bug of the handler");
                #[expect(unreachable_code, reason = "it says of which type it is")]
                std::task::Poll::Ready(())
            })
            .await;
        }
    };
    assert!(
        tokio::spawn(handler)
            .await
            .expect_err("it panicked")
            .is_panic()
    );
    assert_eq!(b.view().calls, 0);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_panics_has_failed_at_once() {
    let b = CircuitBreaker::builder("b").build().expect("it is allowed");
    let mut call = Box::pin(b.call(async {
        if b.view().calls == 0 {
            panic!("a bug of the call");
        }
        Ok::<(), BoxError>(())
    }));
    let polled = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        let _ = call.as_mut().poll(&mut cx);
    }));
    assert!(polled.is_err());
    assert_eq!(
        b.view().failures,
        1,
        "before anybody drops what is left of it"
    );
    drop(call);
    assert_eq!(b.view().calls, 1);
}
