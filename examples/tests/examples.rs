//! Each example as a user meets it: it ends in time, says what it claims, and its exit code agrees.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use seaworthy_core::clock;
use serde_json::Value;

const DEADLINE: Duration = Duration::from_secs(60);

/// Where the examples are. They are built here: `cargo test --test examples` alone would not do it.
fn binary(name: &str) -> &'static Path {
    static BUILT: LazyLock<HashMap<String, PathBuf>> = LazyLock::new(build);
    BUILT.get(name).expect("there is such an example")
}

fn build() -> HashMap<String, PathBuf> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["build", "--package", env!("CARGO_PKG_NAME"), "--examples"])
        .args(["--quiet", "--message-format", "json"])
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    let output = cargo.output().expect("cargo can be run");
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the examples are not built: {err}");
    let messages = String::from_utf8_lossy(&output.stdout);
    messages.lines().filter_map(example).collect()
}

/// The example that a message of cargo is about, if it is about one.
fn example(message: &str) -> Option<(String, PathBuf)> {
    let message: Value = serde_json::from_str(message).ok()?;
    let target = &message["target"];
    let name = (target["kind"][0] == "example").then(|| target["name"].as_str())??;
    Some((name.to_owned(), message["executable"].as_str()?.into()))
}

/// Ends it even if the test fails.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        // Fine if it has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs it and gives what it printed, if it ended well and in time.
#[track_caller]
fn run(name: &str) -> String {
    let path = binary(name);
    let child = Command::new(path)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut guard = Guard(child);
    let out = reader(guard.0.stdout.take().expect("it is piped"));
    let err = reader(guard.0.stderr.take().expect("it is piped"));
    let limit = clock::after(DEADLINE);
    let status = loop {
        match guard.0.try_wait().expect("it can be waited for") {
            Some(status) => break Some(status),
            None if clock::exact() >= limit => break None,
            None => nap(),
        }
    };
    drop(guard);
    let (out, err) = (out.join().unwrap(), err.join().unwrap());
    let Some(status) = status else {
        panic!("{name} did not end in {DEADLINE:?}:\n{out}\nstderr:\n{err}");
    };
    assert_eq!(status.code(), Some(0), "{name}:\n{out}\nstderr:\n{err}");
    out
}

/// Reads it in a thread, so that a full pipe does not hold the example up.
fn reader(mut pipe: impl Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut text = Vec::new();
        pipe.read_to_end(&mut text).expect("it can be read");
        String::from_utf8_lossy(&text).into_owned()
    })
}

#[expect(clippy::disallowed_methods, reason = "waits for another process")]
fn nap() {
    std::thread::sleep(Duration::from_millis(10));
}

/// All these lines, or beginnings of lines, occur in this order.
#[track_caller]
fn assert_lines(out: &str, expected: &[&str]) {
    let mut lines = out.lines().map(str::trim_start);
    for start in expected {
        assert!(
            lines.any(|line| line.starts_with(start)),
            "no line `{start}...` where it should be:\n{out}"
        );
    }
}

#[test]
fn the_error_kernel_survives_a_meltdown() {
    let out = run("error_kernel");
    assert_lines(
        &out,
        &[
            "Before:",
            "clinic [one for one] running, 0 of 3 restarts",
            "clinic/application: `clinic/application/plugin-host`",
            "clinic/application: supervisor `clinic/application` gave up",
            "clinic/application: supervisor `clinic/application` is up",
            "After:",
            "clinic [one for one] running, 1 of 3 restarts",
            "checked: the kernel still runs in the same incarnations",
            "checked: the application runs in new ones",
            "checked: who was logged in still is",
            "checked: of ",
        ],
    );
    assert_eq!(out.matches("crashed after").count(), 4, "{out}");
}

#[test]
fn the_pipeline_writes_each_record_once() {
    let out = run("pipeline");
    assert_lines(
        &out,
        &[
            "pipeline: `pipeline/reader` started",
            "pipeline: `pipeline/processor` started",
            "pipeline: `pipeline/writer` started",
            "pipeline: `pipeline/processor` (incarnation 2) crashed",
            "pipeline: `pipeline/processor` started",
            "pipeline: `pipeline/writer` started",
            "pipeline: `pipeline/writer` (incarnation 5) crashed",
            "pipeline: `pipeline/writer` started",
            "pipeline: supervisor `pipeline` shut itself down",
            "checked: the pipeline ended because all was written",
            "checked: the reader was started once, the processor twice, the writer three times",
            "checked: the file was read once",
            "checked: each of 1000 records was written exactly once, in order",
        ],
    );
}

#[test]
fn coordinated_state_is_whole_only_under_one_for_all() {
    let out = run("coordinated_state");
    assert_lines(
        &out,
        &[
            "OneForOne:",
            "100 transfers: ",
            "OneForAll:",
            "100 transfers: 300 + 1700 = 2000 of 2000",
            "checked: restarted alone, the accounts no longer agree: money is missing",
            "checked: restarted together, all transfers are made and no money is lost",
        ],
    );
}

