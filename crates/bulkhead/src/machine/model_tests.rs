//! What has to hold whatever happens: the machine is driven at random, and looked at from outside after each step.

mod scenario;

use std::collections::{BTreeMap, VecDeque};

use proptest::prelude::*;
use seaworthy_core::clock::Coarse;

use super::class::RECLAIMED_FOR;
use super::{Demand, Left, Load, Machine, Place};
use crate::config::Partition;
use scenario::{Step, partitions, step};

/// A machine, and what is known of it from outside.
struct World {
    partitions: Vec<Partition>,
    machine: Machine<u64>,
    limit: u32,
    now: Coarse,
    /// Those under way: the class, and what they count as.
    running: Vec<(usize, u32)>,
    /// Those who wait, by class, with their number and what they weigh.
    waiting: Vec<VecDeque<(u64, Place, u32)>>,
    /// Those who were let in and do not know it yet.
    granted: BTreeMap<u64, (usize, Place, u32)>,
    next: u64,
    /// When each class was refused last.
    refused: Vec<Option<Coarse>>,
}

impl World {
    fn new(partitions: Vec<Partition>, limit: u32) -> Self {
        let classes = partitions.len().max(1);
        Self {
            machine: Machine::new(&partitions),
            partitions,
            limit,
            now: Coarse::from_nanos(1),
            running: Vec::new(),
            waiting: vec![VecDeque::new(); classes],
            granted: BTreeMap::new(),
            next: 0,
            refused: vec![None; classes],
        }
    }

    fn classes(&self) -> usize {
        self.waiting.len()
    }

    fn in_flight_in(&self, class: usize) -> u32 {
        let running = self.running.iter().map(|(it, charge)| (*it, *charge));
        let granted = self.granted.values().map(|(it, _, charge)| (*it, *charge));
        let all = running.chain(granted);
        all.filter(|(it, _)| *it == class).map(|it| it.1).sum()
    }

    fn in_flight(&self) -> u32 {
        (0..self.classes()).map(|it| self.in_flight_in(it)).sum()
    }

    fn load(&self) -> Load {
        Load {
            in_flight: self.in_flight(),
            limit: self.limit,
        }
    }

    /// What is guaranteed to a class, in whole tenths of the limit; the first ones that would have nothing have one of
    /// what is left over.
    fn own(&self, class: usize) -> u32 {
        let tenths = |it: &Partition| (it.guaranteed * 10.0).round() as u32;
        let shares: Vec<_> = self.partitions.iter().map(tenths).collect();
        let whole = |tenths: &u32| self.limit * tenths / 10;
        let left = self.limit - shares.iter().map(whole).sum::<u32>();
        let poor = |it: &usize| shares[*it] > 0 && whole(&shares[*it]) == 0;
        let lucky = (0..shares.len()).filter(poor).take(left as usize);
        match shares.get(class) {
            Some(_) if lucky.into_iter().any(|it| it == class) => 1,
            share => share.map_or(0, whole),
        }
    }

    /// What a class keeps free for itself.
    fn held(&self, class: usize) -> u32 {
        let Some(partition) = self.partitions.get(class) else {
            return 0;
        };
        let reclaims = self.refused[class].is_some_and(|at| self.now.since(at) < RECLAIMED_FOR);
        if partition.lends && !reclaims {
            return 0;
        }
        self.own(class).saturating_sub(self.in_flight_in(class))
    }

    /// What classes other than this one never lend, and do not use.
    fn never_lent_by_others(&self, class: usize) -> u32 {
        let others = (0..self.classes()).filter(|it| *it != class);
        let never = others.filter(|it| self.partitions.get(*it).is_some_and(|it| !it.lends));
        never
            .map(|it| self.own(it).saturating_sub(self.in_flight_in(it)))
            .sum()
    }

