//! Handles without the feature: nothing.

use super::Labels;

#[derive(Clone, Debug)]
pub(super) struct Nothing;

pub(super) type Counter = Nothing;
pub(super) type Gauge = Nothing;
pub(super) type Histogram = Nothing;

impl Nothing {
    pub(super) fn new(_name: &'static str, _labels: Labels<'_>) -> Self {
        Self
    }

    pub(super) fn increment(&self, _by: u64) {}

    pub(super) fn set(&self, _value: f64) {}

    pub(super) fn add(&self, _by: f64) {}

    pub(super) fn record(&self, _value: f64) {}
}

#[cfg(test)]
mod tests {
    use crate::metrics;

    #[test]
    fn handles_have_no_size() {
        assert_eq!(size_of::<metrics::Counter>(), 0);
        assert_eq!(size_of::<metrics::Gauge>(), 0);
        assert_eq!(size_of::<metrics::Histogram>(), 0);
    }
}
