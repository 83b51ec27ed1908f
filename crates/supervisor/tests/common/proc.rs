//! Finding processes, in `/proc`.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

/// The variable that marks the processes of a test.
pub const MARK: &str = "SEAWORTHY_TEST_MARK";

/// A mark that no other test has.
pub fn mark() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{}-{}", std::process::id(), NEXT.fetch_add(1, SeqCst))
}

/// A process, as the system sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seen {
    pub pid: u32,
    pub parent: u32,
    pub group: u32,
    pub is_zombie: bool,
}

pub fn stat(pid: u32) -> Option<Seen> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name may contain anything; what comes after it does not.
    let mut words = text.rsplit_once(") ")?.1.split(' ');
    let state = words.next()?;
    let mut number = || words.next()?.parse().ok();
    Some(Seen {
        pid,
        parent: number()?,
        group: number()?,
        is_zombie: state == "Z" || state == "X",
    })
}

pub fn all() -> Vec<Seen> {
    let entries = std::fs::read_dir("/proc").expect("there is a /proc");
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names.filter_map(|name| stat(name.parse().ok()?)).collect()
}

/// The living with this mark.
pub fn marked(mark: &str) -> Vec<Seen> {
    let wanted = format!("{MARK}={mark}");
    let has_it = |seen: &Seen| {
        let vars = std::fs::read(format!("/proc/{}/environ", seen.pid)).unwrap_or_default();
        vars.split(|&byte| byte == 0)
            .any(|var| var == wanted.as_bytes())
    };
    all()
        .into_iter()
        .filter(|seen| !seen.is_zombie && has_it(seen))
        .collect()
}

/// The living in the groups of those with this mark: guards are not marked.
pub fn families(mark: &str) -> Vec<Seen> {
    let groups: BTreeSet<u32> = marked(mark).iter().map(|seen| seen.group).collect();
    in_groups(&groups)
}

pub fn in_groups(groups: &BTreeSet<u32>) -> Vec<Seen> {
    all()
        .into_iter()
        .filter(|seen| !seen.is_zombie && groups.contains(&seen.group))
        .collect()
}

pub fn is_guard(pid: u32) -> bool {
    let command = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    command
        .split(|&byte| byte == 0)
        .any(|word| word == b"seaworthy-guard")
}

/// Our own children, the dead among them included.
pub fn children() -> Vec<Seen> {
    let us = std::process::id();
    all().into_iter().filter(|seen| seen.parent == us).collect()
}

/// Sends a signal to a process, or to a group if the id is negative.
pub fn signal(name: &str, id: i64) {
    let kill = std::process::Command::new("kill")
        .args(["-s", name, "--", &id.to_string()])
        .status();
    assert!(kill.expect("there is a kill").success());
}