    /// Whether nobody has what another one never lends. It stays so for as long as the limit is not lowered.
    fn keeps_its_word(&self) -> bool {
        let never_lent = self.never_lent_by_others(usize::MAX);
        self.in_flight() + never_lent <= self.limit
    }

    /// Whether nobody has what another one holds.
    fn is_settled(&self) -> bool {
        let held: u32 = (0..self.classes()).map(|it| self.held(it)).sum();
        self.in_flight() + held <= self.limit
    }

    fn enter(&mut self, class: usize, weight: u32) -> bool {
        let (settled, before) = (self.is_settled(), self.in_flight_in(class));
        let word = self.keeps_its_word();
        let never_lent = self.never_lent_by_others(class);
        let free = self.limit.saturating_sub(self.in_flight());
        let first = self.waiting[class].is_empty();
        let own = self.own(class);
        let demand = Demand { class, weight };
        let charge = self.machine.enter(self.load(), demand, || self.now);
        match charge {
            Some(charge) => {
                assert!(first, "nobody is overtaken by one of its class");
                assert!(charge <= weight && charge <= free, "there was room");
                self.check_borrowing(class, charge, settled);
                self.running.push((class, charge));
                assert!(
                    !word || self.keeps_its_word(),
                    "what is never lent is there"
                );
            }
            None => {
                let kept = before + weight <= own && weight + never_lent <= free && first;
                assert!(!kept, "what is its own, and free, it gets");
                let lends = self.partitions.get(class).is_none_or(|it| it.lends);
                let broken = word && first && !lends && before + weight <= own;
                assert!(!broken, "what it does not lend is always free");
                if self.machine.guaranteed_to(class, self.limit) > before {
                    self.refused[class] = Some(self.now);
                }
            }
        }
        charge.is_some()
    }

    /// Whoever was let in just now, and counts for so much, has only what it may have.
    fn check_borrowing(&self, class: usize, charge: u32, settled: bool) {
        let has = self.in_flight_in(class) + charge;
        if has <= self.own(class) || self.partitions.is_empty() {
            return;
        }
        for other in (0..self.classes()).filter(|it| *it != class) {
            if let Some((_, _, weight)) = self.waiting[other].front() {
                let within = self.in_flight_in(other) + weight <= self.own(other);
                assert!(!within, "who waits for its own comes before who borrows");
                let first = other < class && self.partitions[other].borrows;
                assert!(!first, "the more important one borrows first");
            }
        }
        let borrows = self.partitions[class].borrows;
        assert!(borrows || has == charge && charge == 1, "it may borrow");
        let held: u32 = (0..self.classes())
            .filter(|it| *it != class)
            .map(|it| self.held(it))
            .sum();
        if settled {
            assert!(
                self.in_flight() + charge + held <= self.limit,
                "it has nothing that is held for others"
            );
        }
    }

    /// Lets all in who may go in.
    fn drain(&mut self) {
        loop {
            let (settled, word) = (self.is_settled(), self.keeps_its_word());
            let Some(grant) = self.machine.grant(self.load(), || self.now) else {
                break;
            };
            assert!(grant.charge <= self.limit - self.in_flight().min(self.limit));
            let class = (0..self.classes())
                .find(|it| {
                    self.waiting[*it]
                        .front()
                        .is_some_and(|it| it.0 == grant.waker)
                })
                .expect("the first of its class");
            let (number, place, weight) = self.waiting[class].pop_front().expect("the first");
            assert!(grant.charge <= weight);
            self.check_borrowing(class, grant.charge, settled);
            self.granted.insert(number, (class, place, grant.charge));
            assert!(
                !word || self.keeps_its_word(),
                "what is never lent is there"
            );
        }
        self.check_nobody_waits_in_vain();
    }

