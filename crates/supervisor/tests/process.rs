//! Children that are operating-system processes, with real ones.
#![cfg(target_os = "linux")]

mod common;
#[path = "common/proc.rs"]
mod proc;
#[path = "common/real.rs"]
mod real;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use seaworthy_supervisor::{
    Child, CrashReport, DynamicSupervisor, ExitReason, Process, ProcessError, ProcessExit,
    ProcessIo, Restart, Shutdown, StartError, StartFailure, StopSignal, Supervisor,
};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::time::Instant;

use common::{Log, Seen, children, idle, millis, secs};
use proc::{MARK, families, is_guard, mark, marked};
use real::{eventually, in_time};

/// A shell script whose processes have this mark.
fn script(mark: &str, script: &str) -> Process {
    Process::new("sh").args(["-c", script]).env(MARK, mark)
}

/// A script that tells when it is there.
fn told(mark: &str, text: &str) -> Process {
    script(mark, text).ready_when(|line| line == "up")
}

async fn start(child: Child) -> Supervisor {
    let root = Supervisor::builder("app").intensity(1000, secs(60));
    in_time(root.child(child).start()).await.unwrap()
}

/// Notes each line, except for what a shell says when a `sleep` of its own was ended with it.
fn noted(log: &Log) -> impl Fn(&str) + Send + Sync + 'static {
    let log = log.clone();
    move |line| {
        if line != "Terminated" {
            log.add(line);
        }
    }
}

#[track_caller]
fn exit(reason: &ExitReason) -> &ProcessExit {
    let ExitReason::Error(error) = reason else {
        panic!("{reason}")
    };
    let exit = error.downcast_ref();
    exit.unwrap_or_else(|| panic!("{error}"))
}

/// The first crash of a process that runs this script.
async fn crash_of(process: Process) -> CrashReport {
    let seen = Seen::new();
    let child = Child::process("w", process).restart(Restart::Temporary);
    let root = Supervisor::builder("app").child(child).events(&seen.events);
    let root = in_time(root.start()).await.unwrap();
    let mut crashes = Vec::new();
    eventually("it crashes", || {
        crashes.append(&mut seen.crashes());
        !crashes.is_empty()
    })
    .await;
    in_time(root.stop()).await;
    crashes.remove(0)
}

async fn nothing_is_left(mark: &str) {
    eventually("nothing is left", || families(mark).is_empty()).await;
}

/// Exit code, signal and the last lines of stderr are in the crash report.
#[tokio::test]
async fn a_crash_is_told_with_status_and_last_words() {
    let text = "echo one >&2; echo; printf 'tw' >&2; printf 'o\\n\\nlast' >&2; exit 3";
    let report = crash_of(script("", text)).await;
    let exited = exit(&report.reason);
    assert_eq!((exited.code(), exited.signal()), (Some(3), None));
    assert_eq!(exited.stderr, ["one", "two", "last"]);
    assert_eq!(&*exited.program, "sh");
    assert_eq!(
        report.reason.to_string(),
        "error: `sh` ended with exit status: 3; stderr: one | two | last"
    );

    for (name, number) in [("ABRT", 6), ("KILL", 9), ("TERM", 15)] {
        let text = format!("echo here >&2; kill -{name} $$; sleep 60");
        let report = crash_of(script("", &text)).await;
        let exited = exit(&report.reason);
        assert_eq!((exited.code(), exited.signal()), (None, Some(number)));
        assert_eq!(exited.stderr, ["here"]);
    }
}

/// However much it says, the last of it is kept, and it is never held up.
#[tokio::test]
async fn the_last_words_are_bounded() {
    let report = crash_of(script("", "seq 1 200000 >&2; exit 1")).await;
    let lines = &exit(&report.reason).stderr;
    assert_eq!(
        (lines.len(), &*lines[0], &*lines[19]),
        (20, "199981", "200000")
    );

    let hostile = "head -c 20000000 /dev/zero | tr '\\0' '\\377' >&2; exit 1";
    let report = crash_of(script("", hostile)).await;
    let lines = &exit(&report.reason).stderr;
    let bytes: usize = lines.iter().map(String::len).sum();
    assert!((2000..=4096).contains(&bytes), "{bytes}");
}

