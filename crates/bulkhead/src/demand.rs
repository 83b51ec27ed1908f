//! What a request asks of a bulkhead.

/// How much of the limit a request takes, and in which class it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use]
pub struct Demand {
    pub(crate) weight: u32,
    pub(crate) partition: Option<usize>,
}

impl Default for Demand {
    fn default() -> Self {
        Self {
            weight: 1,
            partition: None,
        }
    }
}

impl Demand {
    /// As much as so many ordinary requests: at least 1, and no more than all that a request may have, which it waits
    /// for to be free if it is heavier.
    pub fn weight(mut self, weight: u32) -> Self {
        self.weight = weight.max(1);
        self
    }

    /// In the partition that is the so-manieth of the configuration, from 0: an enum whose variants are in that order
    /// can say it by `as usize`. One that is beyond the last is that of the layer.
    pub fn partition(mut self, index: usize) -> Self {
        self.partition = Some(index);
        self
    }
}

/// Says what a request asks for. A closure `Fn(&Request) -> Demand` does.
pub trait Ask<Req> {
    /// What this request asks for.
    fn ask(&self, request: &Req) -> Demand;

    /// Whether that is the same for all of them.
    #[doc(hidden)]
    fn is_constant(&self) -> bool {
        false
    }
}

/// The default: every request takes one place.
#[derive(Clone, Copy, Debug, Default)]
pub struct One;

impl<Req> Ask<Req> for One {
    #[inline]
    fn ask(&self, _request: &Req) -> Demand {
        Demand::default()
    }

    #[inline]
    fn is_constant(&self) -> bool {
        true
    }
}

impl<F, Req> Ask<Req> for F
where
    F: Fn(&Req) -> Demand,
{
    #[inline]
    fn ask(&self, request: &Req) -> Demand {
        self(request)
    }
}
