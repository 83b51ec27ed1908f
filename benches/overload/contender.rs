//! Who is compared.

use seaworthy_bulkhead::limit::{Aimd, Gradient, Limit, Vegas};

use crate::gate::Gate;
use crate::model::{Model, Shape};

/// One who decides who is let in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Who {
    Oracle,
    Nobody,
    Best,
    Half,
    FarTooMuch,
    Aimd,
    Vegas,
    Gradient,
    /// Any other fixed limit.
    Fixed(u32),
}

/// The one that must pass: the default, but for its maximum of 1000, which would be right for M3 by itself.
pub(crate) const OURS: Who = Who::Gradient;

/// All that are in the tables.
pub(crate) const ALL: [Who; 8] = [
    Who::Oracle,
    Who::Nobody,
    Who::Half,
    Who::Best,
    Who::FarTooMuch,
    Who::Aimd,
    Who::Vegas,
    Who::Gradient,
];

/// How many times N* a limit is that nobody ever thought about, as one was found in the wild.
const FAR_TOO_MUCH: u32 = 56;

impl Who {
    pub(crate) fn name(self) -> String {
        match self {
            Self::Oracle => "oracle".to_owned(),
            Self::Nobody => "no limit".to_owned(),
            Self::Best => "fixed N*".to_owned(),
            Self::Half => "fixed N*/2".to_owned(),
            Self::FarTooMuch => "fixed 56 N*".to_owned(),
            Self::Aimd => "aimd".to_owned(),
            Self::Vegas => "vegas".to_owned(),
            Self::Gradient => "gradient, max 10000".to_owned(),
            Self::Fixed(limit) => format!("fixed {limit}"),
        }
    }

    pub(crate) fn gate(self, model: &Model) -> Gate {
        match self.limit(model) {
            Some(limit) => Gate::Limit(limit.start()),
            None if self == Self::Oracle => Gate::Oracle,
            None => Gate::Open,
        }
    }

    /// If it is one.
    pub(crate) fn limit(self, model: &Model) -> Option<Limit> {
        let best = model.best();
        let limit: Limit = match self {
            // Where all are worked on at once, it is the number that counts.
            Self::Oracle if matches!(model.shape, Shape::Slots(_)) => return None,
            Self::Nobody => return None,
            Self::Oracle | Self::Best => best.into(),
            Self::Half => (best / 2).max(1).into(),
            Self::FarTooMuch => best.saturating_mul(FAR_TOO_MUCH).into(),
            Self::Fixed(limit) => limit.into(),
            Self::Aimd => {
                // It has to be told what is too slow.
                let mut aimd = Aimd::default();
                aimd.max = 2000;
                aimd.slow = Some(std::time::Duration::from_secs_f64(model.deadline / 2.0));
                aimd.into()
            }
            Self::Vegas => with_room(Vegas::default()),
            Self::Gradient => with_room(Gradient::default()),
        };
        Some(limit)
    }
}

trait Roomy: Into<Limit> {
    fn max(&mut self) -> &mut u32;
}

impl Roomy for Vegas {
    fn max(&mut self) -> &mut u32 {
        &mut self.max
    }
}

impl Roomy for Gradient {
    fn max(&mut self) -> &mut u32 {
        &mut self.max
    }
}

/// So much that the maximum does not do the work of the algorithm.
fn with_room(mut config: impl Roomy) -> Limit {
    *config.max() = 10_000;
    config.into()
}
