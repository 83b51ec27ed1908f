//! Who comes when, and what breaks when: drawn up once from a seed, so that both shops meet the same.

use std::ops::Range;
use std::time::Duration;

use fastrand::Rng;

use crate::shop::catalogue::{self, CURSED};
use crate::shop::database::CURSED_QUANTITY;
use crate::shop::shipping::{self, CURSED_WEIGHT};
use crate::shop::till::Order;
use crate::storm::Blow;
use crate::upstream::Mood;

/// The blows come in rounds of about this length, or in a shorter one if there is less time.
const ROUND: f64 = 10.0;

/// What happens in a round, and at which part of it.
const CYCLE: [(f64, Strike); 7] = [
    (0.18, Strike::PoisonParcel),
    (0.26, Strike::PoisonOrder),
    (0.32, Strike::Blow(Blow::KillDatabase)),
    (0.40, Strike::Blow(Blow::CrashStorage)),
    (0.47, Strike::Blow(Blow::KillDatabase)),
    (0.55, Strike::PoisonOrder),
    // Last, with time to be found: a crash of the database would end the one who hangs as well.
    (0.60, Strike::Blow(Blow::JamPress)),
];

/// In which part of a round many more want to order than the database can serve. At its beginning, while the naked shop
/// has a database.
const FLOOD: Range<f64> = 0.02..0.14;

/// How many they are, to each of the other customers.
const FLOOD_RATE: f64 = 1.25;

/// How the recommendations are in a round, and from which part of it.
const WEATHER: [(f64, Mood); 4] = [
    (0.08, Mood::Slow),
    (0.38, Mood::Down),
    (0.50, Mood::HalfWell),
    (0.62, Mood::Well),
];

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
    /// How the recommendations are from when on.
    pub(crate) weather: Vec<(Duration, Mood)>,
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
    /// Runs into a bug of the shop, so that no build of it can answer.
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

impl Plan {
    pub(crate) fn draw(length: Duration, rate: u32, seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let rate = f64::from(rate);
        let everything = 0.0..length.as_secs_f64();
        let mut arrivals = Vec::new();
        come(&mut rng, everything, rate, &mut arrivals, draw_ask);

        let mut floods = Vec::new();
        let (mut blows, mut weather) = (Vec::new(), Vec::new());
        let rounds = (length.as_secs_f64() / ROUND).round().max(1.0);
        let round = length.as_secs_f64() / rounds;
        for number in 0..rounds as u32 {
            let [begin, end] =
                [FLOOD.start, FLOOD.end].map(|part| round * (f64::from(number) + part));
            let flood = |rng: &mut Rng| (Ask::CheckOut(draw_order(rng)), Who::Flood);
            come(
                &mut rng,
                begin..end,
                FLOOD_RATE * rate,
                &mut arrivals,
                flood,
            );
            floods.push(Duration::from_secs_f64(begin)..Duration::from_secs_f64(end));
            for (part, mood) in WEATHER {
                let at = Duration::from_secs_f64(round * (f64::from(number) + part));
                weather.push((at, mood));
            }
            for (part, strike) in CYCLE {
                let jitter = 0.04 * (rng.f64() - 0.5);
                let at = Duration::from_secs_f64(round * (f64::from(number) + part + jitter));
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
            weather,
        }
    }

    /// When the recommendations are well again.
    pub(crate) fn well(&self) -> Vec<Duration> {
        let well = self.weather.iter().filter(|(_, mood)| *mood == Mood::Well);
        well.map(|(at, _)| *at).collect()
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
        assert!((600..900).contains(&flood), "{flood}");
        let in_time = |it: &Arrival| plan.floods.iter().any(|flood| flood.contains(&it.at));
        let mut flood = plan.arrivals.iter().filter(|it| it.who == Who::Flood);
        assert!(flood.all(in_time));
        assert_eq!((plan.blows.len(), plan.floods.len()), (40, 10));
        assert!(plan.weather.is_sorted_by_key(|(at, _)| *at));
        assert_eq!((plan.weather.len(), plan.well().len()), (40, 10));
    }
}
