//! The traces through the public API, on a paused runtime.

use std::collections::HashMap;
use std::time::Duration;

use seaworthy_circuit_breaker::machine::Ending;
use seaworthy_circuit_breaker::{CircuitBreaker, Permit};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, advance};

use super::format::{Record, Step};
use super::pure::{control, ending};
use super::{Breaker, Did};

pub struct Public {
    runtime: Runtime,
    began: Instant,
    breaker: CircuitBreaker,
    permits: HashMap<u64, Permit>,
}

impl Public {
    pub fn new(record: &Record) -> Self {
        let mut builder = Builder::new_current_thread();
        let runtime = builder.enable_time().start_paused(true).build();
        let runtime = runtime.expect("it takes no resources");
        let entered = runtime.enter();
        let breaker =
            CircuitBreaker::with_config("traced", record.config()).expect("it is allowed");
        let began = Instant::now();
        drop(entered);
        Self {
            runtime,
            began,
            breaker,
            permits: HashMap::new(),
        }
    }

    fn do_it(&mut self, step: &Step) -> (Option<bool>, bool) {
        match (step.what.as_str(), step.call) {
            ("acquire", Some(call)) => {
                let permit = self.breaker.try_acquire();
                let admitted = permit.is_ok();
                self.permits.extend(permit.map(|permit| (call, permit)));
                (Some(admitted), false)
            }
            (what, Some(call)) => {
                let permit = self.permits.remove(&call).expect("it was let in");
                match ending(what) {
                    Some(Ending::Verdict(verdict)) => permit.record(verdict),
                    _ => permit.release(),
                }
                (None, false)
            }
            (what, None) => {
                let refused = control(what).map(|order| self.breaker.control(order).is_err());
                (None, refused.unwrap_or(false))
            }
        }
    }
}

impl Breaker for Public {
    fn act(&mut self, step: &Step) -> Did {
        let due = self.began + Duration::from_millis(step.at_ms);
        self.runtime.block_on(async {
            advance(due.saturating_duration_since(Instant::now())).await;
        });
        let runtime = self.runtime.handle().clone();
        let _entered = runtime.enter();
        let (admitted, illegal) = self.do_it(step);
        Did {
            admitted,
            state: self.breaker.state(),
            illegal,
        }
    }
}

impl Drop for Public {
    fn drop(&mut self) {
        // Calls that are never ended end now, while there is a clock.
        let _entered = self.runtime.enter();
        self.permits.clear();
    }
}