#[test]
fn the_drills_go_as_they_should() {
    let out = run("drills");
    assert_lines(
        &out,
        &[
            "1. A link",
            "`shell/linked` ended: error: oops",
            "checked: who is linked ends with the same reason",
            "2. The same with exits trapped",
            "`shell/trapping` reads: `shell/bomb` ended: error: oops",
            "`shell/trapping` reads: told to exit: error: behave yourself",
            "checked: who traps exits reads the signals and lives",
            "checked: but a kill cannot be trapped",
            "3. A monitor",
            "checked: who watches ends in its own way",
            "4. A child specification",
            "ok from incarnation 1",
            "ok from incarnation 2",
            "checked: the specification outlives its process and starts another",
            "5. The cache is killed",
            "starting the cache, incarnation 1",
            "starting the cache, incarnation 2",
            "the cache was incarnation 1 and is now 2",
            "Alice's list: [\"write to Bob\"]",
            "checked: a new cache runs under the old name",
            "checked: and Alice's list is there",
        ],
    );
}

#[test]
fn one_of_a_thousand_workers_is_restarted() {
    let out = run("thousand_workers");
    assert_lines(
        &out,
        &[
            "1000 workers started in ",
            "ward: `ward/#500` (incarnation 500) crashed",
            "from the bad reading to the new worker: ",
            "checked: all 1000 workers run",
            "checked: only the worker of patient 500 is a new one",
            "checked: the other 999 have all their readings",
            "checked: the new one goes on with what came after the crash",
        ],
    );
    assert!(out.contains("error: `36.b` is no reading"), "{out}");
}

#[test]
fn websocket_tree() {
    let out = run("websocket_tree");
    assert_lines(
        &out,
        &[
            "20 users are connected:",
            "The server's side of user 7 panics.",
            "User 7 is back; the other 19 never lost their connection.",
            "Everything that has to do with websockets is killed.",
            "All users are back after",
            "app [one for one] running, 1 of 3 restarts",
            "The database and the jobs (",
            "stopped in",
        ],
    );
}

#[test]
fn the_breaker_of_the_fhir_server_opens_and_closes_with_its_causes() {
    let out = run("fhir_breaker");
    let turns: Vec<&str> = out
        .lines()
        .filter_map(|line| line.split_once(" s  fhir: "))
        .map(|(_, turn)| turn.split_once(" for ").map_or(turn, |(turn, _)| turn))
        .collect();
    assert_eq!(turns.first(), Some(&"closed -> open"), "{out}");
    assert_eq!(turns.last(), Some(&"half_open -> closed"), "{out}");
    // In between it is open and half open in turn, however often.
    let between = &turns[1..turns.len() - 1];
    for (number, turn) in between.iter().enumerate() {
        let expected = ["open -> half_open", "half_open -> open"][number % 2];
        assert_eq!(*turn, expected, "{out}");
    }
    assert_in_order(
        &out,
        &[
            "the server is well",
            "well: ",
            "the server is slow",
            "fhir: closed -> open for ",
            "calls were slow",
            "fhir: half_open -> open for ",
            "a probe was slow",
            "the server is overloaded",
            "fhir: half_open -> open for ",
            "a probe failed",
            "the server is refusing connections",
            "fhir: half_open -> open for ",
            "a probe failed",
            "the server is back",
            "fhir: half_open -> closed",
            "back: ",
            "checked: slow answers opened the circuit",
            "checked: probes that were slow",
            "checked: it closed when the server was back",
            "checked: no call that was turned away reached the server",
            "checked: whoever was turned away had the last good copy",
        ],
    );
}

#[test]
fn alices_list_is_there_after_every_crash() {
    let out = run("todo");
    let there = |after: &str| format!("checked: Alice's list is there after {after}");
    let lines = [
        "> kill Alice".to_owned(),
        there("her list server was killed"),
        there("a database worker was killed"),
        "> add Alice a bug report".to_owned(),
        there("a worker crashed with her entry in its hands"),
        there("all database workers were killed"),
        there("all list servers were killed"),
        "put aside after 3 attempts: `poison` of Mallory (the worker panicked: no worker"
            .to_owned(),
        "checked: who asked for poison is told".to_owned(),
        there("an entry of somebody else killed whichever worker had it"),
        "todo [one for one] running, ".to_owned(),
        there("the system was stopped and started again"),
        there("her list server had gone to sleep"),
        there("the whole process was killed"),
    ];
    assert_lines(&out, &lines.each_ref().map(String::as_str));
    let kept = out.matches("none is lost, and none is there twice");
    assert_eq!(kept.count(), 3, "{out}");
}

