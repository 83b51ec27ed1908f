//! Traces in real time, all of them at once, the long ones faster.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use seaworthy_benches::clock;

use crate::format::Record;
use crate::{Breaker, Outcome, agrees};

/// So long a trace takes at most.
const LONGEST: Duration = Duration::from_secs(7);

/// They begin one after the other in this time, so that no steps of many of them meet.
const SPREAD: Duration = Duration::from_secs(2);

/// So often a trace may be tried: a step that came late may be the cause of a difference.
const TRIES: usize = 3;

/// Makes a breaker for a trace, with all times as many times as long; `None` if it has no settings for it.
type Make = fn(&Record, f64) -> Option<Box<dyn Breaker>>;

pub(crate) fn outcomes(records: &[Record], make: Make) -> Vec<Outcome> {
    let can = |record| {
        if make(record, 1.0).is_some() {
            Outcome::Differs
        } else {
            Outcome::CannotBeSaid
        }
    };
    let mut outcomes: Vec<Outcome> = records.iter().map(can).collect();
    for _ in 0..TRIES {
        let left = (0..records.len()).filter(|it| outcomes[*it] == Outcome::Differs);
        for matching in play(records, left.collect(), make) {
            outcomes[matching] = Outcome::Matches;
        }
    }
    outcomes
}

/// A trace that is being played.
struct Play<'a> {
    record: &'a Record,
    index: usize,
    breaker: Option<Box<dyn Breaker>>,
    begins: Duration,
    times: f64,
    next: usize,
}

impl Play<'_> {
    /// When its next step is due.
    fn due(&self) -> Duration {
        let at = self.record.steps[self.next].at_ms;
        self.begins + Duration::from_millis(at).mul_f64(self.times)
    }
}

/// Plays these traces, and says which of them match.
fn play(records: &[Record], which: Vec<usize>, make: Make) -> Vec<usize> {
    let (mut matching, count) = (Vec::new(), which.len().max(1));
    let mut plays: Vec<Play<'_>> = Vec::with_capacity(count);
    let mut line = BinaryHeap::new();
    for (number, index) in which.into_iter().enumerate() {
        let record = &records[index];
        let Some(last) = record.steps.last() else {
            matching.push(index);
            continue;
        };
        let longest = LONGEST.as_secs_f64() * 1000.0;
        let begins = SPREAD.mul_f64(number as f64 / count as f64);
        line.push(Reverse((begins, plays.len())));
        plays.push(Play {
            record,
            index,
            breaker: None,
            begins,
            times: (longest / last.at_ms.max(1) as f64).min(1.0),
            next: 0,
        });
    }
    let start = clock::now();
    while let Some(Reverse((due, number))) = line.pop() {
        while start.elapsed() < due {
            std::hint::spin_loop();
        }
        let it = &mut plays[number];
        match &mut it.breaker {
            // It begins.
            None => match make(it.record, it.times) {
                Some(breaker) => it.breaker = Some(breaker),
                // It does not go that fast.
                None => continue,
            },
            Some(breaker) => {
                if !agrees(breaker.as_mut(), it.record, it.next) {
                    continue;
                }
                it.next += 1;
            }
        }
        if it.next < it.record.steps.len() {
            line.push(Reverse((it.due(), number)));
        } else {
            matching.push(it.index);
        }
    }
    matching
}
