//! Ours in real time: a check of the way in which the peers are played. It matches there what it matches in virtual
//! time, but for the few traces with two things at one instant. Those with a window of time are left out: in them the
//! buckets begin with whole seconds, and no real clock does so for all at once.

use std::collections::HashMap;
use std::time::Duration;

use seaworthy_circuit_breaker::machine::Ending;
use seaworthy_circuit_breaker::{CircuitBreaker, OpenFor, Permit, Window};

use crate::format::{Record, Step};
use crate::pure::{control, ending};
use crate::{Breaker, Did};

struct Ours {
    breaker: CircuitBreaker,
    permits: HashMap<u64, Permit>,
}

/// With all times as many times as long.
pub(crate) fn make(record: &Record, times: f64) -> Option<Box<dyn Breaker>> {
    let scaled = |time: Duration| time.mul_f64(times);
    let mut config = record.config();
    config.open = OpenFor::fixed(scaled(config.open.first));
    if let Window::Time { .. } = config.window {
        return None;
    }
    if let Some(slow) = &mut config.slow_calls {
        slow.longer_than = scaled(slow.longer_than);
    }
    if let Some(wait) = &mut config.half_open.max_wait {
        wait.time = scaled(wait.time);
    }
    Some(Box::new(Ours {
        breaker: CircuitBreaker::with_config("played", config).ok()?,
        permits: HashMap::new(),
    }))
}

impl Breaker for Ours {
    fn act(&mut self, step: &Step) -> Did {
        let (mut admitted, mut illegal) = (None, false);
        match (step.what.as_str(), step.call) {
            ("acquire", Some(call)) => {
                let permit = self.breaker.try_acquire();
                admitted = Some(permit.is_ok());
                self.permits.extend(permit.map(|permit| (call, permit)));
            }
            (how, Some(call)) => {
                if let Some(permit) = self.permits.remove(&call) {
                    match ending(how) {
                        Some(Ending::Verdict(verdict)) => permit.record(verdict),
                        _ => permit.release(),
                    }
                }
            }
            (order, None) => {
                let refused = control(order).map(|order| self.breaker.control(order).is_err());
                illegal = refused.unwrap_or(false);
            }
        }
        Did {
            admitted,
            state: self.breaker.state(),
            illegal,
        }
    }
}
