//! Medians.

/// The middle value, the lower one of two; none of nothing.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len().checked_sub(1)? / 2).copied()
}

/// The lowest value; none of nothing.
pub(crate) fn min(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    values.into_iter().min_by(f64::total_cmp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_a_value_that_was_measured() {
        assert_eq!(median([]), None);
        assert_eq!(median([3.0]), Some(3.0));
        assert_eq!(median([9.0, 1.0]), Some(1.0));
        assert_eq!(median([9.0, 1.0, 4.0]), Some(4.0));
    }

    #[test]
    fn the_minimum_is_the_lowest() {
        assert_eq!(min([]), None);
        assert_eq!(min([2.0, 1.0, 3.0]), Some(1.0));
    }
}
