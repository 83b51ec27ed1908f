//! The demo starts processes of its own. None of them is there when it has gone.

#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use seaworthy_core::clock;

const DEADLINE: Duration = Duration::from_secs(30);

/// A demo, known by an environment variable that its processes inherit.
struct Demo {
    process: Child,
    mark: String,
    /// The process groups of the helpers that were seen. Their guards are in there, who inherit nothing.
    groups: BTreeSet<u32>,
}

/// A process as `/proc` has it.
#[derive(Debug)]
struct Seen {
    group: u32,
    is_marked: bool,
    is_helper: bool,
}

impl Demo {
    fn start(mark: &str, args: &[&str]) -> Self {
        let mark = format!("DEMO_OF_TEST={mark}-{}", std::process::id());
        let (name, value) = mark.split_once('=').expect("it is made so");
        let process = Command::new(env!("CARGO_BIN_EXE_demo"))
            .args(args)
            .env(name, value)
            // A group of its own, which is not that of the test.
            .process_group(0)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the demo can be run");
        let groups = BTreeSet::from([process.id()]);
        Self {
            process,
            mark,
            groups,
        }
    }

    /// All its processes, but for those that have ended and are not waited for.
    fn processes(&self) -> Vec<Seen> {
        let entries = fs::read_dir("/proc").expect("this is Linux");
        let all = entries
            .flatten()
            .filter_map(|entry| self.look_at(&entry.path()));
        all.filter(|seen| seen.is_marked || self.groups.contains(&seen.group))
            .collect()
    }

    fn look_at(&self, process: &Path) -> Option<Seen> {
        // The name is in brackets and may hold anything: the state, the parent and the group follow it.
        let stat = fs::read_to_string(process.join("stat")).ok()?;
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
        if fields.next()? == "Z" {
            return None;
        }
        let group = fields.nth(1)?.parse().ok()?;
        let environment = fs::read(process.join("environ")).unwrap_or_default();
        let line = fs::read(process.join("cmdline")).unwrap_or_default();
        let mark = self.mark.as_bytes();
        Some(Seen {
            group,
            is_marked: environment
                .split(|byte| *byte == 0)
                .any(|variable| variable == mark),
            is_helper: line.ends_with(b"\0--shipping-desk\0"),
        })
    }

    /// Waits for a helper of the supervised shop, which has a group of its own with its guard in it.
    fn wait_for_supervised_helper(&mut self) {
        let mut group = None;
        wait_until("a supervised helper", || {
            group = self.group_of_helper();
            group.is_some_and(|group| group != self.process.id())
        });
        self.groups.extend(group);
    }

    /// Waits for the helper of the naked shop.
    fn wait_for_naked_helper(&self) {
        wait_until("a naked helper", || {
            self.group_of_helper() == Some(self.process.id())
        });
    }

    fn group_of_helper(&self) -> Option<u32> {
        let processes = self.processes();
        let helper = processes
            .iter()
            .find(|seen| seen.is_marked && seen.is_helper)?;
        Some(helper.group)
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args(["-s", name, &self.process.id().to_string()])
            .status()
            .expect("there is a `kill`");
        assert!(status.success());
    }

    fn end(&mut self) -> ExitStatus {
        let mut ended = None;
        wait_until("the demo has ended", || {
            ended = self.process.try_wait().expect("it can be waited for");
            ended.is_some()
        });
        ended.expect("it has ended")
    }

    #[track_caller]
    fn leaves_nothing(&self) {
        // Who was killed needs a moment to be gone.
        wait_until("nothing is left", || self.processes().is_empty());
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // Fine if it has ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[track_caller]
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let limit = clock::after(DEADLINE);
    while !is_so() {
        assert!(clock::exact() < limit, "waited in vain: {what}");
        nap();
    }
}

#[expect(clippy::disallowed_methods, reason = "it waits for a real process")]
fn nap() {
    std::thread::sleep(Duration::from_millis(10));
}

#[test]
fn a_storm_leaves_no_process_behind() {
    let mut demo = Demo::start("storm", &["--seconds", "2", "--rate", "30"]);
    demo.wait_for_supervised_helper();
    demo.end();
    demo.leaves_nothing();
}

#[test]
fn ctrl_c_in_the_supervised_half_leaves_no_process_behind() {
    let mut demo = Demo::start("supervised", &["--seconds", "60", "--rate", "30"]);
    demo.wait_for_supervised_helper();
    demo.signal("INT");
    assert!(!demo.end().success());
    demo.leaves_nothing();
}

#[test]
fn ctrl_c_in_the_naked_half_leaves_no_process_behind() {
    let mut demo = Demo::start("naked", &["--seconds", "10", "--rate", "5"]);
    demo.wait_for_supervised_helper();
    demo.wait_for_naked_helper();
    demo.signal("INT");
    assert!(!demo.end().success());
    demo.leaves_nothing();
}

#[test]
fn a_shop_that_is_killed_leaves_no_process_behind() {
    let mut demo = Demo::start("killed", &["--serve"]);
    demo.wait_for_supervised_helper();
    demo.signal("KILL");
    assert!(!demo.end().success());
    demo.leaves_nothing();
}

#[test]
fn ctrl_c_closes_a_shop_that_is_served() {
    let mut demo = Demo::start("served", &["--serve"]);
    demo.wait_for_supervised_helper();
    demo.signal("INT");
    assert!(demo.end().success());
    demo.leaves_nothing();
}

/// What is no weight is answered, and the helper goes on.
#[test]
fn the_helper_is_polite_to_those_who_misuse_it() {
    let mut desk = Command::new(env!("CARGO_BIN_EXE_demo"))
        .arg("--shipping-desk")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the demo can be run");
    let mut stdin = desk.stdin.take().expect("it is piped");
    stdin
        .write_all(b"a lot\n500\n")
        .expect("it reads what it is told");
    drop(stdin);
    let output = desk.wait_with_output().expect("it ends with its stdin");
    assert!(output.status.success());
    assert_eq!(output.stdout, b"`a lot` is no weight in grams\n540\n");
}
