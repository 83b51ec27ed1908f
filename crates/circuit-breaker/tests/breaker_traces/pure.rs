//! The traces through the pure machine.

use std::collections::HashMap;
use std::time::Duration;

use seaworthy_circuit_breaker::machine::{Control, Ending, Event, Machine, Ticket};
use seaworthy_core::clock::Coarse;

use super::format::{Record, Step};
use super::{Breaker, Did};

pub struct Pure {
    machine: Machine,
    permits: HashMap<u64, Ticket>,
}

impl Pure {
    pub fn new(record: &Record) -> Self {
        Self {
            machine: Machine::new(record.config(), at(0), 0).expect("it is allowed"),
            permits: HashMap::new(),
        }
    }
}

fn at(millis: u64) -> Coarse {
    // Far from zero, so that nothing depends on where the clock begins.
    Coarse::from_nanos((31_000_000_123 + millis) * 1_000_000)
}

pub fn control(what: &str) -> Option<Control> {
    Some(match what {
        "force_open" => Control::ForceOpen,
        "disable" => Control::Disable,
        "metrics_only" => Control::MetricsOnly,
        "close" => Control::Close,
        "open" => Control::Open,
        "half_open" => Control::HalfOpen,
        "reset" => Control::Reset,
        _ => return None,
    })
}

pub fn ending(what: &str) -> Option<Ending> {
    Some(match what {
        "success" => Ending::SUCCESS,
        "error" => Ending::FAILURE,
        "ignore" => Ending::IGNORED,
        _ => return None,
    })
}

impl Breaker for Pure {
    fn act(&mut self, step: &Step) -> Did {
        let event = match step.what.as_str() {
            "acquire" => Event::Acquire,
            "state" => Event::Look,
            what => match (control(what), step.call) {
                (Some(control), _) => Event::Control(control),
                (None, Some(call)) => {
                    let ticket = self.permits.remove(&call).expect("it was let in");
                    match ending(what) {
                        Some(how) => Event::End {
                            ticket,
                            how,
                            took: step.took_ms.map(Duration::from_millis),
                        },
                        None => Event::Release(ticket),
                    }
                }
                _ => panic!("an unknown step: {what}"),
            },
        };
        let done = self.machine.step(at(step.at_ms), event);
        if let (Some(Ok(ticket)), Some(call)) = (done.admitted, step.call) {
            self.permits.insert(call, ticket);
        }
        Did {
            admitted: done.admitted.map(|admitted| admitted.is_ok()),
            state: done.state,
            illegal: done.illegal.is_some(),
        }
    }
}