#[tokio::test]
async fn each_line_is_shown() {
    let log = Log::default();
    let process = script(
        "",
        "echo a >&2; echo nothing; echo b >&2; printf c >&2; exit 1",
    );
    crash_of(process.on_stderr(noted(&log))).await;
    assert_eq!(log.take(), "a b c");

    // What shows them may panic, and says when the child is ready.
    let process = script("", "echo a >&2; exec sleep 600").on_stderr(|line| panic!("no {line}"));
    let report = crash_of(process).await;
    assert!(matches!(&report.reason, ExitReason::Panic(panic) if panic.message() == "no a"));
}

#[tokio::test]
async fn exit_status_0_is_a_normal_end() {
    let seen = Seen::new();
    let child = Child::process("w", script("", "echo done >&2; exit 0"));
    let root = Supervisor::builder("app").events(&seen.events);
    let root = root.child(child.restart(Restart::Transient)).start();
    let root = in_time(root).await.unwrap();
    eventually("it ended", || root.child("w").is_none_or(|w| !w.is_alive())).await;
    assert_eq!(children(&root).await, "w?", "not restarted");
    assert!(seen.crashes().is_empty());
    in_time(root.stop()).await;
}

/// One that listens has its time; the guard outlives the signal.
#[tokio::test]
async fn sigterm_is_listened_to() {
    let (mark, log) = (mark(), Log::default());
    let text =
        "trap 'sleep 0.1; echo bye >&2; exit 0' TERM; echo up >&2; while :; do sleep 0.01; done";
    let process = told(&mark, text).on_stderr(noted(&log));
    let root = start(Child::process("w", process)).await;
    let members = families(&mark);
    assert!(members.iter().any(|seen| is_guard(seen.pid)), "{members:?}");
    let monitor = root.child("w").unwrap().monitor();
    let report = in_time(root.shutdown(secs(20))).await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(monitor.await.reason.kind(), "normal");
    assert_eq!(log.take(), "up bye");
    assert!(families(&mark).is_empty(), "gone when it is told");

    // One that dies of it, by itself or as a shell says it.
    for end in ["", "trap 'exit 143' TERM; "] {
        let text = format!("{end}echo up >&2; while :; do sleep 0.01; done");
        let root = start(Child::process("w", told(&mark, &text))).await;
        let monitor = root.child("w").unwrap().monitor();
        assert!(in_time(root.stop()).await.is_clean());
        assert!(matches!(monitor.await.reason, ExitReason::Shutdown(None)));
    }

    // One that fails on its way out says so; it does not count as a crash.
    let seen = Seen::new();
    let text = "trap 'echo disk full >&2; exit 4' TERM; echo up >&2; while :; do sleep 0.01; done";
    let root = Supervisor::builder("app").events(&seen.events);
    let root = root.child(Child::process("w", told(&mark, text)));
    let root = in_time(root.start()).await.unwrap();
    let monitor = root.child("w").unwrap().monitor();
    in_time(root.stop()).await;
    let reason = monitor.await.reason;
    assert_eq!(exit(&reason).code(), Some(4));
    // Between the two the shell may say that the signal ended its `sleep`.
    let told = &exit(&reason).stderr;
    assert_eq!(told.first().map(String::as_str), Some("up"));
    assert_eq!(told.last().map(String::as_str), Some("disk full"));
    assert!(seen.crashes().is_empty());
}

