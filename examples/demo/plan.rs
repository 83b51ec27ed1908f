//! Who comes when, and what breaks when: drawn up once from a seed, so that both shops meet the same.

use std::ops::Range;
use std::time::Duration;

use fastrand::Rng;

use crate::mood::Mood;
use crate::shop::catalogue::{self, CURSED};
use crate::shop::class::Class;
use crate::shop::database::CURSED_QUANTITY;
use crate::shop::shipping::{self, CURSED_WEIGHT};
use crate::shop::till::Order;
use crate::storm::Blow;

/// The blows come in rounds of about this length, or in a shorter one if there is less time.
const ROUND: f64 = 10.0;

/// What happens in a round, and at which part of it.
const CYCLE: [(f64, Strike); 7] = [
    (0.24, Strike::PoisonParcel),
    (0.36, Strike::PoisonOrder),
    (0.40, Strike::Blow(Blow::KillDatabase)),
    (0.45, Strike::Blow(Blow::CrashStorage)),
    (0.50, Strike::Blow(Blow::KillDatabase)),
    (0.55, Strike::PoisonOrder),
    // Last, with time to be found: a crash of the database would end the one who hangs as well.
    (0.60, Strike::Blow(Blow::JamPress)),
];

/// In which part of a round many more want to see pages and reports than the warehouse has lines for. At its beginning,
/// while the naked shop has a database.
const RUSH: Range<f64> = 0.01..0.09;

/// How many they are, to each of the other customers.
const RUSH_RATE: f64 = 2.0;

/// In which part of a round many more want to order than the database can serve: soon after that, for the same reason.
const FLOOD: Range<f64> = 0.13..0.235;

/// How many they are, to each of the other customers.
const FLOOD_RATE: f64 = 1.25;

/// How the recommendations are in a round, and from which part of it.
const WEATHER: [(f64, Mood); 4] = [
    (0.12, Mood::Slow),
    (0.40, Mood::Down),
    (0.50, Mood::HalfWell),
    (0.62, Mood::Well),
];

/// How the database of the product pages is in a round, and from which part of it. It is in trouble only
/// while the recommendations are well.
const READING: [(f64, Mood); 3] = [(0.72, Mood::Slow), (0.77, Mood::Down), (0.90, Mood::Well)];

#[derive(Clone, Copy)]
enum Strike {
    /// A customer whose order crashes the database worker.
    PoisonOrder,
    /// A customer whose parcel crashes the shipping desk.
    PoisonParcel,
    /// Something that is done to the shop from outside.
    Blow(Blow),
}

/// What one shop goes through. All times are from the start of its load.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) length: Duration,
    pub(crate) arrivals: Vec<Arrival>,
    pub(crate) blows: Vec<(Duration, Blow)>,
    /// From when to when there is a flood of orders.
    pub(crate) floods: Vec<Range<Duration>>,
    /// From when to when there is a rush for pages and reports.
    pub(crate) rushes: Vec<Range<Duration>>,
    /// How the recommendations are from when on.
    pub(crate) weather: Vec<(Duration, Mood)>,
    /// How the database of the product pages is from when on.
    pub(crate) reading: Vec<(Duration, Mood)>,
}

/// A customer comes and asks for something, whether the shop is ready for it or not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    pub(crate) at: Duration,
    pub(crate) ask: Ask,
    pub(crate) who: Who,
}

/// What kind of a customer it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Ordinary,
    /// Comes at the same time as many others, and wants to order as they do.
    Flood,
    /// Comes at the same time as many others as well, for a page or the report.
    Rush,
    /// Runs into a bug of the shop, so that no build of it has the answer.
    Poison,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Ask {
    Products,
    Product(u16),
    CheckOut(Order),
    Report,
    /// What it costs to ship so many grams.
    Shipping(u32),
}

impl Ask {
    pub(crate) fn class(self) -> Class {
        match self {
            Self::CheckOut(_) => Class::Checkout,
            Self::Report => Class::Reports,
            Self::Products | Self::Product(_) | Self::Shipping(_) => Class::Pages,
        }
    }
}

impl Plan {
    pub(crate) fn draw(length: Duration, rate: u32, seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let rate = f64::from(rate);
        let everything = 0.0..length.as_secs_f64();
        let mut arrivals = Vec::new();
        come(&mut rng, everything, rate, &mut arrivals, draw_ask);

        let (mut floods, mut rushes) = (Vec::new(), Vec::new());
        let (mut blows, mut weather, mut reading) = (Vec::new(), Vec::new(), Vec::new());
        let rounds = (length.as_secs_f64() / ROUND).round().max(1.0);
        let round = length.as_secs_f64() / rounds;
        for number in 0..rounds as u32 {
            let part = |of: Range<f64>| {
                let [begin, end] = [of.start, of.end].map(|at| round * (f64::from(number) + at));
                begin..end
            };
            let time = |of: &Range<f64>| {
                Duration::from_secs_f64(of.start)..Duration::from_secs_f64(of.end)
            };
            let flood = |rng: &mut Rng| (Ask::CheckOut(draw_order(rng)), Who::Flood);
            let during = part(FLOOD);
            floods.push(time(&during));
            come(&mut rng, during, FLOOD_RATE * rate, &mut arrivals, flood);
            let during = part(RUSH);
            rushes.push(time(&during));
            come(&mut rng, during, RUSH_RATE * rate, &mut arrivals, draw_view);
            let at = |part| Duration::from_secs_f64(round * (f64::from(number) + part));
            weather.extend(WEATHER.map(|(part, mood)| (at(part), mood)));
            reading.extend(READING.map(|(part, mood)| (at(part), mood)));
            for (part, strike) in CYCLE {
                let jitter = 0.04 * (rng.f64() - 0.5);
                let at = at(part + jitter);
                match strike {
                    Strike::Blow(blow) => blows.push((at, blow)),
                    Strike::PoisonOrder => arrivals.push(poison_order(at)),
                    Strike::PoisonParcel if !shipping::EXISTS => {}
                    Strike::PoisonParcel => arrivals.push(Arrival {
                        at,
                        ask: Ask::Shipping(CURSED_WEIGHT),
                        who: Who::Poison,
                    }),
                }
            }
        }
        arrivals.sort_by_key(|arrival| arrival.at);
        Self {
            length,
            arrivals,
            blows,
            floods,
            rushes,
            weather,
            reading,
        }
    }

