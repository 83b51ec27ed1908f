//! Programs that talk to systemd, over a real socket.
#![cfg(all(unix, feature = "systemd"))]

mod common;

use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use tokio::time::Instant;

use common::fixture::{Running, build};
use common::{millis, secs};

/// How long a message may take that has to come.
const PATIENCE: Duration = secs(30);

/// The service manager.
struct Manager {
    socket: UnixDatagram,
    path: PathBuf,
}

impl Manager {
    fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, SeqCst);
        let name = format!("seaworthy-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let socket = UnixDatagram::bind(&path).expect("a new path");
        Self { socket, path }
    }

    /// Starts the program, with `WatchdogSec` if there is any.
    fn start(&self, tree: &str, watchdog: Option<Duration>) -> Running {
        let mut command = program(tree);
        command.env("NOTIFY_SOCKET", &self.path);
        if let Some(watchdog) = watchdog {
            command.env("WATCHDOG_USEC", watchdog.as_micros().to_string());
        }
        Running::spawn(command)
    }

    /// The next message within `limit`, as its lines.
    fn next(&self, limit: Duration) -> Option<Vec<String>> {
        let mut buffer = [0; 4096];
        let limit = Some(limit.max(millis(1)));
        self.socket.set_read_timeout(limit).expect("above zero");
        let length = self.socket.recv(&mut buffer).ok()?;
        let text = std::str::from_utf8(&buffer[..length]).expect("text");
        Some(text.lines().map(str::to_owned).collect())
    }

    /// Reads on until a message has `line`: that one, and all lines before it.
    #[track_caller]
    fn wait_for(&self, line: &str) -> (Vec<String>, Vec<String>) {
        let mut before = Vec::new();
        while let Some(message) = self.next(PATIENCE) {
            if message.iter().any(|said| said == line) {
                return (message, before);
            }
            before.extend(message);
        }
        panic!("no `{line}` after {before:?}");
    }

    /// Everything that is said within `limit`.
    fn listen(&self, limit: Duration) -> Vec<String> {
        let end = Instant::now() + limit;
        let mut said = Vec::new();
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.next(left) {
                Some(message) if !left.is_zero() => said.extend(message),
                _ => return said,
            }
        }
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

fn program(tree: &str) -> Command {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let program: &Path = PROGRAM.get_or_init(|| build("notifying"));
    let mut command = Command::new(program);
    command.arg(tree);
    command
}

const WATCHDOG: &str = "WATCHDOG=1";
const EXTEND: &str = "EXTEND_TIMEOUT_USEC=10000000";

fn count(said: &[String], line: &str) -> usize {
    said.iter().filter(|said| *said == line).count()
}

#[track_caller]
fn ends(program: Running, code: i32) -> Vec<String> {
    let (lines, status) = program.end();
    assert_eq!(status.code(), Some(code), "{lines:?}");
    lines
}

#[test]
fn from_the_start_to_the_end() {
    let manager = Manager::new();
    let program = manager.start("up", None);
    let (up, before) = manager.wait_for("READY=1");
    assert_eq!(up, ["READY=1", "STATUS=up"]);
    assert!(
        before.is_empty(),
        "a quick start asks for nothing: {before:?}"
    );

    let sentence = "STATUS=2 workers under 2 supervisors, no crash so far";
    let (status, before) = manager.wait_for(sentence);
    assert_eq!((status.len(), before.len()), (1, 0), "no watchdog, no ping");

    program.signal("TERM");
    let (stopping, before) = manager.wait_for("STOPPING=1");
    assert_eq!(stopping, ["STOPPING=1", "STATUS=SIGTERM: stopping", EXTEND]);
    assert!(before.is_empty(), "nothing happened: {before:?}");
    ends(program, 0);
    let last = manager.listen(secs(1));
    assert!(
        last.last()
            .is_some_and(|words| words.starts_with("STATUS=stopped in ")),
        "{last:?}"
    );
}

#[test]
fn the_watchdog_is_answered() {
    let manager = Manager::new();
    let program = manager.start("up", Some(secs(3)));
    manager.wait_for("READY=1");
    let mut last = Instant::now();
    for _ in 0..4 {
        manager.wait_for(WATCHDOG);
        assert!(last.elapsed() < secs(3), "it would have bitten");
        last = Instant::now();
    }
    program.signal("TERM");
    ends(program, 0);

    // A third of its time by default, else as often as the program says.
    let manager = Manager::new();
    let program = manager.start("heartbeat", Some(secs(600)));
    manager.wait_for("READY=1");
    for _ in 0..3 {
        manager.wait_for(WATCHDOG);
    }
    program.signal("TERM");
    ends(program, 0);
}

