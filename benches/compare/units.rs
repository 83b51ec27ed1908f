//! Figures for a person to read.

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Nanos,
    Bytes,
}

impl Unit {
    /// The figure with three digits that matter, and its unit.
    pub(crate) fn show(self, value: f64) -> String {
        let steps: &[(f64, &str)] = match self {
            Self::Nanos => &[(1e9, "s"), (1e6, "ms"), (1e3, "us"), (1.0, "ns")],
            Self::Bytes => &[(1.0, "B")],
        };
        let (size, unit) = steps
            .iter()
            .find(|(size, _)| value >= *size)
            .or(steps.last())
            .unwrap_or(&(1.0, ""));
        format!("{} {unit}", digits(value / size))
    }
}

/// Three digits that matter, none after the point for what is large.
pub(crate) fn digits(value: f64) -> String {
    match value {
        v if v >= 99.95 => format!("{v:.0}"),
        v if v >= 9.995 => format!("{v:.1}"),
        v => format!("{v:.2}"),
    }
}

/// A number of allocations: whole where it is whole.
pub(crate) fn count(value: f64) -> String {
    if value >= 1000.0 || (value - value.round()).abs() < 0.01 {
        format!("{value:.0}")
    } else {
        digits(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_fit_the_size() {
        assert_eq!(Unit::Nanos.show(0.0), "0.00 ns");
        assert_eq!(Unit::Nanos.show(41.25), "41.2 ns");
        assert_eq!(Unit::Nanos.show(2_345.0), "2.35 us");
        assert_eq!(Unit::Nanos.show(76_000_000.0), "76.0 ms");
        assert_eq!(Unit::Nanos.show(1_500_000_000.0), "1.50 s");
        assert_eq!(Unit::Bytes.show(7912.0), "7912 B");
    }

    #[test]
    fn counts_are_whole_where_they_can_be() {
        assert_eq!(count(0.001), "0");
        assert_eq!(count(3.0), "3");
        assert_eq!(count(2.5), "2.50");
        assert_eq!(count(300_012.4), "300012");
    }
}
