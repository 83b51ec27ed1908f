//! One run: requests come, somebody decides, the server works, somebody is told.

use std::collections::VecDeque;

use seaworthy_bulkhead::limit::Sample;
use seaworthy_core::Verdict;

use crate::count::Account;
use crate::gate::{Gate, moment};
use crate::load::{Arrival, Arrivals, Clients, Load, Nature};
use crate::model::Model;
use crate::server::Server;

/// What a run is about.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) model: Model,
    pub(crate) load: Load,
    pub(crate) clients: Clients,
    /// Seconds at the beginning that do not count.
    pub(crate) warm: u32,
    pub(crate) seed: u64,
}

/// How soon a client tries again that was turned away.
const AGAIN: f64 = 0.001;

/// A request that was let in.
#[derive(Clone, Copy, Debug)]
struct Request {
    arrival: Arrival,
    nature: Nature,
    in_flight: u32,
    tries_left: u32,
    /// Its client has tried again.
    abandoned: bool,
    /// Tells it from others that had the same place.
    number: u64,
}

struct Run<'a> {
    setup: &'a Setup,
    gate: Gate,
    server: Server<'a>,
    account: Account,
    requests: Vec<Request>,
    free: Vec<u32>,
    in_flight: u32,
    numbers: u64,
    /// Those who will try again, those turned away and those who waited too long apart: each is in order.
    again: VecDeque<(Arrival, u32)>,
    waiting: VecDeque<(f64, u32, u64)>,
    /// Who was let in and who was not, if somebody asks.
    decisions: Option<Vec<bool>>,
}

pub(crate) fn run(setup: &Setup, gate: Gate) -> Account {
    run_to_end(setup, gate, None).account
}

/// And who was let in, of all that tried.
#[cfg(feature = "virtual-time")]
pub(crate) fn decisions(setup: &Setup, gate: Gate) -> (Vec<bool>, Account) {
    let run = run_to_end(setup, gate, Some(Vec::new()));
    (run.decisions.unwrap_or_default(), run.account)
}

fn run_to_end(setup: &Setup, gate: Gate, decisions: Option<Vec<bool>>) -> Run<'_> {
    let model = &setup.model;
    let mut run = Run {
        setup,
        gate,
        server: Server::new(model),
        account: Account::new(model.seconds, setup.warm),
        requests: Vec::new(),
        free: Vec::new(),
        in_flight: 0,
        numbers: 0,
        again: VecDeque::new(),
        waiting: VecDeque::new(),
        decisions,
    };
    run.all();
    run
}

impl Run<'_> {
    fn all(&mut self) {
        let setup = self.setup;
        let model = &setup.model;
        let mut arrivals = Arrivals::new(model, setup.load, setup.seed);
        let end = f64::from(model.seconds);
        let mut arrival = arrivals.next();
        let mut change = model.next_change(0.0);
        let mut tick = 1.0;
        loop {
            let comes = arrival.map_or(f64::INFINITY, |arrival| arrival.at);
            let done = self.server.next();
            let again = self.again.front().map_or(f64::INFINITY, |it| it.0.at);
            let waited = self.waiting.front().map_or(f64::INFINITY, |it| it.0);
            let now = [comes, done, again, waited, change, tick]
                .into_iter()
                .fold(f64::INFINITY, f64::min);
            if now > end {
                return;
            }
            self.server.advance(now);
            if now == done {
                self.done(now);
            } else if now == tick {
                let limit = self.gate.limit();
                if let Some(second) = self.account.second(now - 1.0) {
                    second.limit = limit;
                }
                tick += 1.0;
            } else if now == change {
                self.server.change();
                change = model.next_change(now);
            } else if now == waited {
                self.waited_long_enough(now);
            } else if now == again {
                if let Some((arrival, tries)) = self.again.pop_front() {
                    self.comes(arrival, tries);
                }
            } else if let Some(came) = arrival {
                arrival = arrivals.next();
                if let Some(second) = self.account.second(now) {
                    second.offered += 1;
                }
                self.comes(came, setup.clients.retries);
            }
        }
    }

    fn comes(&mut self, arrival: Arrival, tries_left: u32) {
        let now = arrival.at;
        let (model, clients) = (&self.setup.model, self.setup.clients);
        let nature = || arrival.nature(model, clients);
        let next = self.free.last().copied();
        let place = next.unwrap_or(self.requests.len() as u32);
        let (gate, server) = (&mut self.gate, &self.server);
        let comes_in = gate.admits(server, self.in_flight, (place, now), nature);
        if let Some(decisions) = &mut self.decisions {
            decisions.push(comes_in);
        }
        if !comes_in {
            return self.turned_away(arrival, tries_left);
        }
        let nature = nature();
        self.in_flight += 1;
        let over = self.in_flight.saturating_sub(self.gate.limit());
        self.account.overshoot = self.account.overshoot.max(over);
        self.numbers += 1;
        let request = Request {
            arrival,
            nature,
            in_flight: self.in_flight,
            tries_left,
            abandoned: false,
            number: self.numbers,
        };
        match self.free.pop() {
            Some(place) => self.requests[place as usize] = request,
            None => self.requests.push(request),
        }
        self.server.add(place, nature.work);
        if self.setup.clients.retries > 0 {
            let until = now + nature.patience;
            self.waiting.push_back((until, place, self.numbers));
        }
    }

    /// Its client tries again, or not.
    fn turned_away(&mut self, arrival: Arrival, tries_left: u32) {
        if let Some(tries_left) = tries_left.checked_sub(1) {
            let at = arrival.at + AGAIN;
            self.again
                .push_back((Arrival { at, ..arrival }, tries_left));
        } else if let Some(second) = self.account.second(arrival.at) {
            second.rejected += 1;
        }
    }

    fn waited_long_enough(&mut self, now: f64) {
        let Some((_, place, number)) = self.waiting.pop_front() else {
            return;
        };
        let request = &mut self.requests[place as usize];
        if request.number != number {
            return;
        }
        request.abandoned = true;
        let (arrival, tries) = (request.arrival, request.tries_left);
        if let Some(tries) = tries.checked_sub(1) {
            self.comes(Arrival { at: now, ..arrival }, tries);
        }
    }

    fn done(&mut self, now: f64) {
        let Some(place) = self.server.take() else {
            return;
        };
        let request = self.requests[place as usize];
        self.requests[place as usize].number = 0;
        self.free.push(place);
        self.in_flight -= 1;
        let took = now - request.arrival.at;
        let in_time = took <= request.nature.patience && !request.abandoned;
        if in_time && let Some(second) = self.account.second(now) {
            second.good += 1;
        }
        if self.account.is_warm(now) {
            self.account.times.add(took);
            self.account.work += request.nature.work;
            self.account.wasted += if in_time { 0.0 } else { request.nature.work };
        }
        // Who gives up before the deadline says so; a server does not hear of those who wait in vain.
        let gave_up = !in_time && request.nature.patience < self.setup.model.deadline;
        let verdict = if gave_up {
            Verdict::Ignored
        } else {
            Verdict::Success
        };
        let sample = Sample {
            now: moment(now),
            // To the nanosecond what a clock would say.
            took: moment(now) - moment(request.arrival.at),
            in_flight: request.in_flight,
            verdict,
        };
        self.gate.ended(place, &sample);
    }
}
