//! The demo as a user meets it: a short storm, and arguments that make no sense.

use std::process::{Command, Output};

use serde_json::Value;

fn demo(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_demo"))
        .args(args)
        .output()
        .expect("the demo can be run")
}

#[test]
fn a_short_storm_is_survived() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let json = folder.path().join("figures.json");
    let json_arg = json.to_str().expect("a plain path");
    let output = demo(&["--seconds", "4", "--rate", "60", "--json", json_arg]);
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert_eq!(
        output.status.code(),
        Some(0),
        "stdout:\n{out}\nstderr:\n{err}"
    );
    assert_eq!(err, "", "nothing on stderr where nobody looks at it");

    let json = std::fs::read(json).expect("the figures were written");
    let figures: Value = serde_json::from_slice(&json).expect("they are JSON");
    for shop in ["supervised", "naked"] {
        assert!(figures[shop]["requests"].as_u64() > Some(0), "{figures:#}");
        assert!(figures[shop]["crashes"].as_u64() > Some(0), "{figures:#}");
    }
    let supervised = &figures["supervised"];
    assert!(supervised["restarts"].as_u64() > Some(0), "{figures:#}");
    for found in ["hung_replaced", "quotes_answered", "catalogues_built"] {
        assert!(supervised[found].as_u64() > Some(0), "{found}: {figures:#}");
    }
    if cfg!(unix) {
        assert!(
            supervised["desks_started"].as_u64() > Some(1),
            "{figures:#}"
        );
    }
    for never in ["hung_replaced", "restarts"] {
        assert_eq!(figures["naked"][never], 0, "{figures:#}");
    }
    assert_eq!(supervised["orders"]["lost"], 0, "{figures:#}");
    assert_eq!(
        supervised["orders"]["acknowledged"],
        supervised["orders"]["found_on_disk"]
    );
    assert_eq!(figures["verdict"]["passed"], true, "{figures:#}");
}

#[test]
fn a_bad_argument_is_named_in_one_line() {
    let cases: [&[&str]; 9] = [
        &["--seconds", "soon"],
        &["--seconds", "0"],
        &["--seconds"],
        &["--rate", "-1"],
        &["--port", "65536"],
        &["--seed", "1.5"],
        &["--json"],
        &["--storm"],
        &["harder"],
    ];
    for args in cases {
        let output = demo(args);
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {err}");
        assert_eq!(err.lines().count(), 1, "{args:?}: {err}");
        assert!(err.contains(args[0]), "{args:?}: {err}");
        assert!(output.stdout.is_empty(), "{args:?}");
    }
}

#[test]
fn help_is_help() {
    let output = demo(&["--help"]);
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8_lossy(&output.stdout);
    for argument in [
        "--seconds",
        "--rate",
        "--seed",
        "--json",
        "--port",
        "--serve",
        "--verbose",
    ] {
        assert!(text.contains(argument), "{text}");
    }
}
