//! What loom says about who takes which job, and when: run with `RUSTFLAGS="--cfg seaworthy_loom"`, in release.
//!
//! The crew is used as the pool uses it; its jobs are numbers, and its threads loom's. A lost ring shows as a deadlock.

use std::sync::Arc;
use std::time::Duration;

use loom::model::Builder;
use loom::sync::Mutex;
use loom::thread::{self, JoinHandle};

use super::config::{PoolConfig, WhenFull};
use super::crew::{Crew, Levels, Tell};
use super::store::{Brought, Ended};

struct Nobody;

impl Tell for Nobody {
    fn levels(&self, _: Levels, _: Levels) {}
}

/// What was done, by whichever thread, and how many were at it at once at most.
#[derive(Default)]
struct Log {
    done: Mutex<(Vec<u32>, u32, u32)>,
}

impl Log {
    fn begin(&self) {
        let mut log = self.done.lock().unwrap();
        log.1 += 1;
        log.2 = log.2.max(log.1);
    }

    fn end(&self, job: u32) {
        let mut log = self.done.lock().unwrap();
        log.1 -= 1;
        log.0.push(job);
    }

    fn done(&self) -> Vec<u32> {
        let mut done = self.done.lock().unwrap().0.clone();
        done.sort_unstable();
        done
    }

    fn peak(&self) -> u32 {
        self.done.lock().unwrap().2
    }
}

struct Bench {
    crew: Arc<Crew<u32>>,
    log: Arc<Log>,
    threads: Vec<JoinHandle<()>>,
}

fn config(threads: u32, max_queued: u32) -> PoolConfig {
    let mut config = PoolConfig::default();
    (config.threads, config.max_queued) = (threads, max_queued);
    config
}

impl Bench {
    fn new(config: PoolConfig) -> Self {
        let mut bench = Self {
            crew: Arc::new(Crew::new(config)),
            log: Arc::default(),
            threads: Vec::new(),
        };
        bench.recruit();
        bench
    }

    fn recruit(&mut self) {
        for _ in 0..self.crew.with(&Nobody, |store| store.recruit()) {
            let (crew, log) = (Arc::clone(&self.crew), Arc::clone(&self.log));
            self.threads.push(thread::spawn(move || work(&crew, &log)));
        }
    }

    fn join(self) -> Arc<Log> {
        for thread in self.threads {
            thread.join().unwrap();
        }
        let left = self.crew.look(|store| store.levels());
        assert_eq!(left, Levels::default(), "nobody and nothing is left");
        self.log
    }
}

/// As the threads of a pool do.
fn work(crew: &Crew<u32>, log: &Log) {
    while let Some(first) = crew.next(&Nobody) {
        let mut job = Some(first);
        while let Some(number) = job {
            log.begin();
            log.end(number);
            job = crew.end(&Nobody, Ended::Well);
        }
    }
}

fn model(preemptions: Option<usize>, run: impl Fn() + Send + Sync + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = preemptions;
    builder.check(run);
}

/// Two threads, two who bring: each job is done once, and all threads go in the end.
#[test]
fn each_job_is_done_once() {
    model(Some(2), || {
        let bench = Bench::new(config(2, 2));
        let crew = Arc::clone(&bench.crew);
        let other = thread::spawn(move || {
            assert!(matches!(
                crew.bring(&Nobody, 1, || false),
                Brought::Queued(_)
            ));
        });
        let brought = bench.crew.bring(&Nobody, 2, || false);
        assert!(matches!(brought, Brought::Queued(_)));
        other.join().unwrap();
        assert!(bench.crew.drain(&Nobody).is_empty());
        assert_eq!(bench.join().done(), [1, 2]);
    });
}

/// A caller goes while a thread is about to take his job: one of them has it, and his place is free for who is in line.
#[test]
fn a_job_is_taken_or_taken_back() {
    model(Some(3), || {
        let mut config = config(1, 0);
        config.when_full = WhenFull::Wait {
            max_wait: Duration::from_secs(1),
            max_waiting: 1,
        };
        let bench = Bench::new(config);
        let Brought::Queued(first) = bench.crew.bring(&Nobody, 1, || true) else {
            panic!("there is a place");
        };
        let crew = Arc::clone(&bench.crew);
        let other = thread::spawn(move || crew.withdraw(&Nobody, first));
        let second = bench.crew.bring(&Nobody, 2, || true);
        assert!(matches!(second, Brought::Queued(_) | Brought::InLine(..)));
        let withdrawn = other.join().unwrap();
        // If it was turned away at once, it would never come: the line has one place.
        while bench.crew.look(|store| store.waiting()) > 0 {
            thread::yield_now();
        }
        assert!(bench.crew.drain(&Nobody).is_empty());
        let done = bench.join().done();
        assert_eq!(
            done,
            if withdrawn.is_some() {
                vec![2]
            } else {
                vec![1, 2]
            }
        );
    });
}

/// Shut down while somebody brings: he is told that he is late, or his job is done or handed back.
#[test]
fn no_job_is_lost_in_a_shutdown() {
    model(Some(3), || {
        let bench = Bench::new(config(1, 1));
        let crew = Arc::clone(&bench.crew);
        let other = thread::spawn(move || crew.bring(&Nobody, 1, || false));
        bench.crew.drain(&Nobody);
        let (dropped, report) = bench.crew.close(&Nobody);
        assert_eq!(dropped.len() as u64, report.discarded);
        let brought = other.join().unwrap();
        let (log, came) = (bench.join(), matches!(brought, Brought::Queued(_)));
        assert_eq!(log.done().len() + dropped.len(), usize::from(came));
    });
}

/// Fewer threads from now on, while both have work: one goes, the other does what is left, and nobody is woken in vain.
#[test]
fn it_shrinks_without_leaving_a_job() {
    model(Some(2), || {
        let bench = Bench::new(config(2, 3));
        let crew = Arc::clone(&bench.crew);
        let other = thread::spawn(move || crew.reconfigure(&Nobody, config(1, 3)));
        for job in 1..=2 {
            let brought = bench.crew.bring(&Nobody, job, || false);
            assert!(matches!(brought, Brought::Queued(_)));
        }
        other.join().unwrap();
        assert!(bench.crew.drain(&Nobody).is_empty());
        assert_eq!(bench.join().done(), [1, 2]);
    });
}

/// More threads from now on, while one has work: never more at work than there are to be.
#[test]
fn it_grows_and_no_more_are_at_work_than_may_be() {
    model(Some(2), || {
        let mut bench = Bench::new(config(1, 3));
        for job in 1..=2 {
            let brought = bench.crew.bring(&Nobody, job, || false);
            assert!(matches!(brought, Brought::Queued(_)));
        }
        bench.crew.reconfigure(&Nobody, config(2, 3));
        bench.recruit();
        assert!(bench.crew.drain(&Nobody).is_empty());
        let log = bench.join();
        assert_eq!(log.done(), [1, 2]);
        assert!(log.peak() <= 2);
    });
}