    fn check_nobody_waits_in_vain(&self) {
        let free = self.limit.saturating_sub(self.in_flight());
        let waiting: Vec<_> = (0..self.classes())
            .filter(|it| !self.waiting[*it].is_empty())
            .collect();
        for &class in &waiting {
            let (_, _, weight) = self.waiting[class][0];
            let within = self.in_flight_in(class) + weight <= self.own(class);
            let never_lent = self.never_lent_by_others(class);
            assert!(
                !within || weight + never_lent > free,
                "what is its own, and free, it gets"
            );
        }
        if let [class] = waiting[..] {
            let held: u32 = (0..self.classes()).map(|it| self.held(it)).sum();
            let (_, _, weight) = self.waiting[class][0];
            let borrows = self.partitions.get(class).is_none_or(|it| it.borrows);
            assert!(
                !borrows || weight + held > free,
                "room that nobody has a claim to is not left unused"
            );
        }
    }

    fn play(&mut self, step: Step) {
        let classes = self.classes();
        match step {
            Step::Enter(class, weight) => {
                self.enter(class % classes, weight);
            }
            Step::Wait(class, weight) => {
                let class = class % classes;
                if !self.enter(class, weight) {
                    self.next += 1;
                    let place = self
                        .machine
                        .wait(Demand { class, weight }, weight > 1, self.next);
                    self.waiting[class].push_back((self.next, place, weight));
                }
            }
            Step::End(any) => {
                if let Some(index) = any.checked_rem(self.running.len()) {
                    let (class, charge) = self.running.swap_remove(index);
                    self.machine.release(class, charge);
                }
            }
            Step::GiveUp(any) => self.give_up(any),
            Step::SetLimit(limit) => self.limit = limit,
            Step::Pass(millis) => {
                self.now = Coarse::from_nanos(self.now.as_nanos() + millis * 1_000_000);
            }
        }
        // Also after time has passed, as those look who wait.
        self.drain();
        for class in 0..self.classes() {
            assert_eq!(self.machine.waiting_in(class), self.waiting[class].len());
            let bounded = self.waiting[class].iter().filter(|it| it.2 > 1).count();
            assert_eq!(self.machine.bounded_in(class), bounded);
            if !self.partitions.is_empty() {
                assert_eq!(self.machine.in_flight_in(class), self.in_flight_in(class));
            }
        }
    }

    fn give_up(&mut self, any: usize) {
        let waiting = self.waiting.iter().map(VecDeque::len).sum::<usize>();
        let Some(mut index) = any.checked_rem(waiting + self.granted.len()) else {
            return;
        };
        for (class, line) in self.waiting.iter_mut().enumerate() {
            if index < line.len() {
                let (number, place, _) = line.remove(index).expect("within");
                let left = self.machine.leave(class, place);
                assert!(matches!(left, Some(Left::Waiting(it)) if it == number));
                return;
            }
            index -= line.len();
        }
        let number = *self.granted.keys().nth(index).expect("within");
        let (class, place, charge) = self.granted.remove(&number).expect("it is there");
        let left = self.machine.leave(class, place);
        assert!(matches!(left, Some(Left::Granted(it)) if it == charge));
        self.machine.release(class, charge);
    }

    /// All who were let in take notice.
    fn take_all(&mut self) {
        for (_, (class, place, charge)) in std::mem::take(&mut self.granted) {
            assert_eq!(self.machine.take(place), Some(charge));
            self.running.push((class, charge));
        }
    }

    /// As long as calls end, nobody waits for ever.
    fn finish(mut self) {
        self.take_all();
        while !self.running.is_empty() {
            self.play(Step::End(0));
            self.take_all();
        }
        // What is left waits for what others hold for themselves, who do not come.
        let total: u32 = (0..self.classes()).map(|it| self.held(it)).sum();
        for class in 0..self.classes() {
            let left = self.waiting[class].len();
            assert!(left == 0 || total >= self.limit, "{left} are left over");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn everybody_gets_what_is_theirs_and_no_more(
        partitions in partitions(),
        limit in 1..20_u32,
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let mut world = World::new(partitions, limit);
        for step in steps {
            world.play(step);
        }
        world.finish();
    }
}