#[tokio::test]
async fn another_signal_or_none() {
    let mark = mark();
    // Not one that is ignored by whatever a shell starts in the background, and cannot be trapped by that.
    let text = "trap 'exit 0' USR1; trap '' TERM; echo up >&2; while :; do sleep 0.01; done";
    let process = told(&mark, text).stop_signal(StopSignal::User1);
    let root = start(Child::process("w", process)).await;
    let monitor = root.child("w").unwrap().monitor();
    assert!(in_time(root.stop()).await.is_clean());
    assert_eq!(monitor.await.reason.kind(), "normal");

    // Ended by the end of its stdin.
    let process = Process::new("cat").env(MARK, &mark).stop_signal(None);
    let process = process.piped(|io: ProcessIo, cx| async move {
        cx.shutdown().await;
        drop(io);
        Ok(())
    });
    let root = start(Child::process("w", process)).await;
    let monitor = root.child("w").unwrap().monitor();
    assert!(in_time(root.stop()).await.is_clean());
    assert_eq!(monitor.await.reason.kind(), "normal");
    assert!(families(&mark).is_empty());
}

/// When the time is over, it is SIGKILL, for all of the group; also for one that is stopped.
#[tokio::test]
async fn ignored_sigterm_is_followed_by_sigkill() {
    for stopped in [false, true] {
        let mark = mark();
        let text = "trap '' TERM; sleep 600 & echo up >&2; while :; do sleep 600; done";
        let child = Child::process("w", told(&mark, text));
        let root = start(child.shutdown(Shutdown::Timeout(millis(150)))).await;
        eventually("all are there", || families(&mark).len() == 4).await;
        if stopped {
            let group = families(&mark)[0].group;
            proc::signal("STOP", -i64::from(group));
        }
        let began = Instant::now();
        let report = in_time(root.stop()).await;
        assert!(began.elapsed() >= millis(150), "{:?}", began.elapsed());
        assert_eq!((report.stopped, report.killed), (0, 1));
        assert!(families(&mark).is_empty(), "gone when it is told");
    }
}

/// A brutal kill and one from outside do not ask.
#[tokio::test]
async fn a_kill_is_sigkill_at_once() {
    let (mark, log) = (mark(), Log::default());
    let text = "trap 'echo bye >&2; exit 0' TERM; echo up >&2; while :; do sleep 0.01; done";
    let process = told(&mark, text).on_stderr(noted(&log));
    let root = start(Child::process("w", process).shutdown(Shutdown::BrutalKill)).await;
    let child = root.child("w").unwrap();
    let first = marked(&mark)[0].group;
    let monitor = child.monitor();
    assert!(child.kill());
    assert!(matches!(in_time(monitor).await.reason, ExitReason::Killed));
    eventually("the next one", || {
        marked(&mark)
            .first()
            .is_some_and(|seen| seen.group != first)
    })
    .await;
    let mut words = String::new();
    eventually("both were ready", || {
        words.push_str(&log.take());
        words.matches("up").count() == 2
    })
    .await;
    let report = in_time(root.stop()).await;
    assert_eq!(report.killed, 1);
    assert!(families(&mark).is_empty());
    assert!(!log.take().contains("bye"));
}

/// What a process leaves behind when it crashes is ended, with and without a guard.
#[tokio::test]
async fn leftovers_are_ended() {
    for guarded in [true, false] {
        let mark = mark();
        let text = "trap '' TERM; sleep 600 & sleep 600 & echo last >&2; exit 1";
        let report = crash_of(script(&mark, text).guard(guarded)).await;
        assert_eq!(exit(&report.reason).stderr, ["last"]);
        assert!(families(&mark).is_empty(), "guarded: {guarded}");
    }
}

