//! Handles with the feature: those of the `metrics` facade, resolved at first use.

use std::sync::{Arc, OnceLock};

use metrics::{Key, Label, Level, Metadata, Recorder};

use super::Labels;

pub(super) type Counter = Lazy<metrics::Counter>;
pub(super) type Gauge = Lazy<metrics::Gauge>;
pub(super) type Histogram = Lazy<metrics::Histogram>;

/// A metric that its recorder does not know before it is used.
#[derive(Clone, Debug)]
pub(super) struct Lazy<H> {
    key: Key,
    handle: OnceLock<H>,
}

impl<H: Register> Lazy<H> {
    pub(super) fn new(name: &'static str, labels: Labels<'_>) -> Self {
        let label = |(name, value): &(&'static str, Arc<str>)| Label::new(*name, Arc::clone(value));
        let labels: Vec<_> = labels.iter().map(label).collect();
        Self {
            key: Key::from_parts(name, labels),
            handle: OnceLock::new(),
        }
    }

    fn get(&self) -> &H {
        const METADATA: Metadata<'_> = Metadata::new("seaworthy", Level::INFO, None);
        self.handle.get_or_init(|| {
            metrics::with_recorder(|recorder| H::register(recorder, &self.key, &METADATA))
        })
    }
}

/// The three kinds of metric, as far as resolving them goes.
pub(super) trait Register {
    fn register(recorder: &dyn Recorder, key: &Key, metadata: &Metadata<'_>) -> Self;
}

impl Register for metrics::Counter {
    fn register(recorder: &dyn Recorder, key: &Key, metadata: &Metadata<'_>) -> Self {
        recorder.register_counter(key, metadata)
    }
}

impl Register for metrics::Gauge {
    fn register(recorder: &dyn Recorder, key: &Key, metadata: &Metadata<'_>) -> Self {
        recorder.register_gauge(key, metadata)
    }
}

impl Register for metrics::Histogram {
    fn register(recorder: &dyn Recorder, key: &Key, metadata: &Metadata<'_>) -> Self {
        recorder.register_histogram(key, metadata)
    }
}

impl Counter {
    pub(super) fn increment(&self, by: u64) {
        self.get().increment(by);
    }
}

impl Gauge {
    pub(super) fn set(&self, value: f64) {
        self.get().set(value);
    }

    pub(super) fn add(&self, by: f64) {
        self.get().increment(by);
    }
}

impl Histogram {
    pub(super) fn record(&self, value: f64) {
        self.get().record(value);
    }
}
