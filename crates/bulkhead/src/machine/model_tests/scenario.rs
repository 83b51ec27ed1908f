//! What happens to a machine, at random.

use proptest::prelude::*;

use crate::config::Partition;

#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// A call that does not wait.
    Enter(usize, u32),
    /// One that does.
    Wait(usize, u32),
    /// The so-manieth of those under way ends.
    End(usize),
    /// The so-manieth of those who wait, or were just let in, gives up.
    GiveUp(usize),
    SetLimit(u32),
    Pass(u64),
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..4_usize, 1..4_u32).prop_map(|(class, weight)| Step::Enter(class, weight)),
        4 => (0..4_usize, 1..8_u32).prop_map(|(class, weight)| Step::Wait(class, weight)),
        5 => any::<usize>().prop_map(Step::End),
        1 => any::<usize>().prop_map(Step::GiveUp),
        1 => (1..20_u32).prop_map(Step::SetLimit),
        1 => (0..6_000_u64).prop_map(Step::Pass),
    ]
}

fn partition() -> impl Strategy<Value = Partition> {
    (0..=5_u32, any::<bool>(), any::<bool>()).prop_map(|(tenths, borrows, lends)| {
        // A class that may have nothing at all cannot be expected to get on.
        let tenths = if borrows { tenths } else { tenths.max(1) };
        Partition::new("any")
            .guaranteed(f64::from(tenths) / 10.0)
            .borrows(borrows)
            .lends(lends)
    })
}

/// As many as fit into the whole.
pub(super) fn partitions() -> impl Strategy<Value = Vec<Partition>> {
    prop::collection::vec(partition(), 0..4).prop_map(|all| {
        let mut total = 0.0;
        let fits = |it: &Partition| {
            total += it.guaranteed;
            total <= 1.0
        };
        all.into_iter().take_while(fits).collect()
    })
}