/// The rest of a group that was told to stop has the time that its first process does not need.
#[tokio::test]
async fn others_of_the_group_have_the_time_to_stop() {
    for guarded in [true, false] {
        let (mark, log) = (mark(), Log::default());
        let text = "(trap 'sleep 0.2; echo saved >&2; exit' TERM; echo up >&2; \
                    while :; do sleep 0.01; done) & wait";
        let process = told(&mark, text).guard(guarded);
        let process = process.on_stderr(noted(&log));
        let root = start(Child::process("w", process)).await;
        assert!(in_time(root.stop()).await.is_clean());
        assert_eq!(log.take(), "up saved", "guarded: {guarded}");
        assert!(families(&mark).is_empty());
    }
    // Not for ever.
    let mark = mark();
    let text = "(trap '' TERM; echo up >&2; while :; do sleep 600; done) & wait";
    let child = Child::process("w", told(&mark, text)).shutdown(Shutdown::Timeout(millis(100)));
    let report = in_time(start(child).await.stop()).await;
    assert_eq!(report.killed, 1);
    assert!(families(&mark).is_empty());
}

/// Restarted again and again, with children of its own: each time a new process, and nothing of the old one is there.
#[tokio::test]
async fn never_overlaps_the_next_incarnation() {
    for guarded in [true, false] {
        let (mark, pids) = (mark(), Arc::new(Mutex::new(Vec::new())));
        let (theirs, noted) = (mark.clone(), Arc::clone(&pids));
        let process = script(&mark, "sleep 600 & read -r _; exit 1").guard(guarded);
        let process = process.piped(move |mut io: ProcessIo, _cx| {
            let others = marked(&theirs).into_iter();
            let others: Vec<_> = others
                .filter(|seen| Some(seen.group) != proc::stat(io.pid).map(|seen| seen.group))
                .collect();
            noted.lock().unwrap().push((io.pid, others));
            async move {
                io.stdin.write_all(b"go\n").await?;
                std::future::pending().await
            }
        });
        let root = start(Child::process("w", process)).await;
        eventually("many", || pids.lock().unwrap().len() > 30).await;
        in_time(root.stop()).await;
        assert!(families(&mark).is_empty());
        let pids = pids.lock().unwrap();
        let different: BTreeSet<u32> = pids.iter().map(|(pid, _)| *pid).collect();
        assert_eq!(different.len(), pids.len());
        let overlaps: Vec<_> = pids
            .iter()
            .filter(|(_, others)| !others.is_empty())
            .collect();
        assert!(overlaps.is_empty(), "guarded: {guarded}: {overlaps:?}");
    }
}

/// A process that is killed from outside is a crash, and so is the loss of its guard.
#[tokio::test]
async fn a_lost_guard_is_a_crash() {
    let (mark, seen) = (mark(), Seen::new());
    let child = Child::process("w", told(&mark, "echo up >&2; exec sleep 600"));
    let root = Supervisor::builder("app").events(&seen.events).child(child);
    let root = in_time(root.start()).await.unwrap();
    let guard = |mark| families(mark).into_iter().find(|seen| is_guard(seen.pid));
    let first = guard(&mark).expect("there is one");
    proc::signal("KILL", i64::from(first.pid));
    let mut crashes = Vec::new();
    eventually("it crashes", || {
        crashes.append(&mut seen.crashes());
        !crashes.is_empty()
    })
    .await;
    assert_eq!(
        crashes[0].reason.to_string(),
        "error: the guard of `sh` was killed"
    );
    let next = |mark| guard(mark).filter(|next| next.pid != first.pid);
    eventually("it is guarded again", || next(&mark).is_some()).await;

    // The whole group but the guard, which takes no notice.
    let group = next(&mark).unwrap().group;
    eventually("it runs", || families(&mark).len() == 2).await;
    proc::signal("TERM", -i64::from(group));
    eventually("it crashes", || {
        crashes.append(&mut seen.crashes());
        crashes.len() == 2
    })
    .await;
    assert_eq!(exit(&crashes[1].reason).signal(), Some(15));
    in_time(root.stop()).await;
    nothing_is_left(&mark).await;
}

#[tokio::test]
async fn no_guard_if_none_is_wanted() {
    let mark = mark();
    let process = told(&mark, "echo up >&2; exec sleep 600").guard(false);
    let root = start(Child::process("w", process)).await;
    let [only] = families(&mark)[..] else {
        panic!("{:?}", families(&mark))
    };
    assert_eq!(only.pid, only.group, "it leads its group");
    assert!(in_time(root.stop()).await.is_clean());
    nothing_is_left(&mark).await;
}