#[test]
fn the_watchdog_of_somebody_else() {
    let manager = Manager::new();
    let own = |pid: &str| {
        let mut command = Command::new("sh");
        let script = format!("WATCHDOG_PID={pid} exec \"$0\" heartbeat");
        command
            .args(["-c", &script])
            .arg(program("heartbeat").get_program());
        command.env("NOTIFY_SOCKET", &manager.path);
        command.env("WATCHDOG_USEC", "300000");
        Running::spawn(command)
    };
    let program = own("$$");
    manager.wait_for(WATCHDOG);
    program.signal("TERM");
    ends(program, 0);
    manager.listen(millis(100));

    let program = own("1");
    manager.wait_for("READY=1");
    let said = manager.listen(secs(1));
    assert_eq!(count(&said, WATCHDOG), 0, "{said:?}");
    program.signal("TERM");
    ends(program, 0);
}

#[test]
fn a_heartbeat_that_is_too_long() {
    for (tree, watchdog, allowed) in [
        (
            "heartbeat",
            200,
            "shorter than the deadline of systemd's watchdog (WatchdogSec=200ms)",
        ),
        (
            "heartbeat",
            100,
            "shorter than the deadline of systemd's watchdog (WatchdogSec=100ms)",
        ),
        ("no-heartbeat", 100, "more than 0"),
    ] {
        let manager = Manager::new();
        let lines = ends(manager.start(tree, Some(millis(watchdog))), 1);
        let every = if tree == "heartbeat" { "200ms" } else { "0ns" };
        let sentence =
            format!("err: seaworthy: `app`: field `heartbeat` is {every}, allowed: {allowed}");
        assert_eq!(
            lines,
            [sentence],
            "nothing else is said, nothing is started"
        );
        assert!(manager.listen(millis(50)).is_empty());
    }
}

#[test]
fn nobody_asks() {
    let program = Running::spawn(program("heartbeat"));
    program.wait_for("out: ready");
    program.signal("TERM");
    let lines = ends(program, 0);
    let words = lines
        .iter()
        .filter(|line| line.starts_with("err: seaworthy"));
    assert_eq!(words.count(), 2, "{lines:?}");
}

#[test]
fn nobody_is_there() {
    let mut command = program("up");
    command
        .env("NOTIFY_SOCKET", "/nowhere/at/all")
        .env("WATCHDOG_USEC", "100000");
    let program = Running::spawn(command);
    let warning = "err: seaworthy: cannot tell systemd (NOTIFY_SOCKET=/nowhere/at/all): ";
    program.wait_for_all(&["out: ready", warning]);
    program.signal("TERM");
    let lines = ends(program, 0);
    let warnings = lines
        .iter()
        .filter(|line| line.contains("cannot tell"))
        .count();
    assert_eq!(warnings, 0, "once is enough: {lines:?}");
}

#[test]
fn nobody_reads() {
    let manager = Manager::new();
    let sender = UnixDatagram::unbound().expect("a socket");
    sender.connect(&manager.path).expect("it is there");
    sender.set_nonblocking(true).expect("it is a socket");
    while sender.send(b"full").is_ok() {}

    let program = manager.start("up", Some(millis(100)));
    program.wait_for("out: ready");
    program.signal("TERM");
    ends(program, 0);
}

