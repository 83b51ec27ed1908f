//! Chance, the same for the same seed.

use fastrand::Rng;

/// How much work a request is, in seconds of a server that does nothing else.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Work {
    /// The sum of so many exponential times: the more, the more alike the requests are.
    Erlang { mean: f64, parts: u32 },
    /// A share of the requests takes longer.
    TwoKinds { short: f64, long: f64, share: f64 },
    /// A heavy tail.
    LogNormal { mean: f64, sigma: f64 },
}

pub(crate) fn exponential(rng: &mut Rng, mean: f64) -> f64 {
    // Never the logarithm of 0.
    -(1.0 - rng.f64()).ln() * mean
}

impl Work {
    pub(crate) fn mean(self) -> f64 {
        match self {
            Self::Erlang { mean, .. } | Self::LogNormal { mean, .. } => mean,
            Self::TwoKinds { short, long, share } => short + (long - short) * share,
        }
    }

    pub(crate) fn draw(self, rng: &mut Rng) -> f64 {
        match self {
            Self::Erlang { mean, parts } => {
                // The logarithm of a product is the sum of the logarithms.
                let product: f64 = (0..parts).map(|_| 1.0 - rng.f64()).product();
                -product.ln() * mean / f64::from(parts)
            }
            Self::TwoKinds { short, long, share } => {
                if rng.f64() < share {
                    long
                } else {
                    short
                }
            }
            Self::LogNormal { mean, sigma } => {
                let mu = mean.ln() - sigma * sigma / 2.0;
                // Box and Muller.
                let radius = (-2.0 * (1.0 - rng.f64()).ln()).sqrt();
                let normal = radius * (std::f64::consts::TAU * rng.f64()).cos();
                (mu + sigma * normal).exp()
            }
        }
    }
}