#[tokio::test]
async fn has_its_environment_and_directory() {
    let said = Arc::new(Mutex::new(String::new()));
    let noted = Arc::clone(&said);
    let process = Process::new("/bin/sh")
        .arg("-c")
        .args(["pwd; echo \"$1\"; env", "zero", "a b\"$HOME"])
        .env("LOST", "1")
        .env_clear()
        .env("KEPT", "2")
        .env("GONE", "3")
        .env_remove("GONE")
        .current_dir("/usr")
        .piped(move |mut io: ProcessIo, _cx| {
            let noted = Arc::clone(&noted);
            async move {
                let mut text = String::new();
                io.stdout.read_to_string(&mut text).await?;
                *noted.lock().unwrap() = text;
                Ok(())
            }
        });
    let root = start(Child::process("w", process).restart(Restart::Temporary)).await;
    eventually("it spoke", || !said.lock().unwrap().is_empty()).await;
    in_time(root.stop()).await;
    let said = said.lock().unwrap();
    let mut lines = said.lines();
    assert_eq!(lines.next(), Some("/usr"));
    assert_eq!(lines.next(), Some("a b\"$HOME"));
    let mut vars: Vec<_> = lines.filter(|line| !line.starts_with("PWD=")).collect();
    vars.sort_unstable();
    assert_eq!(vars, ["KEPT=2"], "{said}");
}

/// How a child fails to start, and that nothing is left of it.
async fn start_error(process: Process) -> StartError {
    let child = Child::process("w", process.env("X", "1")).start_timeout(millis(200));
    let root = Supervisor::builder("app").child(idle("a")).child(child);
    in_time(root.start()).await.unwrap_err()
}

#[track_caller]
fn process_error(error: &StartError) -> &ProcessError {
    let StartFailure::Exited(ExitReason::Error(cause)) = &error.root_cause().cause else {
        panic!("{error}")
    };
    cause.downcast_ref().unwrap_or_else(|| panic!("{cause}"))
}

#[tokio::test]
async fn what_cannot_be_started_fails_to_start() {
    let nowhere = "/nowhere/to/be/found";
    let error = start_error(Process::new(nowhere)).await;
    let ProcessError::Spawn { program, source } = process_error(&error) else {
        panic!("{error}")
    };
    assert_eq!(
        (&**program, source.kind()),
        (nowhere, std::io::ErrorKind::NotFound)
    );
    assert!(
        error
            .to_string()
            .starts_with("cannot start `app/w`: error: cannot start `/nowhere/to/be/found`: "),
        "{error}"
    );

    // There, but no program.
    for program in ["/etc/passwd", "/etc"] {
        let error = start_error(Process::new(program)).await;
        assert!(
            matches!(process_error(&error), ProcessError::Spawn { source, .. }
            if source.kind() == std::io::ErrorKind::PermissionDenied),
            "{error}"
        );
    }
    let error = start_error(Process::new("no-such-program-in-the-path").guard(false)).await;
    assert!(
        matches!(process_error(&error), ProcessError::Spawn { .. }),
        "{error}"
    );
    let error = start_error(Process::new("sh").current_dir(nowhere)).await;
    assert!(
        matches!(process_error(&error), ProcessError::Directory { directory, .. }
        if directory.as_os_str() == nowhere),
        "{error}"
    );
    // More than the system takes.
    let error = start_error(Process::new("sh").arg("x".repeat(5_000_000))).await;
    assert!(
        matches!(process_error(&error), ProcessError::Spawn { source, .. }
        if source.kind() == std::io::ErrorKind::ArgumentListTooLong),
        "{error}"
    );

    let bad = [
        (Process::new(""), "process.program", "\"\""),
        (Process::new("a\0b"), "process.program", "\"a\\0b\""),
        (
            Process::new("sh").args(["-c", "\0"]),
            "process.args",
            "\"\\0\"",
        ),
        (Process::new("sh").env("A=B", "x"), "process.env", "\"A=B\""),
        (Process::new("sh").env("", "x"), "process.env", "\"\""),
        (
            Process::new("sh").env_remove("\0"),
            "process.env",
            "\"\\0\"",
        ),
        (
            Process::new("sh").env("KEY", "secret\0"),
            "process.env",
            "\"...\"",
        ),
        (
            Process::new("sh").current_dir(""),
            "process.current_dir",
            "\"\"",
        ),
        (
            Process::new("sh").current_dir("\0"),
            "process.current_dir",
            "\"\\0\"",
        ),
    ];
    for (process, field, value) in bad {
        let error = start_error(process).await;
        let ProcessError::Invalid(invalid) = process_error(&error) else {
            panic!("{error}")
        };
        assert_eq!(
            (
                invalid.component.as_str(),
                invalid.field,
                invalid.value.as_str()
            ),
            ("app/w", field, value)
        );
    }
}

