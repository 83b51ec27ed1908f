//! Results are awaited anywhere; the threads need no runtime.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake};
use std::thread::{self, Thread};

use tokio::runtime::Handle;

use crate::pool;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The smallest executor there is.
fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Arc::new(Unpark(thread::current())).into();
    let (mut future, mut cx) = (pin!(future), Context::from_waker(&waker));
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
        thread::park();
    }
}

#[test]
fn without_tokio() {
    let pool = pool(2, 10);
    let in_runtime = pool.run(|| Handle::try_current().is_ok());
    assert_eq!(block_on(in_runtime), Ok(false));
    let jobs: Vec<_> = (0..10).map(|number| pool.run(move || number)).collect();
    for (number, job) in jobs.into_iter().enumerate() {
        assert_eq!(block_on(job), Ok(number));
    }
    assert_eq!(pool.run_blocking(|| 7), Ok(7));
}

/// One job, begun in one runtime and awaited in another that begins when the first is gone.
#[test]
fn across_runtimes() {
    let pool = pool(1, 1);
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime")
    };
    let first = runtime();
    let job = {
        let _entered = first.enter();
        pool.run(|| 7)
    };
    drop(first);
    assert_eq!(runtime().block_on(job), Ok(7));
}

/// A tokio task may not block by tokio's own means; this is not one of them, and a thread of the pool is no such task.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn blocking_inside_of_a_runtime_is_unwise_and_works() {
    let pool = pool(1, 1);
    assert_eq!(pool.run_blocking(|| 7), Ok(7));
}

#[tokio::test]
async fn one_pool_may_wait_for_another() {
    let (first, second) = (pool(1, 1), pool(1, 1));
    let sum = first.run(move || second.run_blocking(|| 7).map(|seven| seven + 1));
    assert_eq!(sum.await, Ok(Ok(8)));
}
