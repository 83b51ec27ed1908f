//! Programs that tests build and run: each is a workspace of its own, with its own profiles.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

/// How long a program may be silent before it is taken to hang.
const PATIENCE: Duration = Duration::from_secs(60);

/// Builds the program in `fixtures/name`, in the target folder, and tells where it is.
pub fn build(name: &str) -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fixtures");
    let (source, copy) = (package.join("tests/fixtures").join(name), target.join(name));
    let read = |file: PathBuf| std::fs::read_to_string(file).expect("a fixture");

    std::fs::create_dir_all(copy.join("src")).expect("a folder");
    let manifest = read(source.join("Cargo.toml"));
    // From the copy, the crates are somewhere else.
    let manifest = manifest.replace("\"../../..", &format!("\"{}", package.display()));
    write(&copy.join("Cargo.toml"), &manifest);
    write(&copy.join("src/main.rs"), &read(source.join("src/main.rs")));
    // With the versions that the workspace has, which are known to be here.
    if let Ok(lock) = std::fs::read_to_string(package.join("../../Cargo.lock")) {
        write(&copy.join("Cargo.lock"), &lock);
    }

    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["build", "--offline", "--quiet"])
        .current_dir(&copy);
    let status = cargo
        .env("CARGO_TARGET_DIR", target.join("target"))
        .status();
    assert!(
        status.expect("cargo runs").success(),
        "`{name}` does not build"
    );
    target.join("target/debug").join(name)
}

/// A file that is as it should be keeps its date, so that nothing is built again.
fn write(file: &Path, text: &str) {
    if std::fs::read_to_string(file).is_ok_and(|there| there == text) {
        return;
    }
    std::fs::write(file, text).expect("the target folder can be written");
}

/// A program that runs, and what it says, a line at a time. Lines of one pipe are in order; between the two pipes
/// there is none.
pub struct Running {
    process: Child,
    lines: Receiver<String>,
    /// Came, and was not waited for: it is of the other pipe.
    passed: RefCell<VecDeque<String>>,
}

impl Running {
    pub fn start(program: &Path, argument: &str) -> Self {
        let mut command = Command::new(program);
        command.arg(argument);
        Self::spawn(command)
    }

    pub fn spawn(mut command: Command) -> Self {
        // One more than those that a test blocks.
        command
            .env("TOKIO_WORKER_THREADS", "2")
            .env_remove("RUST_BACKTRACE");
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().expect("it was built");
        let (said, lines) = channel();
        listen("out", process.stdout.take().expect("a pipe"), said.clone());
        listen("err", process.stderr.take().expect("a pipe"), said);
        Self {
            process,
            lines,
            passed: RefCell::default(),
        }
    }

    /// Reads on until a line contains `text`, which may begin with the name of a pipe: then the lines of the other one
    /// are kept.
    pub fn wait_for(&self, text: &str) {
        let pipe = ["out: ", "err: "]
            .into_iter()
            .find(|pipe| text.starts_with(pipe));
        let is_kept = |line: &String| pipe.is_some_and(|pipe| !line.starts_with(pipe));
        let before = std::mem::take(&mut *self.passed.borrow_mut());
        let mut found = false;
        for line in before {
            if found || is_kept(&line) {
                self.passed.borrow_mut().push_back(line);
            } else {
                found = line.contains(text);
            }
        }
        while !found {
            let line = self.new_line();
            let line = line.unwrap_or_else(|| panic!("it ended without `{text}`"));
            if is_kept(&line) {
                self.passed.borrow_mut().push_back(line);
            } else {
                found = line.contains(text);
            }
        }
    }

    /// Reads on until each of `texts` was in a line, in any order.
    pub fn wait_for_all(&self, texts: &[&str]) {
        let mut missing = texts.to_vec();
        while !missing.is_empty() {
            let line = self
                .line()
                .unwrap_or_else(|| panic!("it ended without {missing:?}"));
            missing.retain(|text| !line.contains(text));
        }
    }

    pub fn signal(&self, name: &str) {
        let pid = self.process.id().to_string();
        let kill = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(kill.expect("there is a kill").success());
    }

    /// Waits for its end: the rest of what it says, and its exit code.
    pub fn end(mut self) -> (Vec<String>, ExitStatus) {
        let rest = std::iter::from_fn(|| self.line()).collect();
        (rest, self.process.wait().expect("it can be waited for"))
    }

    fn line(&self) -> Option<String> {
        let passed = self.passed.borrow_mut().pop_front();
        passed.or_else(|| self.new_line())
    }

    fn new_line(&self) -> Option<String> {
        use std::sync::mpsc::RecvTimeoutError::{Disconnected, Timeout};
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => Some(line),
            Err(Disconnected) => None,
            Err(Timeout) => panic!("it hangs"),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It is gone already, unless the test failed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn listen(name: &'static str, pipe: impl std::io::Read + Send + 'static, said: Sender<String>) {
    std::thread::spawn(move || {
        use std::io::BufRead;
        for line in std::io::BufReader::new(pipe).lines().map_while(Result::ok) {
            if said.send(format!("{name}: {line}")).is_err() {
                return;
            }
        }
    });
}
