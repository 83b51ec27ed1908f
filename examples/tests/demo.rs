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
    let output = demo(&["--seconds", "8", "--json", json_arg]);
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
    let naked = &figures["naked"];
    assert!(
        supervised["hung_replaced"].as_u64() > Some(0),
        "{figures:#}"
    );
    // Which of the shops does more says nothing while others have the machine, as the demo finds out too.
    let calm = [supervised, naked].map(|shop| shop["starved"].as_f64());
    let calm = calm.iter().all(|share| share.is_none_or(|it| it <= 0.9));
    for never in ["hung_replaced", "restarts"] {
        assert_eq!(naked[never], 0, "{never}: {figures:#}");
    }
    assert!(
        supervised["catalogues_built"].as_u64() > Some(1),
        "{figures:#}"
    );
    assert_eq!(naked["catalogues_built"], 1, "{figures:#}");
    if cfg!(unix) {
        // One cursed parcel: the supervised desk comes back once, the other one does not.
        assert_eq!(supervised["desks_started"], 2, "{figures:#}");
        assert_eq!(naked["desks_started"], 1, "{figures:#}");
        assert!(
            !calm || supervised["quotes_answered"].as_u64() > naked["quotes_answered"].as_u64(),
            "{figures:#}"
        );
    }
    // The circuit: the naked shop has none, and waits each time.
    assert!(
        supervised["circuit_opened"].as_u64() > Some(0),
        "{figures:#}"
    );
    assert!(
        supervised["short_circuited"].as_u64() > Some(0),
        "{figures:#}"
    );
    for never in ["circuit_opened", "short_circuited"] {
        assert_eq!(naked[never], 0, "{never}: {figures:#}");
    }
    assert!(
        !calm
            || supervised["recommendation_calls"].as_u64() < naked["recommendation_calls"].as_u64(),
        "{figures:#}"
    );
    // Whoever gets no fresh recommendation gets another one, or none at all in the naked shop.
    for fallback in ["recommendations_kept", "best_sellers"] {
        assert_eq!(naked[fallback], 0, "{fallback}: {figures:#}");
        assert!(
            supervised[fallback].as_u64() > Some(0),
            "{fallback}: {figures:#}"
        );
    }
    // Otherwise there would have been too few customers to tell.
    assert!(
        naked["lost_waiting_ms"].as_f64() > Some(3000.0),
        "{figures:#}"
    );
    assert!(
        !calm || supervised["lost_waiting_ms"].as_f64() < naked["lost_waiting_ms"].as_f64(),
        "{figures:#}"
    );
    for shop in [supervised, naked] {
        assert!(
            shop["recommendations_given"].as_u64() > Some(0),
            "{figures:#}"
        );
        assert!(
            shop["recommendations_back_ms"].as_f64() > Some(0.0),
            "{figures:#}"
        );
    }
    // The product pages: each source has its turn, and in the naked shop there is one only.
    let pages = |shop: &Value, name: &str| {
        let share = shop["product_pages"]["all"][name].as_f64();
        share.unwrap_or_else(|| panic!("product_pages/{name}: {figures:#}"))
    };
    for fallback in ["kept", "default"] {
        assert!(pages(supervised, fallback) > 0.0, "{fallback}: {figures:#}");
        assert_eq!(pages(naked, fallback), 0.0, "{fallback}: {figures:#}");
    }
    let (with, without) = ("availability", "without_fallback");
    assert!(
        pages(supervised, with) > pages(supervised, without),
        "{figures:#}"
    );
    assert_eq!(pages(naked, with), pages(naked, without), "{figures:#}");
    let in_trouble = |shop: &Value| {
        let share = shop["product_pages"]["in_trouble"][with].as_f64();
        share.unwrap_or_else(|| panic!("in_trouble: {figures:#}"))
    };
    assert!(!calm || in_trouble(supervised) == 1.0, "{figures:#}");
    assert!(in_trouble(naked) < 1.0, "{figures:#}");
    let oldest = supervised["product_pages"]["oldest_kept_ms"].as_f64();
    assert!(
        oldest.is_some_and(|oldest| (1.0..=500.0).contains(&oldest)),
        "{figures:#}"
    );
    // The flood: too many for both, and only one of them says so.
    let count = |shop: &Value, part: &str, name: &str| {
        let count = shop[part][name].as_u64();
        count.unwrap_or_else(|| panic!("{part}/{name}: {figures:#}"))
    };
    let ours = |part, name| count(supervised, part, name);
    assert!(ours("flood", "turned_away") > 0, "{figures:#}");
    assert!(ours("flood", "confirmed") > 0, "{figures:#}");
    assert!(
        ours("queue", "rejected") + ours("queue", "expired") > 0,
        "{figures:#}"
    );
    assert_eq!(count(naked, "flood", "turned_away"), 0, "{figures:#}");
    assert!(
        ours("queue", "peak") <= 48 && count(naked, "queue", "peak") > 48,
        "one has a bounded queue, and the other one as good as none: {figures:#}"
    );
    // The rush: what is turned away is none of the orders, and the naked shop turns nobody away.
    let rush = |shop: &Value, class: &str, name: &str| {
        let count = shop["rush"][class][name].as_u64();
        count.unwrap_or_else(|| panic!("rush/{class}/{name}: {figures:#}"))
    };
    assert_eq!(
        rush(supervised, "checkout", "turned_away"),
        0,
        "{figures:#}"
    );
    assert!(
        !calm || rush(supervised, "checkout", "answered") > rush(naked, "checkout", "answered"),
        "{figures:#}"
    );
    assert!(
        rush(supervised, "reports", "turned_away") > 0,
        "{figures:#}"
    );
    assert!(rush(supervised, "reports", "answered") > 0, "{figures:#}");
    for class in ["checkout", "pages", "reports"] {
        assert_eq!(rush(naked, class, "turned_away"), 0, "{figures:#}");
    }
    // The orders that a crash leaves unfinished come again, and those that cause one do not for ever.
    assert!(ours("queue", "redelivered") > 0, "{figures:#}");
    assert!(ours("queue", "dead_lettered") > 0, "{figures:#}");
    assert!(ours("orders", "cursed_given_up") > 0, "{figures:#}");
    for none in ["rejected", "expired", "redelivered", "dead_lettered"] {
        assert_eq!(count(naked, "queue", none), 0, "{none}: {figures:#}");
    }
    for none in ["twice", "unexplained", "innocent_given_up"] {
        assert_eq!(ours("orders", none), 0, "{none}: {figures:#}");
    }
    assert_eq!(naked["sheets_dropped"], 0, "{figures:#}");
    assert_eq!(supervised["orders"]["lost"], 0, "{figures:#}");
    assert_eq!(
        supervised["orders"]["acknowledged"],
        supervised["orders"]["found_on_disk"]
    );
    assert_eq!(figures["verdict"]["passed"], true, "{figures:#}");
}

#[test]
fn a_bad_argument_is_named_in_one_line() {
    let cases: [&[&str]; 10] = [
        &["--seconds", "soon"],
        &["--seconds", "0"],
        &["--seconds"],
        &["--rate", "-1"],
        &["--port", "65536"],
        &["--seed", "1.5"],
        &["--json"],
        &["--storm"],
        &["harder"],
        // What the shop says to its helper, and nobody else.
        &["--shipping-desk", "500"],
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
    assert!(!text.contains("--shipping-desk"), "{text}");
}
