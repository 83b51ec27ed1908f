//! Pools of threads, in real time: what waits for what is said by channels, never by the clock.

mod bad_input;
mod cancel;
mod ends;
mod jobs;
mod line;
mod resize;
mod runtimes;
mod service;
mod shutdown;
mod stress;

use std::sync::mpsc::{Receiver, Sender, channel};

use seaworthy_bulkhead::{JobFuture, ThreadPool, ThreadPoolBuilder};
use seaworthy_core::component::Registry;

/// One that no other test sees.
fn builder(name: &str) -> ThreadPoolBuilder {
    ThreadPool::builder(name).registry(&Registry::new())
}

fn pool(threads: u32, max_queued: u32) -> ThreadPool {
    let builder = builder("pool").threads(threads).max_queued(max_queued);
    builder.build().expect("it is allowed")
}

/// A job that is at work until it is let go.
struct Busy {
    job: Option<JobFuture<()>>,
    release: Sender<()>,
}

impl Busy {
    /// Returns once it is at work.
    fn new(pool: &ThreadPool) -> Self {
        let ((release, wait), (tell, at_work)) = (channel::<()>(), channel());
        let job = pool.run(move || {
            tell.send(()).expect("it is waited for");
            // Whether it is let go or its test is over.
            let _ = wait.recv();
        });
        at_work.recv().expect("it is at work");
        let job = Some(job);
        Self { job, release }
    }

    /// Waits for its end.
    async fn end(mut self) {
        self.release.send(()).expect("it is at work");
        let job = self.job.take().expect("not ended yet");
        job.await.expect("it is done");
    }
}

/// What came out of it, in order.
fn all<T>(receiver: &Receiver<T>) -> Vec<T> {
    receiver.try_iter().collect()
}
