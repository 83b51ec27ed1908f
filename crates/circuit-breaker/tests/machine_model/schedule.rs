//! Random configurations, and what may happen to a breaker.

use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use seaworthy_circuit_breaker::machine::{Advice, Control, Ending};
use seaworthy_circuit_breaker::{
    AfterWait, Begins, Cancelled, Config, HalfOpen, Initial, JudgedBy, MaxWait, OpenFor, Overload,
    Panicked, Permits, SlowCalls, Window,
};
use seaworthy_core::Verdict;
use seaworthy_core::backoff::Jitter;

#[derive(Clone, Debug)]
pub enum Action {
    Look,
    Acquire,
    Reserve,
    /// One of the calls begins for which places were reserved.
    Begin(prop::sample::Index),
    /// One of those that were let in and have not ended, whenever that was.
    End(prop::sample::Index, Ending, Option<Duration>),
    Release(prop::sample::Index),
    /// Let in, and ended at once.
    Call(Ending, Option<Duration>),
    Successes(usize),
    Control(Control),
    Reconfigure(Box<Config>),
    Advise(Advice),
    /// So many nanoseconds pass.
    Pass(u64),
    /// Up to one of the moments at which something is due, and so far from it.
    PassTo(prop::sample::Index, i64),
    /// The clock goes back.
    Back(u64),
}

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// The limit of slowness in all configurations.
pub const SLOW: Duration = millis(5);

fn rate() -> impl Strategy<Value = f64> {
    prop::sample::select(vec![0.1, 0.25, 1.0 / 3.0, 0.5, 0.7, 1.0])
}

fn window() -> impl Strategy<Value = (Window, u32)> {
    let calls = (1_u32..=12).prop_map(Window::Calls);
    let time = (1_u32..=5, prop::sample::select(vec![10_u64, 20])).prop_map(|(buckets, length)| {
        Window::Time {
            span: millis(length) * buckets,
            buckets,
        }
    });
    (prop_oneof![calls, time], 1_u32..=8).prop_map(|(window, minimum)| match window {
        Window::Calls(calls) => (window, minimum.min(calls)),
        Window::Time { .. } => (window, minimum),
    })
}

fn open_for() -> impl Strategy<Value = OpenFor> {
    let factor = prop::sample::select(vec![1.0, 1.5, 2.0, 3.0]);
    (5_u64..50, 1_u32..=8, factor).prop_map(|(first, times, factor)| {
        let mut open = OpenFor::fixed(millis(first));
        open.at_most = open.first * times;
        (open.factor, open.jitter) = (factor, Jitter::None);
        open
    })
}

fn half_open() -> impl Strategy<Value = HalfOpen> {
    let begins = prop::sample::select(vec![Begins::OnCall, Begins::OnLook, Begins::Timer]);
    let then = prop::sample::select(vec![AfterWait::Open, AfterWait::Closed]);
    let max_wait = (1_u64..80, then).prop_map(|(time, then)| MaxWait {
        time: millis(time),
        then,
    });
    let (bools, calls) = (any::<(bool, bool)>(), (1_u32..=4, 0_u32..=2));
    let lease = option::of((1_u64..40).prop_map(millis));
    let parts = (begins, bools, calls, lease, option::of(max_wait));
    parts.prop_map(|(begins, (total, rates), (calls, more), lease, max_wait)| {
        let mut half_open = HalfOpen::default();
        half_open.begins = begins;
        half_open.permits = if total {
            Permits::InTotal(calls + more)
        } else {
            Permits::AtOnce(1 + more)
        };
        half_open.judged_by = if rates {
            JudgedBy::Rates(calls)
        } else {
            JudgedBy::Successes(calls)
        };
        (half_open.lease, half_open.max_wait) = (lease, max_wait);
        half_open
    })
}

fn policies() -> impl Strategy<Value = (Cancelled, Panicked, Overload)> {
    let cancelled = [
        Cancelled::SlowIsFailure,
        Cancelled::Failure,
        Cancelled::Ignored,
    ];
    let overload = [Overload::Failure, Overload::FailsProbes, Overload::Ignored];
    (
        prop::sample::select(cancelled.to_vec()),
        prop::sample::select(vec![Panicked::Failure, Panicked::Ignored]),
        prop::sample::select(overload.to_vec()),
    )
}