#[cfg(target_os = "linux")]
#[test]
fn a_socket_outside_the_file_system() {
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::net::SocketAddr;

    let mut manager = Manager::new();
    let name = format!("seaworthy-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).expect("a short name");
    manager.socket = UnixDatagram::bind_addr(&address).expect("a new name");

    let mut command = program("up");
    command.env("NOTIFY_SOCKET", format!("@{name}"));
    let program = Running::spawn(command);
    manager.wait_for("READY=1");
    program.signal("TERM");
    manager.wait_for("STOPPING=1");
    ends(program, 0);
}

#[test]
fn a_tree_that_ends_by_itself() {
    // Who ends before it was ready has failed, in the eyes of systemd.
    let manager = Manager::new();
    ends(manager.start("done", None), 0);
    let said = manager.listen(millis(500));
    let words = [
        "READY=1",
        "STATUS=up",
        "STOPPING=1",
        "STATUS=ended in order",
    ];
    assert_eq!(said, words);
}

#[test]
fn a_tree_that_does_not_start() {
    let manager = Manager::new();
    ends(manager.start("fails-to-start", None), 1);
    let said = manager.listen(millis(500));
    assert_eq!(said, ["STATUS=cannot start `app/w`: error: no disk"]);
}

#[test]
fn crashes() {
    let manager = Manager::new();
    let program = manager.start("crashes", None);
    manager.wait_for("READY=1");
    let said = manager.listen(secs(4));
    assert!(
        (1..=5).contains(&said.len()),
        "about one a second: {said:?}"
    );
    for status in &said {
        let told = status.starts_with("STATUS=1 worker under 1 supervisor, ")
            || status.starts_with("STATUS=2 workers under 1 supervisor, ");
        assert!(
            told && status.contains(" crashes so far; the last trouble: `app/w` "),
            "{status}"
        );
        assert!(status.contains("error: no disk MAINPID=1"), "{status}");
    }
    program.signal("TERM");
    ends(program, 0);

    let manager = Manager::new();
    ends(manager.start("gives-up", None), 1);
    let said = manager.listen(secs(1));
    let last = said.last().expect("last words");
    assert!(
        last.starts_with("STATUS=the root gave up: `app/w` ended once too often"),
        "{said:?}"
    );
    assert_eq!(count(&said, "STOPPING=1"), 1, "{said:?}");
}

#[test]
fn a_start_that_takes_long() {
    let manager = Manager::new();
    let program = manager.start("slow-start", Some(secs(60)));
    let (_, before) = manager.wait_for("READY=1");
    assert!((1..=3).contains(&count(&before, EXTEND)), "{before:?}");
    let starting = "STATUS=starting: 2 workers under 1 supervisor, no crash so far";
    assert_eq!(count(&before, starting), 1, "{before:?}");
    assert_eq!(
        count(&before, WATCHDOG),
        0,
        "not before it is up: {before:?}"
    );
    program.signal("TERM");
    ends(program, 0);
}

#[test]
fn a_stop_that_takes_long() {
    for tree in ["slow-stop", "drained"] {
        let manager = Manager::new();
        let program = manager.start(tree, Some(secs(1)));
        manager.wait_for("READY=1");
        program.signal("TERM");
        let (stopping, _) = manager.wait_for("STOPPING=1");
        assert!(stopping.contains(&EXTEND.to_owned()), "{stopping:?}");
        ends(program, 0);
        let said = manager.listen(millis(100));
        // The watchdog is still there.
        assert!(count(&said, EXTEND) >= 3, "{said:?}");
        assert_eq!(count(&said, WATCHDOG), count(&said, EXTEND), "{said:?}");
    }
}

#[test]
fn a_start_that_hangs() {
    let manager = Manager::new();
    let program = manager.start("start-hangs", None);
    program.wait_for("out: hanging");
    // For as long as its time limit grants; then it is killed, but does not notice.
    manager.listen(secs(1));
    let said = manager.listen(millis(2500));
    assert_eq!(count(&said, EXTEND), 0, "{said:?}");
    program.signal("TERM");
    program.wait_for("err: seaworthy: SIGTERM");
    program.signal("TERM");
    ends(program, 143);
}

#[test]
fn a_tree_that_only_waits() {
    for tree in ["suspends", "slow-restart", "stops-for-ever"] {
        let manager = Manager::new();
        let program = manager.start(tree, Some(millis(300)));
        program.wait_for("out: ready");
        manager.wait_for(WATCHDOG);
        program.signal("USR1");
        program.wait_for("out: acting");
        manager.listen(millis(300));
        let said = manager.listen(secs(1));
        assert!(count(&said, WATCHDOG) >= 3, "{tree}: {said:?}");
        program.signal("TERM");
        program.end();
    }
}

#[test]
fn a_tree_that_hangs() {
    for tree in ["hangs", "stuck", "all-blocked"] {
        let manager = Manager::new();
        let program = manager.start(tree, Some(millis(300)));
        program.wait_for("out: ready");
        manager.wait_for(WATCHDOG);
        program.signal("USR1");
        program.wait_for("out: acting");
        // One answer may be under way.
        manager.listen(millis(300));
        let said = manager.listen(secs(1));
        assert_eq!(count(&said, WATCHDOG), 0, "{tree}: {said:?}");
        // It still ends when it is told to.
        program.signal("TERM");
        manager.wait_for("STOPPING=1");
        ends(program, 2);
    }
}
