//! Handles with the feature: those of the `metrics` facade, resolved at first use.

use std::cell::Cell;
use std::sync::{Arc, OnceLock};

use metrics::{Key, Label, Level, Metadata, Recorder};

use super::Labels;
use crate::panic;

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

    #[inline]
    fn get(&self) -> Option<&H> {
        self.handle.get().or_else(|| self.resolve())
    }

    /// None if the recorder itself asks, while it is making a handle.
    #[cold]
    fn resolve(&self) -> Option<&H> {
        const METADATA: Metadata<'_> = Metadata::new("seaworthy", Level::INFO, None);
        let _asking = Asking::begin()?;
        // Two threads may ask at the same time: they get handles of one metric, and one of them is kept.
        let register =
            || metrics::with_recorder(|recorder| H::register(recorder, &self.key, &METADATA));
        let handle = panic::catch(register).ok()?;
        Some(self.handle.get_or_init(|| handle))
    }

    /// Does this with the handle. A recorder is code of the user: one that panics harms nobody but itself.
    #[inline]
    fn with(&self, f: impl FnOnce(&H)) {
        if let Some(handle) = self.get() {
            let _ = panic::catch(|| f(handle));
        }
    }
}

/// This thread asks the recorder for a handle, which is code of the user: if that uses handles which are not resolved
/// either, it is not asked again for an answer to its own question.
struct Asking;

thread_local! {
    static ASKING: Cell<bool> = const { Cell::new(false) };
}

impl Asking {
    fn begin() -> Option<Self> {
        // A thread that is being torn down asks as well as it can.
        let asks = ASKING.try_with(|asking| asking.replace(true));
        (!asks.unwrap_or(false)).then_some(Self)
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        let _ = ASKING.try_with(|asking| asking.set(false));
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
        self.with(|handle| handle.increment(by));
    }
}

impl Gauge {
    pub(super) fn set(&self, value: f64) {
        self.with(|handle| handle.set(value));
    }

    pub(super) fn add(&self, by: f64) {
        self.with(|handle| handle.increment(by));
    }
}

impl Histogram {
    pub(super) fn record(&self, value: f64) {
        self.with(|handle| handle.record(value));
    }
}
