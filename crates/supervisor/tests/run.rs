//! Whole programs: what signals do to them, their last words, their exit codes.
#![cfg(unix)]

mod common;

use std::path::Path;
use std::sync::OnceLock;

use tokio::time::Instant;

use common::fixture::{Running, build};
use common::millis;

fn start(tree: &str) -> Running {
    static PROGRAM: OnceLock<std::path::PathBuf> = OnceLock::new();
    let program: &Path = PROGRAM.get_or_init(|| build("program"));
    Running::start(program, tree)
}

/// Ends with `code`; its last words are `said`, one after the other, in part.
#[track_caller]
fn ends(program: Running, code: i32, said: &[&str]) -> Vec<String> {
    let (lines, status) = program.end();
    assert_eq!(status.code(), Some(code), "{lines:?}");
    let mut rest = lines.iter();
    for text in said {
        assert!(
            rest.any(|line| line.contains(text)),
            "no `{text}` in {lines:?}"
        );
    }
    lines
}

#[test]
fn an_orderly_stop_by_either_signal() {
    for signal in ["TERM", "INT"] {
        let program = start("orderly");
        program.wait_for("out: ready");
        program.signal(signal);
        let stopping = format!("err: seaworthy: SIG{signal}: stopping `app`");
        let lines = ends(program, 0, &[&stopping, "err: seaworthy: stopped in"]);
        assert!(lines.contains(&"out: told".to_owned()), "{lines:?}");
        let more = lines.iter().filter(|line| !line.contains("needed")).count();
        assert_eq!(more, 3, "nothing else is said: {lines:?}");
    }
}

#[test]
fn an_end_in_order() {
    assert!(ends(start("done"), 0, &[]).is_empty());
}

#[test]
fn the_root_gives_up() {
    let lost =
        "err: seaworthy: the root gave up: `app/w` ended once too often, with error: no disk";
    ends(start("gives-up"), 1, &[lost]);
}

#[test]
fn a_tree_that_does_not_start() {
    ends(
        start("invalid"),
        1,
        &["err: seaworthy: cannot start `app`: ", "child.id` is a/b"][..1],
    );
    let lines = ends(
        start("fails-to-start"),
        1,
        &["seaworthy: cannot start `app/w`: error: no disk"],
    );
    assert_eq!(
        lines
            .iter()
            .filter(|line| line.starts_with("err: "))
            .count(),
        1,
        "{lines:?}"
    );
}

#[test]
fn children_that_had_to_be_killed() {
    let program = start("stubborn");
    program.wait_for("out: ready");
    program.signal("TERM");
    let report = [
        "stopped in",
        "0 workers by themselves, 1 killed",
        "app/w needed",
    ];
    let lines = ends(program, 2, &[report[0]]);
    for part in report {
        assert!(
            lines
                .iter()
                .any(|line| line.starts_with("err: ") && line.contains(part)),
            "{lines:?}"
        );
    }
}

#[test]
fn children_that_never_yield() {
    let program = start("zombie");
    program.wait_for("out: ready");
    program.signal("TERM");
    ends(
        program,
        2,
        &["err: seaworthy: stopped in", "err:   app/w still runs"],
    );
}

#[test]
fn no_worker_is_left() {
    // All threads of the runtime are blocked: it drives neither timers nor signals any more.
    let blocked = |tree| {
        let program = start(tree);
        program.wait_for_all(&["out: ready", "out: blocked"]);
        program.signal("TERM");
        program
    };
    let lines = ends(
        blocked("all-blocked"),
        2,
        &["stopped in", "app/w still runs"],
    );
    let listener = "err:   app/blocker still runs: it neither yields nor ends";
    assert!(lines.iter().any(|line| line == listener), "{lines:?}");

    let program = blocked("endlessly-blocked");
    program.wait_for("err: seaworthy: SIGTERM: stopping `app`");
    program.signal("TERM");
    ends(
        program,
        143,
        &["err: seaworthy: SIGTERM again: ending at once"],
    );
}

#[test]
fn the_thread_of_the_tree_is_blocked() {
    let program = start("stuck");
    program.wait_for("out: stuck");
    program.signal("TERM");
    let stopping = "err: seaworthy: SIGTERM: stopping `app`";
    ends(program, 2, &[stopping, "err: seaworthy: the stop hangs: "]);
}

#[test]
fn a_start_that_hangs() {
    let program = start("hanging-start");
    program.wait_for("out: hanging");
    program.signal("TERM");
    ends(
        program,
        0,
        &[
            "err: seaworthy: SIGTERM: stopping `app`",
            "err: seaworthy: stopped in",
        ],
    );
}

#[test]
fn a_thread_that_blocks() {
    let program = start("blocked");
    program.wait_for("out: ready");
    program.signal("TERM");
    ends(program, 0, &["err: seaworthy: stopped in"]);
}

#[test]
fn a_second_signal() {
    for (first, second, code) in [
        ("TERM", "INT", 130),
        ("INT", "TERM", 143),
        ("TERM", "TERM", 143),
    ] {
        let program = start("endless");
        program.wait_for("out: ready");
        program.signal(first);
        program.wait_for("out: told");
        program.signal(second);
        ends(
            program,
            code,
            &[&format!(
                "err: seaworthy: SIG{second} again: ending at once"
            )],
        );
    }
}

#[test]
fn the_drain_delay() {
    let program = start("drained");
    program.wait_for("out: ready");
    let began = Instant::now();
    program.signal("TERM");
    program.wait_for("out: told");
    assert!(
        began.elapsed() >= millis(100),
        "told before the delay was over"
    );
    ends(program, 0, &["err: seaworthy: stopped in"]);

    // A second signal does not wait for it.
    let program = start("draining");
    program.wait_for("out: ready");
    program.signal("TERM");
    program.wait_for("err: seaworthy: SIGTERM");
    program.signal("TERM");
    ends(program, 143, &["again"]);
}
