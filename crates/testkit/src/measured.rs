//! What a story leaves in the metrics.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};

use crate::block_on_paused;

/// Runs the story in virtual time with a recorder of its own, and tells all series that were used, each as
/// `name{label=value,...} value` without the `prefix` of its name.
///
/// # Panics
///
/// If the story does, or if it uses a histogram: nothing has one yet.
pub fn measured<F: Future<Output = ()>>(prefix: &'static str, story: F) -> Vec<String> {
    let book = Book {
        prefix,
        series: Mutex::default(),
    };
    metrics::with_local_recorder(&book, || block_on_paused(story));
    let series = book.series.into_inner();
    let series = series.unwrap_or_else(PoisonError::into_inner);
    let lines = series.iter().map(|(name, value)| match value {
        Value::Count(count) => format!("{name} {}", count.load(SeqCst)),
        Value::Level(bits) => format!("{name} {}", f64::from_bits(bits.load(SeqCst))),
    });
    lines.collect()
}

/// Keeps the series that were used.
struct Book {
    prefix: &'static str,
    series: Mutex<BTreeMap<String, Value>>,
}

#[derive(Clone)]
enum Value {
    Count(Arc<AtomicU64>),
    /// The bits of a floating-point number.
    Level(Arc<AtomicU64>),
}

impl Book {
    fn open(&self, key: &Key, value: fn(Arc<AtomicU64>) -> Value) -> Arc<AtomicU64> {
        let labels = key.labels();
        let labels = labels.map(|label| format!("{}={}", label.key(), label.value()));
        let name = key.name().trim_start_matches(self.prefix);
        let series = format!("{name}{{{}}}", labels.collect::<Vec<_>>().join(","));
        let mut all = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = all.entry(series).or_insert_with(|| value(Arc::default()));
        let (Value::Count(cell) | Value::Level(cell)) = entry;
        Arc::clone(cell)
    }
}

impl Recorder for Book {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.open(key, Value::Count))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.open(key, Value::Level))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        panic!("no histogram is expected, not {key}");
    }
}