pub fn config() -> impl Strategy<Value = Config> {
    let slow = rate().prop_map(|rate| SlowCalls {
        longer_than: SLOW,
        rate,
    });
    let rules = (option::of(rate()), option::of(slow), option::of(1_u32..=5));
    let ramp = option::weighted(0.3, (1_u64..100).prop_map(millis));
    let initial = prop_oneof![
        10 => Just(Initial::Closed),
        1 => Just(Initial::Open),
        1 => Just(Initial::ForcedOpen),
        1 => Just(Initial::Disabled),
        1 => Just(Initial::MetricsOnly),
    ];
    let parts = (
        window(),
        rules,
        open_for(),
        half_open(),
        ramp,
        initial,
        policies(),
    );
    parts.prop_map(
        |(window, rules, open, mut half_open, ramp_up, initial, policies)| {
            let mut config = Config::default();
            (config.window, config.minimum_calls) = window;
            (
                config.failure_rate,
                config.slow_calls,
                config.consecutive_failures,
            ) = rules;
            if config.failure_rate.is_none() && config.slow_calls.is_none() {
                // A trial could end in one way only, and that is refused.
                if let JudgedBy::Rates(calls) = half_open.judged_by {
                    half_open.judged_by = JudgedBy::Successes(calls);
                }
            }
            (config.open, config.half_open) = (open, half_open);
            (config.ramp_up, config.initial) = (ramp_up, initial);
            (config.cancelled, config.panicked, config.overload) = policies;
            // Rates that nothing is measured by are refused.
            let rates = matches!(half_open.judged_by, JudgedBy::Rates(_));
            if rates && config.slow_calls.is_none() {
                config.failure_rate.get_or_insert(0.5);
            }
            config
        },
    )
}

fn ending() -> impl Strategy<Value = Ending> {
    prop_oneof![
        8 => Just(Ending::SUCCESS),
        7 => Just(Ending::FAILURE),
        1 => Just(Ending::IGNORED),
        2 => Just(Ending::Verdict(Verdict::Overload)),
        2 => Just(Ending::Cancelled),
        2 => Just(Ending::Panicked),
    ]
}

fn took() -> impl Strategy<Value = Option<Duration>> {
    let nano = Duration::from_nanos(1);
    prop::sample::select(vec![None, Some(millis(1)), Some(SLOW), Some(SLOW + nano)])
}

fn control() -> impl Strategy<Value = Control> {
    prop::sample::select(vec![
        Control::Close,
        Control::Open,
        Control::Open,
        Control::OpenFor(Duration::ZERO),
        Control::OpenFor(millis(7)),
        Control::HalfOpen,
        Control::HalfOpen,
        Control::ForceOpen,
        Control::Disable,
        Control::MetricsOnly,
        Control::Reset,
    ])
}

fn action() -> impl Strategy<Value = Action> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        2 => Just(Action::Look),
        8 => Just(Action::Acquire),
        8 => (index(), ending(), took()).prop_map(|(which, how, took)| Action::End(which, how, took)),
        2 => Just(Action::Reserve),
        2 => index().prop_map(Action::Begin),
        1 => index().prop_map(Action::Release),
        12 => (ending(), took()).prop_map(|(how, took)| Action::Call(how, took)),
        2 => (1_usize..20).prop_map(Action::Successes),
        1 => control().prop_map(Action::Control),
        1 => advice().prop_map(Action::Advise),
        1 => config().prop_map(|config| Action::Reconfigure(Box::new(config))),
        4 => (0_u64..15_000_000).prop_map(Action::Pass),
        6 => (index(), -1_i64..=1).prop_map(|(which, off)| Action::PassTo(which, off)),
        1 => (100_000_000_u64..10_000_000_000).prop_map(Action::Pass),
        1 => (1_u64..30_000_000).prop_map(Action::Back),
    ]
}

fn advice() -> impl Strategy<Value = Advice> {
    (0_u32..5, 0_u32..5, 0_u64..50).prop_map(|(open, of, time)| Advice {
        open,
        of,
        valid_for: millis(time),
    })
}

pub fn schedule() -> impl Strategy<Value = Vec<Action>> {
    vec(action(), 1..120)
}
