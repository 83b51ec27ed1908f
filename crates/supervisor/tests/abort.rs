//! Built with `panic = "abort"`, a program is told that its panics will not be contained.
#![cfg(unix)]

mod common;

use common::fixture::{Running, build};

#[test]
fn is_reported_once() {
    let program = build("abort");

    let (lines, status) = Running::start(&program, "start").end();
    assert!(status.success(), "{lines:?}");
    let reports: Vec<_> = lines
        .iter()
        .filter(|line| line.contains("panics_abort"))
        .collect();
    let report = "out: Error panics_abort: app: built with panic = \"abort\": \
                  a panicking child ends the process";
    assert!(
        reports.len() == 1 && reports[0].starts_with(report),
        "{lines:?}"
    );
    assert_eq!(lines[0], *reports[0], "before anything is started");
    assert_eq!(
        lines.last().unwrap(),
        "out: shut itself down: significant children ended"
    );

    let (lines, status) = Running::start(&program, "run").end();
    assert!(status.success(), "{lines:?}");
    let [line] = &lines[..] else {
        panic!("not one line: {lines:?}")
    };
    assert!(
        line.starts_with("err: seaworthy: built with panic = \"abort\": "),
        "{line}"
    );
}