/// The children after it wait until it is ready.
#[tokio::test]
async fn is_ready_when_it_says_so() {
    let (mark, log) = (mark(), Log::default());
    let after = log.clone();
    let text = "echo loading >&2; sleep 0.1; echo listening on 80 >&2; exec sleep 600";
    let process = script(&mark, text).ready_when(|line| line.starts_with("listening"));
    let process = process.on_stderr(noted(&log));
    let root = Supervisor::builder("app")
        .child(Child::process("w", process))
        .child(Child::task("after", move |_cx| {
            after.add("after");
            std::future::pending()
        }));
    let root = in_time(root.start()).await.unwrap();
    eventually("all have begun", || log.clone().take().contains("after")).await;
    in_time(root.stop()).await;

    // Never ready, in either way.
    let never = [
        script(&mark, "echo loading >&2; sleep 600").ready_when(|line| line == "up"),
        script(&mark, "sleep 600")
            .wait_ready()
            .piped(|_io, _cx| std::future::pending()),
        script(&mark, "sleep 600").wait_ready(),
    ];
    for process in never {
        let error = start_error(process).await;
        let StartFailure::Exited(ExitReason::StartTimeout(limit)) = error.root_cause().cause else {
            panic!("{error}")
        };
        assert_eq!(limit, millis(200));
        assert!(families(&mark).is_empty());
    }

    // Gone before it was ready.
    let error = start_error(told(&mark, "echo no port >&2; exit 9")).await;
    let StartFailure::Exited(reason) = &error.root_cause().cause else {
        panic!("{error}")
    };
    assert_eq!(exit(reason).stderr, ["no port"]);

    // Ready when whoever talks to it says so.
    let process = script(&mark, "read -r line; echo \"$line\"; exec sleep 600").wait_ready();
    let process = process.piped(|mut io: ProcessIo, cx| async move {
        io.stdin.write_all(b"hello\n").await?;
        let mut lines = BufReader::new(&mut io.stdout).lines();
        assert_eq!(lines.next_line().await?.as_deref(), Some("hello"));
        cx.ready();
        std::future::pending().await
    });
    let root = start(Child::process("w", process)).await;
    in_time(root.stop()).await;
    assert!(families(&mark).is_empty());
}

