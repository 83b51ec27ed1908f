//! Handles reach the recorder that is there at their first use, under their name and labels.
#![cfg(feature = "metrics")]

use std::sync::Arc;

use metrics::{
    CounterFn, GaugeFn, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
    with_local_recorder,
};
use seaworthy_core::metrics::{Counter, Gauge, Histogram, Labels};
use seaworthy_core::sync::Lock;

/// Writes down what it is told, one line each.
#[derive(Clone, Default)]
struct Notebook {
    lines: Arc<Lock<Vec<String>>>,
}

impl Notebook {
    fn write(&self, line: String) {
        self.lines.lock().push(line);
    }

    fn lines(&self) -> Vec<String> {
        self.lines.lock().clone()
    }

    fn series(&self, kind: &str, key: &Key) -> Arc<Series> {
        let labels: Vec<_> = key
            .labels()
            .map(|l| format!("{}={}", l.key(), l.value()))
            .collect();
        let name = format!("{kind} {}{{{}}}", key.name(), labels.join(","));
        self.write(name.clone());
        Arc::new(Series {
            name,
            notebook: self.clone(),
        })
    }
}

struct Series {
    name: String,
    notebook: Notebook,
}

impl CounterFn for Series {
    fn increment(&self, value: u64) {
        self.notebook.write(format!("{} += {value}", self.name));
    }
    fn absolute(&self, _: u64) {}
}

impl GaugeFn for Series {
    fn increment(&self, value: f64) {
        self.notebook.write(format!("{} += {value}", self.name));
    }
    fn decrement(&self, _: f64) {}
    fn set(&self, value: f64) {
        self.notebook.write(format!("{} = {value}", self.name));
    }
}

impl HistogramFn for Series {
    fn record(&self, value: f64) {
        self.notebook.write(format!("{} <- {value}", self.name));
    }
}

impl Recorder for Notebook {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> metrics::Counter {
        metrics::Counter::from_arc(self.series("counter", key))
    }
    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> metrics::Gauge {
        metrics::Gauge::from_arc(self.series("gauge", key))
    }
    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> metrics::Histogram {
        metrics::Histogram::from_arc(self.series("histogram", key))
    }
}

const NONE: Labels<'_> = &[];

#[test]
fn a_recorder_installed_before_the_first_use_is_seen_and_asked_once() {
    let notebook = Notebook::default();
    let counter = Counter::new(
        "restarts_total",
        &[("name", "app".into()), ("kind", "x".into())],
    );
    with_local_recorder(&notebook, || {
        assert_eq!(notebook.lines(), [""; 0], "nothing before it is used");
        counter.increment(1);
        counter.increment(2);
    });
    let series = "counter restarts_total{name=app,kind=x}";
    assert_eq!(
        notebook.lines(),
        [
            series.to_owned(),
            format!("{series} += 1"),
            format!("{series} += 2")
        ]
    );
}

#[test]
fn a_recorder_installed_after_the_first_use_is_not_seen() {
    let (counter, notebook) = (Counter::new("late_total", NONE), Notebook::default());
    counter.increment(1);
    with_local_recorder(&notebook, || counter.increment(1));
    assert_eq!(notebook.lines(), [""; 0]);
}

#[test]
fn gauges_and_histograms_pass_their_values_on() {
    let notebook = Notebook::default();
    let (depth, wait) = (
        Gauge::new("depth", NONE),
        Histogram::new("wait_seconds", NONE),
    );
    with_local_recorder(&notebook, || {
        depth.set(3.0);
        depth.add(-1.0);
        wait.record(0.25);
    });
    let gauge = "gauge depth{}";
    let histogram = "histogram wait_seconds{}";
    let expected = [
        gauge.to_owned(),
        format!("{gauge} = 3"),
        format!("{gauge} += -1"),
        histogram.to_owned(),
        format!("{histogram} <- 0.25"),
    ];
    assert_eq!(notebook.lines(), expected);
}

/// A recorder that counts what it is asked for, with a counter of its own, which it is asked for as well.
struct Selfish<'a> {
    notebook: Notebook,
    asked: &'a Counter,
}

impl Recorder for Selfish<'_> {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, metadata: &Metadata<'_>) -> metrics::Counter {
        self.asked.increment(1);
        self.notebook.register_counter(key, metadata)
    }
    fn register_gauge(&self, key: &Key, metadata: &Metadata<'_>) -> metrics::Gauge {
        self.asked.increment(1);
        self.notebook.register_gauge(key, metadata)
    }
    fn register_histogram(&self, key: &Key, metadata: &Metadata<'_>) -> metrics::Histogram {
        self.notebook.register_histogram(key, metadata)
    }
}

#[test]
fn a_recorder_may_use_the_handle_it_is_asked_for() {
    let (notebook, asked) = (Notebook::default(), Counter::new("asked_total", NONE));
    let recorder = Selfish {
        notebook: notebook.clone(),
        asked: &asked,
    };
    with_local_recorder(&recorder, || {
        asked.increment(1);
        Gauge::new("depth", NONE).set(2.0);
    });
    let (counter, gauge) = ("counter asked_total{}", "gauge depth{}");
    let expected = [
        counter.to_owned(),
        format!("{counter} += 1"),
        // It has its handle by now.
        format!("{counter} += 1"),
        gauge.to_owned(),
        format!("{gauge} = 2"),
    ];
    assert_eq!(notebook.lines(), expected);
}