#[test]
fn the_overloaded_worker_serves_more_in_time_if_it_serves_fewer() {
    let out = run("overloaded_worker");
    assert_lines(
        &out,
        &[
            "0.25 s: ",
            "unbounded channel",
            "Reject, room for 10",
            "DropOldest, room for 10",
            "AdaptiveLifo",
            "CoDel",
            "checked: behind the unbounded channel somebody was served after more than a second",
            "checked: most of what was served there was served too late",
            "checked: Reject, room for 10: at least twice as many served in time",
            "checked: DropOldest, room for 10: at least twice as many served in time",
            "checked: AdaptiveLifo: at least twice as many served in time",
            "checked: CoDel: at least twice as many served in time",
            "checked: whoever was turned away cost the worker nothing",
        ],
    );
    assert!(
        out.contains(" queue full") && out.contains(" evicted"),
        "{out}"
    );
}

#[test]
fn a_burst_of_background_work_does_not_touch_critical_work() {
    let out = run("pools");
    assert_lines(
        &out,
        &[
            "Without a bulkhead:",
            "critical",
            "The bulkhead in the middle of the burst:",
            "bulkhead pools: ",
            "With it:",
            "critical",
            "normal",
            "background",
            "checked: without it, a third of the critical callers gave up",
            "checked: with it, every critical call was served",
            "checked: 19 of 20 of them did not wait for others",
            "checked: 19 of 20 normal ones were",
            "checked: the background jobs were turned away, came again, and were all done",
            "checked: nothing is left in the bulkhead",
        ],
    );
}

#[test]
fn slow_analytics_hurt_nobody_who_has_connections_of_his_own() {
    let out = run("database_pools");
    assert_lines(
        &out,
        &[
            "One pool for all:",
            "main",
            "Split in main 20, reporting 5, analytics 5:",
            "main",
            "checked: in one pool, an eighth of the look-ups were given up",
            "checked: in a pool that is split, every look-up was answered in time",
            "checked: so was every report",
            "checked: analytics had five connections at the most",
            "checked: all connections are back",
        ],
    );
}

#[test]
fn each_answer_says_where_it_comes_from_while_the_database_is_away() {
    let out = run("degraded_answers");
    assert_lines(
        &out,
        &[
            "The database is there:",
            "product 1: 11 left          from database",
            "checked: all answers are those of the database",
            "The database is away:",
            "product 1: 11 left          from stale",
            "checked: what was asked before is answered as it was",
            "checked: nobody has asked for product 10 before",
            "checked: the circuit is open",
            "The fallback is switched off in the file:",
            "product 1:",
            "checked: the same requests are errors",
            "The database and the fallback are back:",
            "checked: all answers are those of the database again",
        ],
    );
}

#[test]
fn a_stack_around_axum_routes_tries_again_lets_be_and_turns_away() {
    let out = run("axum_stack");
    assert_lines(
        &out,
        &[
            "Every fourth time that the store is asked it fails:",
            "20 PUTs:  {200: 20}, ",
            "20 GETs:  {200: 20}, ",
            "12 POSTs: {200: 9, 502: 3}, the store was asked 12 times",
            "checked: all GETs and PUTs were answered",
            "checked: no POST was sent to the store twice",
            "The store is gone:",
            "one more: 503, Retry-After: Some(1)",
            "checked: it was left alone",
            "The store is back:",
            "20 GETs:  {200: 20}, ",
            "checked: who comes back when he was told is served",
            "Ten reports at once, for which there are two places:",
            "10 GETs:  {200: ",
            "checked: there never were more than two",
            "A report without an end:",
            "one GET:  504 after ",
            "checked: it has one after all",
        ],
    );
}

#[test]
fn a_stack_around_a_reqwest_client_gets_what_there_is_to_get() {
    let out = run("reqwest_stack");
    assert_lines(
        &out,
        &[
            "Every third time that the shop is asked it fails:",
            "12 prices: 12 answered, ",
            "12 orders: 8 answered, 4 failed, ",
            "12 orders with a key: 12 answered, ",
            "checked: prices, and orders that the shop knows again",
            "checked: no other order was sent twice",
            "It has too much to do",
            "1 prices: 1 answered, ",
            "checked: so it was asked again after a second",
            "It says to come back in a minute:",
            "1 prices: 1 with the last price ",
            "checked: nobody waits for that",
            "It takes 600 ms for each answer",
            "50 prices: 50 with the last price ",
            "checked: the circuit opened",
            "The file says that an attempt may take three seconds",
            "`shop`: field `attempt_timeout` is 3s, allowed: at most `total_timeout`",
            "checked: that cannot be, so all is as it was",
            "The file says that an attempt may take one second:",
            "taken over",
            "2 prices: 2 answered, ",
            "checked: as slow as it is, the shop answers",
        ],
    );
}

/// All of these occur, one after the other.
#[track_caller]
fn assert_in_order(out: &str, expected: &[&str]) {
    let mut rest = out;
    for part in expected {
        let at = rest.find(part);
        let at = at.unwrap_or_else(|| panic!("no `{part}` where it should be:\n{out}"));
        rest = &rest[at + part.len()..];
    }
}
