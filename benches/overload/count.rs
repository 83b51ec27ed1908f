//! What came of the requests of a run.

/// What happened in one second.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Second {
    /// Requests of clients, retries not counted.
    pub(crate) offered: u32,
    /// Answered in time.
    pub(crate) good: u32,
    /// Turned away, and not tried again.
    pub(crate) rejected: u32,
    /// The limit at its end.
    pub(crate) limit: u32,
}

/// All that a run says.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) seconds: Vec<Second>,
    /// Seconds at the beginning that only the course of things is made of.
    pub(crate) warm: u32,
    pub(crate) times: Times,
    pub(crate) work: f64,
    pub(crate) wasted: f64,
    /// The most above the limit.
    pub(crate) overshoot: u32,
}

impl Account {
    pub(crate) fn new(seconds: u32, warm: u32) -> Self {
        Self {
            seconds: vec![Second::default(); seconds as usize],
            warm,
            times: Times::default(),
            work: 0.0,
            wasted: 0.0,
            overshoot: 0,
        }
    }

    pub(crate) fn second(&mut self, now: f64) -> Option<&mut Second> {
        self.seconds.get_mut(now as usize)
    }

    pub(crate) fn is_warm(&self, now: f64) -> bool {
        now >= f64::from(self.warm)
    }

    fn sum(&self, from: u32, of: impl Fn(&Second) -> u32) -> f64 {
        let seconds = self.seconds.iter().skip(from as usize);
        seconds.map(|second| f64::from(of(second))).sum()
    }

    pub(crate) fn good_from(&self, from: u32) -> f64 {
        self.sum(from, |second| second.good)
    }

    pub(crate) fn offered_from(&self, from: u32) -> f64 {
        self.sum(from, |second| second.offered)
    }

    pub(crate) fn good(&self) -> f64 {
        self.good_from(self.warm)
    }

    pub(crate) fn offered(&self) -> f64 {
        self.offered_from(self.warm)
    }

    /// The share of the requests that was turned away.
    pub(crate) fn rejected(&self) -> f64 {
        self.sum(self.warm, |second| second.rejected) / self.offered().max(1.0)
    }

    /// The limit on average, and how much it varies as a share of that.
    pub(crate) fn limit(&self) -> (f64, f64) {
        let limits = self.seconds.iter().skip(self.warm as usize);
        let limits: Vec<f64> = limits.map(|second| f64::from(second.limit)).collect();
        let count = limits.len().max(1) as f64;
        let mean = limits.iter().sum::<f64>() / count;
        let squares = limits.iter().map(|limit| (limit - mean).powi(2));
        (mean, (squares.sum::<f64>() / count).sqrt() / mean.max(1.0))
    }

    /// From which second on it did, for three seconds, nearly as well as somebody else.
    pub(crate) fn converged(&self, oracle: &Self) -> Option<u32> {
        let well = |(ours, theirs): (&Second, &Second)| {
            f64::from(ours.good) >= 0.95 * f64::from(theirs.good)
        };
        let seconds = self.seconds.iter().zip(&oracle.seconds);
        three_in_a_row(seconds.map(well))
    }

    /// How many seconds after this one nobody is turned away and all are answered, for three seconds.
    pub(crate) fn recovered(&self, after: u32) -> Option<u32> {
        let well = |second: &Second| {
            f64::from(second.rejected) < 0.001 * f64::from(second.offered)
                && f64::from(second.good) >= 0.95 * f64::from(second.offered)
        };
        three_in_a_row(self.seconds.iter().skip(after as usize).map(well))
    }
}

fn three_in_a_row(seconds: impl Iterator<Item = bool>) -> Option<u32> {
    let mut row = 0;
    for (second, well) in seconds.enumerate() {
        row = if well { row + 1 } else { 0 };
        if row == 3 {
            return u32::try_from(second - 2).ok();
        }
    }
    None
}

/// How long requests took, by logarithm: 2 % apart.
#[derive(Clone, Debug, Default)]
pub(crate) struct Times {
    counts: Vec<u32>,
    all: u64,
}

/// Steps for each doubling.
const STEPS: f64 = 32.0;
/// The shortest time that is told from others.
const SHORTEST: f64 = 1e-6;

impl Times {
    pub(crate) fn add(&mut self, seconds: f64) {
        let step = ((seconds / SHORTEST).max(1.0).log2() * STEPS) as usize;
        if step >= self.counts.len() {
            self.counts.resize(step + 1, 0);
        }
        self.counts[step] += 1;
        self.all += 1;
    }

    /// So many requests in a hundred took no longer than so many seconds.
    pub(crate) fn percentile(&self, percent: f64) -> f64 {
        let mut left = (self.all as f64 * percent / 100.0).ceil();
        for (step, count) in self.counts.iter().enumerate() {
            left -= f64::from(*count);
            if left <= 0.0 {
                return SHORTEST * ((step as f64 + 1.0) / STEPS).exp2();
            }
        }
        0.0
    }
}
