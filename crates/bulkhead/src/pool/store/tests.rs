//! The store against one that is a list of jobs, and looks through all of it each time.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Where {
    Line,
    Queue,
    Thread,
}

/// All jobs that are there, in the order in which they came.
struct Model {
    threads: usize,
    max_queued: usize,
    max_waiting: usize,
    is_open: bool,
    jobs: Vec<(u64, Where)>,
    rejected: u64,
    discarded: u64,
    done: u64,
}

impl Model {
    fn count(&self, at: Where) -> usize {
        self.jobs.iter().filter(|(_, it)| *it == at).count()
    }

    fn has_place(&self) -> bool {
        self.count(Where::Queue) + self.count(Where::Thread) < self.threads + self.max_queued
    }

    fn bring(&mut self, job: u64, can_wait: bool) -> Option<Where> {
        let at = if !self.is_open {
            None
        } else if self.has_place() {
            Some(Where::Queue)
        } else if can_wait && self.count(Where::Line) < self.max_waiting {
            Some(Where::Line)
        } else {
            None
        };
        match at {
            Some(at) => self.jobs.push((job, at)),
            None => self.rejected += 1,
        }
        at
    }

    fn fill(&mut self) {
        while self.has_place() {
            let Some(first) = self.jobs.iter_mut().find(|(_, at)| *at == Where::Line) else {
                return;
            };
            first.1 = Where::Queue;
        }
    }

    fn take(&mut self) -> Option<u64> {
        let has_room = self.count(Where::Thread) < self.threads;
        let first = self.jobs.iter_mut().find(|(_, at)| *at == Where::Queue);
        let first = first.filter(|_| has_room)?;
        first.1 = Where::Thread;
        Some(first.0)
    }

    fn remove(&mut self, job: u64, from: &[Where]) -> bool {
        let before = self.jobs.len();
        self.jobs
            .retain(|(it, at)| *it != job || !from.contains(at));
        before > self.jobs.len()
    }

    fn remove_all(&mut self, at: Where) -> Vec<u64> {
        let all = self.jobs.iter().filter(|(_, it)| *it == at);
        let all = all.map(|(job, _)| *job).collect();
        self.jobs.retain(|(_, it)| *it != at);
        all
    }
}

#[derive(Clone, Debug)]
enum Step {
    Bring(bool),
    Take,
    /// One of those at work ends.
    End(usize),
    Withdraw(usize),
    GiveUp(usize),
    Reconfigure(u32, u32, u32),
    Drain,
    Close,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => any::<bool>().prop_map(Step::Bring),
        6 => Just(Step::Take),
        5 => (0..8_usize).prop_map(Step::End),
        2 => (0..40_usize).prop_map(Step::Withdraw),
        2 => (0..40_usize).prop_map(Step::GiveUp),
        2 => (1..4_u32, 0..4_u32, 1..4_u32).prop_map(|(a, b, c)| Step::Reconfigure(a, b, c)),
        1 => prop_oneof![Just(Step::Drain), Just(Step::Close)],
    ]
}

fn config(threads: u32, max_queued: u32, max_waiting: u32) -> PoolConfig {
    let mut config = PoolConfig::default();
    (config.threads, config.max_queued) = (threads, max_queued);
    config.when_full = WhenFull::Wait {
        max_wait: Duration::from_secs(1),
        max_waiting,
    };
    config
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn it_does_as_a_list_of_jobs_would(steps in prop::collection::vec(step(), 1..80)) {
        let mut store = Store::new(config(2, 2, 2));
        let mut model = Model {
            threads: 2,
            max_queued: 2,
            max_waiting: 2,
            is_open: true,
            jobs: Vec::new(),
            rejected: 0,
            discarded: 0,
            done: 0,
        };
        // By job: its number, if it ever came in.
        let mut numbers: Vec<Option<Number>> = Vec::new();
        for step in steps {
            match step {
                Step::Bring(can_wait) => {
                    let job = numbers.len() as u64;
                    let has_line = model.count(Where::Line) < model.max_waiting;
                    let refuses = !model.is_open || !model.has_place() && !has_line;
                    prop_assert_eq!(store.refuses(), refuses);
                    let at = match store.bring(job, can_wait) {
                        Brought::Queued(number) => Some((Where::Queue, number)),
                        Brought::InLine(number, _) => Some((Where::Line, number)),
                        Brought::Full(back) => {
                            prop_assert!(back == job && model.is_open);
                            None
                        }
                        Brought::Late(back) => {
                            prop_assert!(back == job && !model.is_open);
                            None
                        }
                    };
                    prop_assert_eq!(at.map(|(at, _)| at), model.bring(job, can_wait));
                    numbers.push(at.map(|(_, number)| number));
                }
                Step::Take => prop_assert_eq!(store.take(), model.take()),
                Step::End(which) => {
                    let at_work = model.jobs.iter().filter(|(_, at)| *at == Where::Thread);
                    let at_work: Vec<_> = at_work.map(|(job, _)| *job).collect();
                    if let Some(job) = at_work.get(which % at_work.len().max(1)) {
                        store.end(Ended::Well);
                        model.remove(*job, &[Where::Thread]);
                        model.done += 1;
                        model.fill();
                    }
                }
                Step::Withdraw(job) => {
                    let number = numbers.get(job).copied().flatten();
                    let back = number.and_then(|number| store.withdraw(number));
                    let was = model.remove(job as u64, &[Where::Queue, Where::Line]);
                    prop_assert_eq!(back, was.then_some(job as u64));
                    model.fill();
                }
                Step::GiveUp(job) => {
                    let number = numbers.get(job).copied().flatten();
                    let back = number.and_then(|number| store.give_up(number));
                    let was = model.remove(job as u64, &[Where::Line]);
                    prop_assert_eq!(back, was.then_some(job as u64));
                    model.rejected += u64::from(was);
                }
                Step::Reconfigure(threads, max_queued, max_waiting) => {
                    store.reconfigure(config(threads, max_queued, max_waiting));
                    model.threads = threads as usize;
                    model.max_queued = max_queued as usize;
                    model.max_waiting = max_waiting as usize;
                    model.fill();
                }
                Step::Drain => {
                    model.is_open = false;
                    let refused = model.remove_all(Where::Line);
                    model.rejected += refused.len() as u64;
                    prop_assert_eq!(store.drain(), refused);
                }
                Step::Close => {
                    model.is_open = false;
                    let refused = model.remove_all(Where::Line);
                    model.rejected += refused.len() as u64;
                    let mut dropped = model.remove_all(Where::Queue);
                    model.discarded += dropped.len() as u64;
                    dropped.extend(refused);
                    prop_assert_eq!(store.close(), dropped);
                }
            }
            prop_assert_eq!(store.running() as usize, model.count(Where::Thread));
            prop_assert_eq!(store.queued() as usize, model.count(Where::Queue));
            prop_assert_eq!(store.waiting() as usize, model.count(Where::Line));
            prop_assert_eq!(store.is_full(), !model.has_place());
            let counts = store.counts();
            let figures = (counts.rejected, counts.discarded, counts.done);
            prop_assert_eq!(figures, (model.rejected, model.discarded, model.done));
        }
    }
}
