//! The machine against a model that is too simple to be wrong: plain lists, one message at a time.
//!
//! Random supervisors get random batches of exits and calls; starts fail or are ignored as a script
//! says. Machine and model must start, stop, answer and end alike, in the same order.

mod model;

use std::time::Duration;

use proptest::prelude::{
    Just, ProptestConfig, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest,
};
use proptest::strategy::Strategy as Generate;

use super::*;
use crate::config::{AutoShutdown, Restart};

use model::Model;

/// What a child is like.
#[derive(Clone, Debug)]
struct Spec {
    name: &'static str,
    restart: Restart,
    significant: bool,
    /// What its next starts come to; after these all are fine.
    starts: Vec<StartOutcome>,
    /// A crash, or a restart that fails, is followed by a pause.
    paused: bool,
    needs: Vec<&'static str>,
    /// There is no hope after a start that fails.
    gives_up: bool,
}

/// One message for the inbox.
#[derive(Clone, Debug)]
enum Step {
    Exit {
        name: &'static str,
        clean: bool,
        hopeless: bool,
    },
    /// It does not end, and is given up.
    Escalate(&'static str),
    /// One of the pauses, counted in the order in which they began, is over.
    Due(usize),
    Start(Spec),
    Terminate(&'static str),
    Restart(&'static str),
    Delete(&'static str),
    Stop,
}

/// All that can be seen from outside.
type Log = Vec<String>;

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

/// The machine in a world where everything happens at once.
struct World {
    machine: Machine<Spec, usize>,
    pauses: Vec<(Key, u64)>,
    log: Log,
}

impl World {
    fn new(flags: Flags, specs: &[Spec]) -> Self {
        let children = specs
            .iter()
            .map(|spec| (ChildId::Name(spec.name.into()), new_child(spec)));
        let mut world = Self {
            machine: Machine::new(flags, Arc::default(), children),
            pauses: Vec::new(),
            log: Vec::new(),
        };
        world.run();
        world
    }

    fn run(&mut self) {
        while let Some(effect) = self.machine.next(|| Coarse::from_nanos(7)) {
            match effect {
                Effect::Start { key, incarnation } => {
                    let spec = self.machine.payload_mut(key).unwrap();
                    let outcome = next_start(&mut spec.starts);
                    self.log.push(format!("start {} {outcome:?}", spec.name));
                    if spec.gives_up && outcome == StartOutcome::Failed {
                        self.machine.give_up_on(key);
                    }
                    self.machine.started(key, incarnation, outcome);
                }
                Effect::Stop(key) => {
                    self.log.push(format!("stop {}", self.name(key)));
                    let incarnation = self.machine.children().get(key).unwrap().incarnation;
                    self.machine.exited(key, incarnation, true);
                }
                Effect::Reply(caller, reply) => {
                    let reply = match reply {
                        Reply::Started(..) => "Started".to_owned(),
                        other => format!("{other:?}"),
                    };
                    self.log.push(format!("reply {caller} {reply}"));
                }
                Effect::Exit(exit) => self.log.push(format!("exit {}", exit_name(exit))),
                Effect::Started => self.log.push("up".to_owned()),
                Effect::GaveUp(_) => {}
                Effect::Pause { key, incarnation } => {
                    self.log.push(format!("pause {}", self.name(key)));
                    self.pauses.push((key, incarnation));
                }
                Effect::AbortStart(_) | Effect::StopAll | Effect::KillAll(_) => unreachable!(),
            }
        }
    }

    fn name(&self, key: Key) -> &'static str {
        self.machine.children().get(key).unwrap().payload.name
    }

    fn batch(&mut self, steps: &[(usize, Step)]) {
        for (caller, step) in steps {
            let target = |name: &str| Target::Id(ChildId::Name(name.into()));
            let call = match step {
                Step::Exit {
                    name,
                    clean,
                    hopeless,
                } => {
                    if let Some((key, incarnation)) = self.process(name) {
                        if *hopeless {
                            self.machine.give_up_on(key);
                        }
                        self.machine.exited(key, incarnation, *clean);
                    }
                    continue;
                }
                Step::Escalate(name) => {
                    if let Some((key, incarnation)) = self.process(name) {
                        self.machine.escalate(key);
                        self.machine.exited(key, incarnation, false);
                    }
                    continue;
                }
                Step::Due(which) => {
                    if !self.pauses.is_empty() {
                        let (key, incarnation) = self.pauses.remove(which % self.pauses.len());
                        let _ = self.machine.post(Message::Due { key, incarnation });
                    }
                    continue;
                }
                Step::Stop => {
                    let _ = self.machine.post(Message::Stop);
                    continue;
                }
                Step::Start(spec) => Call::Start(ChildId::Name(spec.name.into()), new_child(spec)),
                Step::Terminate(name) => Call::Terminate(target(name)),
                Step::Restart(name) => Call::Restart(target(name)),
                Step::Delete(name) => Call::Delete(target(name)),
            };
            let _ = self.machine.post(Message::Call(call, *caller));
        }
        self.run();
    }

    fn process(&self, name: &str) -> Option<(Key, u64)> {
        let key = self.machine.find(name)?;
        let entry = self.machine.children().get(key)?;
        entry.alive.then_some((key, entry.incarnation))
    }

    /// The children whose restart nobody will see to: no pause, no sibling that is waited for.
    fn forgotten(&self) -> Vec<&'static str> {
        let children = self.machine.children().iter();
        let lost = children.filter(|(key, entry)| {
            let pause = (*key, entry.incarnation);
            entry.slot == Slot::Restarting && !entry.waits && !self.pauses.contains(&pause)
        });
        lost.map(|(_, entry)| entry.payload.name).collect()
    }

    fn children(&self) -> Vec<(&'static str, Slot)> {
        self.machine
            .children()
            .iter()
            .map(|(_, entry)| (entry.payload.name, entry.slot()))
            .collect()
    }
}

/// What a start comes to: as the script says, and fine after that.
fn next_start(script: &mut Vec<StartOutcome>) -> StartOutcome {
    if script.is_empty() {
        StartOutcome::Ok
    } else {
        script.remove(0)
    }
}

fn new_child(spec: &Spec) -> NewChild<Spec> {
    NewChild {
        restart: spec.restart,
        significant: spec.significant,
        supervisor: false,
        paused: spec.paused,
        needs: (!spec.needs.is_empty())
            .then(|| spec.needs.iter().map(|name| Arc::from(*name)).collect()),
        payload: spec.clone(),
    }
}

fn exit_name(exit: Exit) -> &'static str {
    match exit {
        Exit::Stopped => "stopped",
        Exit::GaveUp(_) => "gave up",
        Exit::AutoShutdown(_) => "auto-shutdown",
        Exit::StartFailed(_) => "start failed",
        Exit::Killed | Exit::RuntimeGone => "killed",
    }
}

fn outcomes() -> impl Generate<Value = Vec<StartOutcome>> {
    let outcome = prop_oneof![
        6 => Just(StartOutcome::Ok),
        2 => Just(StartOutcome::Failed),
        1 => Just(StartOutcome::Ignored),
    ];
    prop::collection::vec(outcome, 0..4)
}

fn spec(name: &'static str) -> impl Generate<Value = Spec> {
    let restart = prop_oneof![
        4 => Just(Restart::Permanent),
        2 => Just(Restart::Transient),
        2 => Just(Restart::Temporary),
    ];
    // Later ones too: one that is deleted and added again comes after those that need it.
    let others = NAMES.into_iter().filter(move |other| *other != name);
    let needs = prop::sample::subsequence(others.collect::<Vec<_>>(), 0..=2);
    let beyond = (any::<bool>(), needs, any::<bool>());
    (restart, any::<bool>(), outcomes(), beyond).prop_map(
        move |(restart, significant, starts, (paused, needs, gives_up))| {
            // The shell refuses a permanent significant child before the machine sees it.
            Spec {
                name,
                restart,
                significant: significant && restart != Restart::Permanent,
                starts,
                paused,
                needs,
                gives_up,
            }
        },
    )
}

fn step() -> impl Generate<Value = Step> {
    let name = prop::sample::select(NAMES.to_vec());
    prop_oneof![
        8 => (name.clone(), any::<bool>(), 0..6).prop_map(|(name, clean, hope)| Step::Exit {
            name,
            clean,
            hopeless: !clean && hope == 0,
        }),
        5 => (0_usize..8).prop_map(Step::Due),
        2 => name.clone().prop_flat_map(spec).prop_map(Step::Start),
        2 => name.clone().prop_map(Step::Terminate),
        2 => name.clone().prop_map(Step::Restart),
        1 => name.clone().prop_map(Step::Delete),
        1 => (name, 0..4).prop_map(|(name, rare)| match rare {
            0 => Step::Escalate(name),
            _ => Step::Due(0),
        }),
    ]
}

fn flags() -> impl Generate<Value = Flags> {
    let strategy = prop::sample::select(vec![
        Strategy::OneForOne,
        Strategy::OneForAll,
        Strategy::RestForOne,
    ]);
    let auto = prop::sample::select(vec![
        AutoShutdown::Never,
        AutoShutdown::AnySignificant,
        AutoShutdown::AllSignificant,
    ]);
    (strategy, auto, 0_u32..7).prop_map(|(strategy, auto_shutdown, max_restarts)| Flags {
        mode: Mode::Static(strategy),
        max_restarts,
        period: Duration::from_secs(3600),
        auto_shutdown,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn does_what_the_model_does(
        flags in flags(),
        specs in (spec("a"), spec("b"), spec("c")),
        batches in prop::collection::vec(prop::collection::vec(step(), 1..5), 0..12),
    ) {
        let mut specs = vec![specs.0, specs.1, specs.2];
        let mut batches = batches;
        if flags.auto_shutdown == AutoShutdown::Never {
            specs.iter_mut().for_each(|spec| spec.significant = false);
        }
        batches.push(vec![Step::Stop]);
        let mut world = World::new(flags, &specs);
        let mut model = Model::new(flags, &specs);
        prop_assert_eq!(&world.log, &model.log);
        for (number, batch) in batches.into_iter().enumerate() {
            let batch: Vec<_> =
                batch.into_iter().enumerate().map(|(i, step)| (number * 10 + i, step)).collect();
            world.batch(&batch);
            model.batch(&batch);
            prop_assert_eq!(&world.log, &model.log, "after {:?}", batch);
            prop_assert_eq!(world.children(), model.children());
            prop_assert_eq!(world.forgotten(), Vec::<&str>::new());
        }
        prop_assert!(world.machine.ended);
    }
}

/// A dynamic supervisor stops all at once, and a restart that is ignored forgets the instance.
#[test]
fn a_dynamic_supervisor_asks_all_at_once() {
    let flags = Flags::new(Mode::Dynamic { max_children: 2 });
    let mut machine: Machine<u32, u32> = Machine::new(flags, Arc::default(), []);
    let now = Coarse::default;
    assert_eq!(machine.next(now), Some(Effect::Started));
    let new = |payload| {
        let (restart, significant, supervisor) = (Restart::Permanent, false, false);
        Call::Start(
            ChildId::Number(0),
            NewChild {
                restart,
                significant,
                supervisor,
                paused: false,
                needs: None,
                payload,
            },
        )
    };
    let mut keys = Vec::new();
    for number in 1..=2 {
        machine.post(Message::Call(new(number), number)).unwrap();
        let Some(Effect::Start { key, incarnation }) = machine.next(now) else {
            panic!("no start")
        };
        machine.started(key, incarnation, StartOutcome::Ok);
        let reply = Reply::Started(key, incarnation);
        assert_eq!(machine.next(now), Some(Effect::Reply(number, reply)));
        keys.push((key, incarnation));
    }
    machine.post(Message::Call(new(3), 3)).unwrap();
    assert_eq!(
        machine.next(now),
        Some(Effect::Reply(3, Reply::MaxChildren))
    );

    // The first one crashes, and its restart says that no process is needed.
    let (first, incarnation) = keys[0];
    machine.exited(first, incarnation, false);
    let Some(Effect::Start { key, incarnation }) = machine.next(now) else {
        panic!("no start")
    };
    machine.started(key, incarnation, StartOutcome::Ignored);
    assert_eq!(machine.next(now), None);
    assert!(machine.children().get(first).is_none());

    machine.post(Message::Stop).unwrap();
    assert_eq!(machine.next(now), Some(Effect::StopAll));
    assert_eq!(machine.next(now), None);
    let (second, incarnation) = keys[1];
    machine.exited(second, incarnation, true);
    assert_eq!(machine.next(now), Some(Effect::Exit(Exit::Stopped)));
    assert!(machine.post(Message::Stop).is_err());
}

/// A sibling that was waited for wakes a child; until the child hears of it a group restart has begun a pause for it.
#[test]
fn a_wake_up_that_is_out_of_date_does_not_cut_a_pause_short() {
    let spec = |name| Spec {
        name,
        restart: Restart::Permanent,
        significant: false,
        starts: Vec::new(),
        paused: false,
        needs: Vec::new(),
        gives_up: false,
    };
    let c = Spec {
        starts: vec![StartOutcome::Ok, StartOutcome::Failed],
        paused: true,
        needs: vec!["b"],
        ..spec("c")
    };
    let flags = Flags::new(Mode::Static(Strategy::RestForOne));
    let mut world = World::new(flags, &[spec("a"), spec("b"), c]);
    let exit = |name| Step::Exit {
        name,
        clean: false,
        hopeless: false,
    };
    world.batch(&[(1, Step::Terminate("b")), (0, exit("c"))]);
    world.batch(&[(0, Step::Due(0))]);
    world.log.clear();
    world.batch(&[(2, Step::Restart("b")), (0, exit("a"))]);
    let seen = world.log.join(", ");
    assert_eq!(
        seen,
        "start b Ok, reply 2 Started, stop b, start a Ok, start b Ok, start c Failed, pause c"
    );
}

/// A stop order does not wait for a start that takes its time.
#[test]
fn a_stop_interrupts_a_start() {
    let spec = Spec {
        name: "slow",
        restart: Restart::Permanent,
        significant: false,
        starts: Vec::new(),
        paused: false,
        needs: Vec::new(),
        gives_up: false,
    };
    let flags = Flags::new(Mode::Static(Strategy::OneForOne));
    let child = (ChildId::Name("slow".into()), new_child(&spec));
    let mut machine: Machine<Spec, u32> = Machine::new(flags, Arc::default(), [child]);
    let now = Coarse::default;
    let Some(Effect::Start { key, incarnation }) = machine.next(now) else {
        panic!("no start")
    };
    assert_eq!(machine.next(now), None);
    machine.post(Message::Stop).unwrap();
    assert_eq!(machine.next(now), Some(Effect::AbortStart(key)));
    assert_eq!(machine.next(now), None);
    machine.started(key, incarnation, StartOutcome::Failed);
    assert_eq!(
        machine.next(now),
        Some(Effect::Exit(Exit::StartFailed(key)))
    );
}

/// Whatever was under way, a kill waits for nothing but the ends of those that live.
#[test]
fn a_kill_cuts_everything_short() {
    let spec = |name| Spec {
        name,
        restart: Restart::Permanent,
        significant: false,
        starts: Vec::new(),
        paused: false,
        needs: Vec::new(),
        gives_up: false,
    };
    let flags = Flags::new(Mode::Static(Strategy::OneForOne));
    let mut world = World::new(flags, &[spec("a"), spec("b")]);
    let b = world.machine.find("b").unwrap();
    let target = Target::Id(ChildId::Name("b".into()));
    world
        .machine
        .post(Message::Call(Call::Terminate(target), 1))
        .unwrap();
    let now = Coarse::default;
    assert_eq!(world.machine.next(now), Some(Effect::Stop(b)));
    world.machine.kill(Exit::Killed);
    assert_eq!(world.machine.next(now), Some(Effect::KillAll(Exit::Killed)));
    assert_eq!(world.machine.next(now), None);
    for name in ["a", "b"] {
        let key = world.machine.find(name).unwrap();
        let incarnation = world.machine.children().get(key).unwrap().incarnation;
        world.machine.exited(key, incarnation, false);
    }
    assert_eq!(world.machine.next(now), Some(Effect::Exit(Exit::Killed)));
    // The caller of the call that was cut short is let go.
    let callers = world.machine.take_discarded();
    assert!(
        callers
            .iter()
            .any(|gone| matches!(gone, Discarded::Caller(1)))
    );
}