    /// When the recommendations are well again.
    pub(crate) fn well(&self) -> Vec<Duration> {
        let well = self.weather.iter().filter(|(_, mood)| *mood == Mood::Well);
        well.map(|(at, _)| *at).collect()
    }

    /// From when to when the database of the product pages is not well.
    pub(crate) fn trouble(&self) -> Vec<Range<Duration>> {
        let rounds = self.reading.chunks(READING.len());
        let whole = rounds.filter_map(|round| Some(round.first()?.0..round.last()?.0));
        whole.collect()
    }
}

/// Customers who know nothing of each other: the gaps between them are exponential.
fn come(
    rng: &mut Rng,
    during: Range<f64>,
    rate: f64,
    arrivals: &mut Vec<Arrival>,
    draw: impl Fn(&mut Rng) -> (Ask, Who),
) {
    let mut at = during.start;
    loop {
        at -= (1.0 - rng.f64()).ln() / rate;
        if at >= during.end {
            return;
        }
        let (ask, who) = draw(rng);
        let at = Duration::from_secs_f64(at);
        arrivals.push(Arrival { at, ask, who });
    }
}

/// Of a hundred customers one runs into the catalogue's bug, 54 look at a product, 10 at the list of
/// them, 25 buy something, 5 read the report and 5 ask what shipping costs.
fn draw_ask(rng: &mut Rng) -> (Ask, Who) {
    let ask = match rng.u8(0..100) {
        0 => return (Ask::Product(CURSED), Who::Poison),
        1..55 => Ask::Product(draw_product(rng)),
        55..65 => Ask::Products,
        65..90 => Ask::CheckOut(draw_order(rng)),
        90..95 if shipping::EXISTS => Ask::Shipping(rng.u32(50..20_000)),
        _ => Ask::Report,
    };
    (ask, Who::Ordinary)
}

/// Half of those who only look want to see the report.
fn draw_view(rng: &mut Rng) -> (Ask, Who) {
    let ask = if rng.bool() {
        Ask::Report
    } else {
        Ask::Product(draw_product(rng))
    };
    (ask, Who::Rush)
}

fn draw_order(rng: &mut Rng) -> Order {
    Order {
        product: draw_product(rng),
        quantity: rng.u64(1..10),
    }
}

fn draw_product(rng: &mut Rng) -> u16 {
    loop {
        let id = catalogue::all()[rng.usize(..catalogue::all().len())].id;
        if id != CURSED {
            return id;
        }
    }
}

fn poison_order(at: Duration) -> Arrival {
    let order = Order {
        product: catalogue::all()[0].id,
        quantity: CURSED_QUANTITY,
    };
    Arrival {
        at,
        ask: Ask::CheckOut(order),
        who: Who::Poison,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_means_a_plan() {
        let draw = |seed| format!("{:?}", Plan::draw(Duration::from_secs(25), 100, seed));
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn everything_comes_in_order_and_in_time() {
        let plan = Plan::draw(Duration::from_secs(100), 50, 1);
        assert!(plan.arrivals.is_sorted_by_key(|arrival| arrival.at));
        assert!(plan.blows.is_sorted_by_key(|(at, _)| *at));
        assert!(plan.arrivals.iter().all(|arrival| arrival.at < plan.length));
        assert!(plan.blows.iter().all(|(at, _)| *at < plan.length));
        let count = |who| plan.arrivals.iter().filter(|it| it.who == who).count();
        let (ordinary, flood) = (count(Who::Ordinary), count(Who::Flood));
        assert!((4500..5500).contains(&ordinary), "{ordinary}");
        assert!((550..800).contains(&flood), "{flood}");
        let in_time = |it: &Arrival| plan.floods.iter().any(|flood| flood.contains(&it.at));
        let mut flood = plan.arrivals.iter().filter(|it| it.who == Who::Flood);
        assert!(flood.all(in_time));
        let rush = count(Who::Rush);
        assert!((700..900).contains(&rush), "{rush}");
        let apart = |rush: &Range<Duration>| plan.floods.iter().all(|it| !it.contains(&rush.end));
        assert!(plan.rushes.iter().all(apart));
        assert_eq!(
            (plan.blows.len(), plan.floods.len(), plan.rushes.len()),
            (40, 10, 10)
        );
        assert!(plan.weather.is_sorted_by_key(|(at, _)| *at));
        assert_eq!((plan.weather.len(), plan.well().len()), (40, 10));
        let trouble = plan.trouble();
        assert_eq!((plan.reading.len(), trouble.len()), (30, 10));
        assert!(plan.reading.is_sorted_by_key(|(at, _)| *at));
        assert!(
            trouble
                .iter()
                .all(|it| it.end - it.start < Duration::from_secs(3))
        );
    }
}
