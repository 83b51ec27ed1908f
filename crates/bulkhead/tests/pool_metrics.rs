//! What a pool counts, under which names. In a process of its own: its threads see only a recorder that all see.
#![cfg(feature = "metrics")]

use std::collections::BTreeMap;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};
use seaworthy_bulkhead::ThreadPool;
use seaworthy_core::component::Registry;

/// All series; of a histogram, the number of observations.
#[derive(Clone, Default)]
struct Book(Arc<Mutex<BTreeMap<String, f64>>>);

struct Line(Book, String);

impl Line {
    fn change(&self, change: impl FnOnce(&mut f64)) {
        let mut all = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(all.entry(self.1.clone()).or_default());
    }
}

impl CounterFn for Line {
    fn increment(&self, by: u64) {
        self.change(|value| *value += by as f64);
    }

    fn absolute(&self, to: u64) {
        self.change(|value| *value = to as f64);
    }
}

impl GaugeFn for Line {
    fn increment(&self, by: f64) {
        self.change(|value| *value += by);
    }

    fn decrement(&self, by: f64) {
        self.change(|value| *value -= by);
    }

    fn set(&self, to: f64) {
        self.change(|value| *value = to);
    }
}

impl HistogramFn for Line {
    fn record(&self, _: f64) {
        self.change(|value| *value += 1.0);
    }
}

impl Book {
    fn line(&self, key: &Key) -> Arc<Line> {
        let labels = key.labels();
        let labels = labels.map(|label| format!("{}={}", label.key(), label.value()));
        let name = key.name().trim_start_matches("seaworthy_bulkhead_pool_");
        let labels = labels.collect::<Vec<_>>().join(",");
        Arc::new(Line(self.clone(), format!("{name}{{{labels}}}")))
    }

    fn lines(&self) -> Vec<String> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter()
            .map(|(name, value)| format!("{name} {value}"))
            .collect()
    }
}

impl Recorder for Book {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.line(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.line(key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.line(key))
    }
}

#[test]
fn jobs_by_outcome_and_how_full_it_is() {
    let book = Book::default();
    metrics::set_global_recorder(book.clone()).expect("there is no other");
    let builder = ThreadPool::builder("p").registry(&Registry::new());
    let pool = builder.threads(1).max_queued(2).build().expect("allowed");
    let crashed: Result<(), _> = pool.run_blocking(|| panic!("on purpose"));
    assert!(crashed.is_err());
    let ((tell, at_work), (release, wait)) = (channel(), channel::<()>());
    let busy = pool.run(move || {
        tell.send(()).expect("it is waited for");
        let _ = wait.recv();
    });
    at_work.recv().expect("it is at work");
    drop(pool.run(|| ()));
    let queued = [(); 2].map(|()| pool.run(|| ()));
    assert!(pool.run_blocking(|| ()).is_err(), "it is full");
    assert_eq!(
        book.lines(),
        [
            "busy{name=p} 1",
            "jobs_total{name=p,outcome=panicked} 1",
            "queued{name=p} 2",
            "rejected_total{name=p,reason=full} 1",
            "run_seconds{name=p} 1",
            "threads{name=p} 1",
            "wait_seconds{name=p} 2",
            "withdrawn_total{name=p} 1",
        ]
    );
    let report = pool.shutdown_blocking(Duration::ZERO);
    assert_eq!((report.discarded, report.still_running), (2, 1));
    assert!(pool.run_blocking(|| ()).is_err(), "it is on its way out");
    drop((queued, busy, release));
    pool.shutdown_blocking(Duration::from_secs(3600));
    assert_eq!(
        book.lines(),
        [
            "busy{name=p} 0",
            "discarded_total{name=p} 2",
            "jobs_total{name=p,outcome=done} 1",
            "jobs_total{name=p,outcome=panicked} 1",
            "queued{name=p} 0",
            "rejected_total{name=p,reason=full} 1",
            "rejected_total{name=p,reason=shutting_down} 1",
            "run_seconds{name=p} 2",
            "threads{name=p} 0",
            "wait_seconds{name=p} 2",
            "withdrawn_total{name=p} 1",
        ]
    );
}
