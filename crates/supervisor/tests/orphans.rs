//! However our process ends: what it started as children does not outlive it.
//!
//! This program starts itself again, as the one that is ended.
#![expect(clippy::print_stdout, reason = "the outcome is meant to be read")]

#[cfg(target_os = "linux")]
#[path = "common/proc.rs"]
mod proc;
#[cfg(target_os = "linux")]
#[path = "common/real.rs"]
mod real;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    if std::env::args().any(|arg| arg == "--list") {
        println!("orphans: test");
        return std::process::ExitCode::SUCCESS;
    }
    match std::env::var("SEAWORTHY_ORPHANS") {
        Ok(mode) => program::main(&mode),
        Err(_) => {
            tests::all();
            println!("orphans: ok");
            std::process::ExitCode::SUCCESS
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("orphans: needs /proc");
}

/// The program that is ended.
#[cfg(target_os = "linux")]
mod program {
    use std::future::pending;
    use std::process::ExitCode;
    use std::time::Duration;

    use seaworthy_supervisor::{Builder, Child, Process, Supervisor, run};

    use crate::proc::MARK;

    pub fn main(mode: &str) -> ExitCode {
        match mode {
            "run" => run(told(tree())),
            "panic" => with_runtime(|| panic!("as ordered")),
            "exit" => with_runtime(|| std::process::exit(7)),
            "abort" => with_runtime(|| std::process::abort()),
            "crashes" => run(told(crashing())),
            "default" => with_runtime(|| {}),
            other => panic!("no mode `{other}`"),
        }
    }

    /// Starts the tree in a runtime of main, waits until told, and ends.
    fn with_runtime(end: fn()) -> ExitCode {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().build().expect("a runtime");
        let _root = runtime.block_on(tree().start()).expect("it starts");
        println!("up");
        // Until told, or ended.
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).expect("a pipe");
        end();
        ExitCode::SUCCESS
    }

    /// One that ignores what can be ignored, with a child of its own.
    fn tree() -> Builder {
        let mark = std::env::var(MARK).expect("a mark");
        let ignores = "trap '' TERM INT HUP; sleep 600 & echo up >&2; while :; do sleep 600; done";
        let process = Process::new("sh").args(["-c", ignores]).env(MARK, mark);
        let child = Child::process("w", process.ready_when(|line| line == "up"));
        let time = seaworthy_supervisor::Shutdown::Timeout(Duration::from_millis(100));
        Supervisor::builder("app").child(child.shutdown(time))
    }

    /// Some that crash all the time.
    fn crashing() -> Builder {
        let mut builder = Supervisor::builder("app").intensity(u32::MAX, Duration::from_secs(1));
        for name in ["a", "b", "c"] {
            let process = Process::new("sh").args(["-c", "sleep 600 & exit 1"]);
            builder = builder.child(Child::process(name, process));
        }
        builder
    }

    /// Says when all others are up.
    fn told(builder: Builder) -> Builder {
        builder.child(Child::task("told", |_cx| async {
            println!("up");
            pending().await
        }))
    }
}

#[cfg(target_os = "linux")]
mod tests {
    use std::collections::BTreeSet;
    use std::io::{BufRead, BufReader, Write};
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Child, Command, Stdio};
    use std::time::Duration;

    use crate::proc::{self, MARK};
    use crate::real::eventually_blocking;

    pub fn all() {
        // (mode, what ends it, its exit code, the signal that ended it)
        let ends = [
            ("run", Some("TERM"), Some(2), None),
            ("run", Some("KILL"), None, Some(9)),
            ("default", Some("TERM"), None, Some(15)),
            ("default", Some("KILL"), None, Some(9)),
            ("panic", None, Some(101), None),
            ("exit", None, Some(7), None),
            ("abort", None, None, Some(6)),
        ];
        for (mode, signal, code, number) in ends {
            let what = format!("{mode} {signal:?}");
            let mark = proc::mark();
            let mut program = Program::start(mode, &mark);
            let members = proc::families(&mark);
            let ours =
                |seen: &&proc::Seen| seen.group != proc::stat(program.id()).map_or(0, |p| p.group);
            let groups: BTreeSet<u32> =
                members.iter().filter(ours).map(|seen| seen.group).collect();
            let count = || proc::in_groups(&groups).len();
            eventually_blocking("shell, guard and two sleepers", || count() == 4);
            match signal {
                Some(signal) => proc::signal(signal, program.id().into()),
                None => program.tell(),
            }
            let status = program.end();
            assert_eq!((status.code(), status.signal()), (code, number), "{what}");
            eventually_blocking("no orphan", || count() == 0);
            println!("orphans: {what}: none");
        }
        at_any_moment();
    }

    /// Killed while processes and their guards come and go.
    fn at_any_moment() {
        for moment in 0..40 {
            let mark = proc::mark();
            let mut program = Program::start("crashes", &mark);
            #[expect(clippy::disallowed_methods, reason = "to meet it at another moment")]
            std::thread::sleep(Duration::from_micros(moment * 371));
            let before = proc::all();
            proc::signal("KILL", program.id().into());
            program.end();
            eventually_blocking("no orphan", || proc::marked(&mark).is_empty());
            // Guards have no mark. One without a child of ours to guard is nobody's child.
            let groups: BTreeSet<u32> = before
                .iter()
                .filter(|seen| proc::is_guard(seen.pid) && seen.parent == program.id())
                .map(|seen| seen.group)
                .collect();
            eventually_blocking("no guard", || proc::in_groups(&groups).is_empty());
        }
        let lost = || {
            let all = proc::all().into_iter();
            let mut lost = all.filter(|seen| !seen.is_zombie && seen.parent == 1);
            lost.any(|seen| proc::is_guard(seen.pid))
        };
        eventually_blocking("no guard without parent", || !lost());
        println!("orphans: killed at any moment: none");
    }

    struct Program {
        process: Child,
    }

    impl Program {
        /// Starts it, and waits until it is up.
        fn start(mode: &str, mark: &str) -> Self {
            let this = std::env::current_exe().expect("it has a path");
            let mut command = Command::new(this);
            command.env("SEAWORTHY_ORPHANS", mode).env(MARK, mark);
            command.stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut process = command.stderr(Stdio::null()).spawn().expect("it is there");
            let mut line = String::new();
            let said = process.stdout.as_mut().expect("a pipe");
            BufReader::new(said).read_line(&mut line).expect("text");
            assert_eq!(line, "up\n", "{mode}");
            Self { process }
        }

        fn id(&self) -> u32 {
            self.process.id()
        }

        fn tell(&mut self) {
            let stdin = self.process.stdin.as_mut().expect("a pipe");
            stdin.write_all(b"end\n").expect("it reads");
        }

        fn end(&mut self) -> std::process::ExitStatus {
            let mut status = None;
            eventually_blocking("it ends", || {
                status = self.process.try_wait().expect("it is ours");
                status.is_some()
            });
            status.expect("just seen")
        }
    }

    impl Drop for Program {
        fn drop(&mut self) {
            // It is gone already, unless the test failed.
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }
}
