//! What a story leaves in the metrics.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};

use metrics::{
    Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};

use crate::block_on_paused;

/// Runs the story in virtual time with a recorder of its own, and tells all series that were used, each as
/// `name{label=value,...} value` without the `prefix` of its name; of a histogram, the observations and what they add up
/// to, as `3 in 0.25`.
///
/// # Panics
///
/// If the story does.
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
        Value::Spread(sum) => {
            let (count, sum) = *sum.0.lock().unwrap_or_else(PoisonError::into_inner);
            format!("{name} {count} in {sum}")
        }
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
    Spread(Arc<Sum>),
}

/// How many observations there were, and what they add up to.
#[derive(Default)]
struct Sum(Mutex<(u64, f64)>);

impl HistogramFn for Sum {
    fn record(&self, value: f64) {
        let mut sum = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *sum = (sum.0 + 1, sum.1 + value);
    }
}

impl Book {
    /// The value of a series, which is made if it is not there.
    fn open(&self, key: &Key, new: impl FnOnce() -> Value) -> Value {
        let labels = key.labels();
        let labels = labels.map(|label| format!("{}={}", label.key(), label.value()));
        let name = key.name().trim_start_matches(self.prefix);
        let series = format!("{name}{{{}}}", labels.collect::<Vec<_>>().join(","));
        let mut all = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(series).or_insert_with(new).clone()
    }
}

impl Recorder for Book {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        match self.open(key, || Value::Count(Arc::default())) {
            Value::Count(cell) => Counter::from_arc(cell),
            _ => panic!("{key} is no counter"),
        }
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        match self.open(key, || Value::Level(Arc::default())) {
            Value::Level(cell) => Gauge::from_arc(cell),
            _ => panic!("{key} is no gauge"),
        }
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        match self.open(key, || Value::Spread(Arc::default())) {
            Value::Spread(sum) => Histogram::from_arc(sum),
            _ => panic!("{key} is no histogram"),
        }
    }
}