/// Whoever talks to the process fails: that ends the child and the process.
#[tokio::test]
async fn the_end_of_the_talk() {
    let mark = mark();
    let sleeper = || script(&mark, "sleep 600 & sleep 600");
    let report = crash_of(sleeper().piped(|_io, _cx| async { Err("bad answer".into()) })).await;
    assert_eq!(report.reason.to_string(), "error: bad answer");
    assert!(families(&mark).is_empty());
    let report = crash_of(sleeper().piped(|_io, _cx| async { panic!("no answer") })).await;
    assert!(matches!(&report.reason, ExitReason::Panic(panic) if panic.message() == "no answer"));
    assert!(families(&mark).is_empty());
    // Already when it is called: then the child is not ready yet.
    let has_pid = |io: &ProcessIo| io.pid > 0;
    let process = sleeper().piped(move |io, _cx| {
        assert!(!has_pid(&io), "no pipe");
        std::future::pending()
    });
    let error = start_error(process).await;
    let StartFailure::Exited(ExitReason::Panic(panic)) = &error.root_cause().cause else {
        panic!("{error}")
    };
    assert_eq!(panic.message(), "no pipe");
    assert!(families(&mark).is_empty());

    // The crash of a process is the cause, a closed pipe is not.
    let text = "read -r _; echo out of memory >&2; exit 5";
    let process = script(&mark, text).piped(|mut io: ProcessIo, _cx| async move {
        io.stdin.write_all(b"go\n").await?;
        let mut answer = String::new();
        if io.stdout.read_to_string(&mut answer).await? == 0 {
            return Err("it closed its stdout".into());
        }
        Ok(())
    });
    let report = crash_of(process).await;
    assert_eq!(exit(&report.reason).stderr, ["out of memory"]);

    // Done, and the process goes on until it ends by itself; closing its stdin makes it.
    let process = script(&mark, "cat; exit 6").piped(|_io, _cx| async { Ok(()) });
    let report = crash_of(process).await;
    assert_eq!(exit(&report.reason).code(), Some(6));
}

/// What it had written before it ended well is read to the end; after a crash nobody waits.
#[tokio::test]
async fn the_rest_of_the_output() {
    let lines = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&lines);
    let text = "seq 1 5000; exit 0";
    let process = script("", text).piped(move |io: ProcessIo, _cx| {
        let counted = Arc::clone(&counted);
        async move {
            let mut lines = BufReader::new(io.stdout).lines();
            while lines.next_line().await?.is_some() {
                *counted.lock().unwrap() += 1;
                tokio::task::yield_now().await;
            }
            Ok(())
        }
    });
    let root = start(Child::process("w", process).restart(Restart::Temporary)).await;
    eventually("all were read", || *lines.lock().unwrap() == 5000).await;
    in_time(root.stop()).await;

    // The fastest of some, since starting a program may take long on a busy machine.
    let mut fastest = Duration::MAX;
    for _ in 0..5 {
        let began = Instant::now();
        crash_of(script("", "exit 1").piped(|_io, _cx| std::future::pending())).await;
        fastest = fastest.min(began.elapsed());
    }
    assert!(fastest < millis(800), "{fastest:?}");
}

/// Somebody who left the group keeps the pipe open: that is not waited for, or not for long.
#[tokio::test]
async fn who_leaves_the_group_holds_nothing_up() {
    let mark = mark();
    let text = "setsid sleep 600 & echo gone >&2; sleep 0.05; exit 1";
    let report = crash_of(script(&mark, text)).await;
    assert_eq!(exit(&report.reason).stderr, ["gone"]);
    let escaped = marked(&mark);
    assert_eq!(escaped.len(), 1, "as the docs say");
    proc::signal("KILL", i64::from(escaped[0].pid));
    nothing_is_left(&mark).await;
}

/// Instances of a template.
#[tokio::test]
async fn instances() {
    let mark = mark();
    let theirs = mark.clone();
    let template = Child::template_process(move |time: Duration| {
        let seconds = time.as_secs().to_string();
        Process::new("sleep").arg(seconds).env(MARK, &theirs)
    });
    let pool = DynamicSupervisor::builder("pool").template(template.restart(Restart::Temporary));
    let pool = in_time(pool.start()).await.unwrap();
    for _ in 0..3 {
        in_time(pool.start_child(secs(600))).await.unwrap();
    }
    assert_eq!(marked(&mark).len(), 3);
    let report = in_time(pool.shutdown(secs(20))).await;
    assert!(report.is_clean(), "{report}");
    assert!(families(&mark).is_empty());
}
