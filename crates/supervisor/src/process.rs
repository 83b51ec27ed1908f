//! Children that are operating-system processes.

mod error;
mod family;
mod guard;
mod live;
mod remains;
mod signal;
mod spawn;
mod stderr;
mod tail;

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use tokio::process::{ChildStdin, ChildStdout};

use crate::body::{Closure, Instance, Worker};
use crate::child::{Child, Template};
use crate::config::Options;
use crate::context::Context;
use crate::exit::ChildResult;
pub use error::{ProcessError, ProcessExit};
pub use signal::StopSignal;

/// Whoever talks to a process, or listens to it.
type Talk = Pin<Box<dyn Future<Output = ChildResult> + Send>>;

/// Called with each line that a process writes to stderr.
type Show = Arc<dyn Fn(&str) + Send + Sync>;

/// How to start a program, for a child that is an operating-system process.
///
/// A process is the only kind of child that can always be killed: one that aborts, overflows its stack, leaks or
/// hangs harms nobody else. Give native code that you do not trust a process of its own.
///
/// ```
/// use std::time::Duration;
/// use seaworthy_supervisor::{Child, Process, Shutdown, Supervisor};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cache = Process::new("sh").args(["-c", "echo ready >&2; exec sleep 3600"]);
/// let root = Supervisor::builder("app")
///     .child(
///         Child::process("cache", cache.ready_when(|line| line == "ready"))
///             .shutdown(Shutdown::Timeout(Duration::from_secs(3))), // between SIGTERM and SIGKILL
///     )
///     .start()
///     .await?; // it is ready
/// assert!(root.shutdown(Duration::from_secs(10)).await.is_clean());
/// # Ok(())
/// # }
/// ```
///
/// # What becomes of it
///
/// * The process leads a group of its own, or belongs to that of its guard (below). When the child is to stop, the whole
///   group gets SIGTERM. When the [shutdown time](Child::shutdown) is over, when the child is killed and when the
///   runtime goes away, the whole group gets SIGKILL. So it does when the process itself has ended: nothing that it
///   started is left behind. The incarnation is over when the process has been waited for, and its group is empty or
///   has had half a second to become so.
/// * Exit status 0 is a normal end, SIGTERM after the order to stop is an orderly one. Anything else is an error, a
///   [`ProcessExit`], with the last lines that the process wrote to stderr.
/// * A program that cannot be started has failed to start, with a [`ProcessError`].
/// * Its stdin is empty and its stdout goes nowhere, unless you say [`piped`](Self::piped) or
///   [`inherit_stdout`](Self::inherit_stdout). Its stderr is read, always.
///
/// # The guard
///
/// A process can outlive the one that started it. So that it does not, each has a guard: a tiny shell process in the
/// same group that sees the end of ours, whatever it was (a panic, an abort, SIGKILL), and then kills the group. If
/// somebody kills the guard, the process is killed and the child has crashed. The [guard](Self::guard) can be left
/// out, where there is no `/bin/sh`, or where a container ends with our process in any case.
///
/// # What is not reached
///
/// * What leaves the process group, by `setsid` or `setpgid` as daemons do, is not ended with it. Tell programs not to go
///   into the background.
/// * If this program forks without starting another program, as some C libraries do, the fork keeps the guard waiting
///   until it has ended, too.
///
/// # Costs
///
/// Two processes for a child, the program and its guard, which needs 0.3 MB and some 1 ms to start; two file
/// descriptors, and two more if it is piped; no thread. Starting a program blocks the thread of the runtime for the time
/// that the system needs for it, as with tokio's own processes. That a process has ended is learned from SIGCHLD, whose
/// handler must be left to tokio. The runtime must have its I/O driver enabled: otherwise the start panics, which is
/// contained. Time is real, also on a runtime with a paused clock.
///
/// # When not to use it
///
/// For a command that is run once in the course of a request: that is `tokio::process`. A process that is a child is
/// there for as long as its supervisor.
#[derive(Clone)]
#[must_use = "a process is started by making it a child: `Child::process`"]
pub struct Process {
    program: OsString,
    args: Vec<OsString>,
    clear_env: bool,
    /// `None` removes the variable.
    env: Vec<(OsString, Option<OsString>)>,
    directory: Option<PathBuf>,
    inherit_stdout: bool,
    guarded: bool,
    stop_signal: Option<StopSignal>,
    ready: Ready,
    on_stderr: Option<Show>,
    attendant: Option<Arc<dyn Fn(ProcessIo, Context) -> Talk + Send + Sync>>,
}

/// When a process counts as started.
#[derive(Clone)]
enum Ready {
    Spawned,
    /// When it has written such a line to stderr.
    Line(Arc<dyn Fn(&str) -> bool + Send + Sync>),
    /// When whoever talks to it says so.
    Told,
}

/// The pipes to and from one incarnation of a [piped](Process::piped) process.
#[derive(Debug)]
#[non_exhaustive]
pub struct ProcessIo {
    /// What is written here is its standard input. Dropping it ends that.
    pub stdin: ChildStdin,
    /// Its standard output.
    pub stdout: ChildStdout,
    /// The id of the process.
    pub pid: u32,
}

impl Process {
    /// A program, by its path or, without a slash in it, to be found in the `PATH`. Nothing is checked before the start.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        Self {
            program: program.as_ref().to_owned(),
            args: Vec::new(),
            clear_env: false,
            env: Vec::new(),
            directory: None,
            inherit_stdout: false,
            guarded: true,
            stop_signal: Some(StopSignal::Terminate),
            ready: Ready::Spawned,
            on_stderr: None,
            attendant: None,
        }
    }

    /// Adds an argument. It is passed as it is: no shell looks at it.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// Adds several arguments.
    pub fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        let args = args.into_iter().map(|arg| arg.as_ref().to_owned());
        self.args.extend(args);
        self
    }

    /// Sets a variable of its environment, which otherwise is ours.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        let value = Some(value.as_ref().to_owned());
        self.env.push((name.as_ref().to_owned(), value));
        self
    }

    /// Removes a variable from its environment.
    pub fn env_remove(mut self, name: impl AsRef<OsStr>) -> Self {
        self.env.push((name.as_ref().to_owned(), None));
        self
    }

    /// Starts from an empty environment: with what is set after this, and nothing else.
    pub fn env_clear(mut self) -> Self {
        self.clear_env = true;
        self.env.clear();
        self
    }

    /// The directory in which it runs. Default: ours. With a program given by a relative path, say from where: which
    /// of the two directories counts depends on the system.
    pub fn current_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// Its stdout is ours. Default: it goes nowhere. Says nothing for a [piped](Self::piped) process.
    pub fn inherit_stdout(mut self) -> Self {
        self.inherit_stdout = true;
        self
    }

    /// Shows each line that the process writes to stderr, as in [`ProcessExit::stderr`], to print or to log it. A line
    /// of more than 4 KiB comes in pieces.
    ///
    /// It is called in the task of the child: while it runs, no more is read, and the process waits. If it panics, the
    /// child has crashed.
    ///
    /// ```
    /// let tool = seaworthy_supervisor::Process::new("tool").on_stderr(|line| eprintln!("tool: {line}"));
    /// # let _ = tool;
    /// ```
    pub fn on_stderr(mut self, show: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.on_stderr = Some(Arc::new(show));
        self
    }

    /// The child is ready when the process has written a line to stderr for which this is true; its supervisor waits, for
    /// the [start timeout](Child::start_timeout) at most. Default: it is ready when the program was started.
    pub fn ready_when(mut self, is_ready: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        self.ready = Ready::Line(Arc::new(is_ready));
        self
    }

    /// The child is ready when whoever talks to it, as [`piped`](Self::piped) says, calls [`Context::ready`].
    pub fn wait_ready(mut self) -> Self {
        self.ready = Ready::Told;
        self
    }

    /// The signal to the group when the child is to stop; with `None` there is none, and it is for whoever talks to the
    /// process to end it. Default: SIGTERM.
    pub fn stop_signal(mut self, signal: impl Into<Option<StopSignal>>) -> Self {
        self.stop_signal = signal.into();
        self
    }

    /// Whether there is a guard that ends the process when ours has ended without a chance to do so. Default: true.
    pub fn guard(mut self, guard: bool) -> Self {
        self.guarded = guard;
        self
    }

    /// Talks to the process: the closure gets the stdin and stdout of each incarnation.
    ///
    /// An error or a panic ends the child, and the process with it. If the process ends in an error, that is how the child
    /// ends, and the future is dropped at once. If it ends with exit status 0, the future has a second to read what is
    /// left. A future that is done leaves the process alone; its stdin is closed then, if the future owned it.
    ///
    /// When the child is to stop, the group gets its [signal](Self::stop_signal) and the future goes on, until the process
    /// has ended or the shutdown time is over.
    ///
    /// ```
    /// use seaworthy_supervisor::{Child, Context, Process, ProcessIo, Supervisor};
    /// use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    /// use tokio::sync::{mpsc, oneshot};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// type Request = (String, oneshot::Sender<String>);
    /// let (requests, inbox) = mpsc::channel::<Request>(16);
    /// // Shared by the incarnations: requests wait while a new one is started.
    /// let inbox = std::sync::Arc::new(tokio::sync::Mutex::new(inbox));
    ///
    /// let helper = Process::new("sed").args(["-u", "s/cat/dog/"]).piped(move |io: ProcessIo, _cx: Context| {
    ///     let inbox = inbox.clone();
    ///     async move {
    ///         let (mut stdin, mut lines) = (io.stdin, BufReader::new(io.stdout).lines());
    ///         while let Some((question, answer)) = inbox.lock().await.recv().await {
    ///             stdin.write_all(format!("{question}\n").as_bytes()).await?;
    ///             let line = lines.next_line().await?.ok_or("it closed its stdout")?;
    ///             let _ = answer.send(line);
    ///         }
    ///         Ok(())
    ///     }
    /// });
    /// let root = Supervisor::builder("app").child(Child::process("helper", helper)).start().await?;
    ///
    /// let (answer, answered) = oneshot::channel();
    /// requests.send(("a cat".to_owned(), answer)).await?;
    /// assert_eq!(answered.await?, "a dog");
    /// # root.stop().await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn piped<F, Fut>(mut self, talk: F) -> Self
    where
        F: Fn(ProcessIo, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ChildResult> + Send + 'static,
    {
        self.attendant = Some(Arc::new(move |io, cx| Box::pin(talk(io, cx))));
        self
    }

    /// The program, to be shown.
    fn name(&self) -> Arc<str> {
        self.program.to_string_lossy().into()
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not its environment, in which there may be secrets.
        f.debug_struct("Process")
            .field("program", &self.program)
            .field("args", &self.args)
            .field("directory", &self.directory)
            .field("guarded", &self.guarded)
            .field("stop_signal", &self.stop_signal)
            .finish_non_exhaustive()
    }
}

impl Child {
    /// A child that is an operating-system process, ready when it [says so](Process::ready_when) or as soon as the
    /// program was started. See [`Process`].
    ///
    /// The [shutdown time](Self::shutdown) lies between SIGTERM and SIGKILL: 5 seconds by default. With
    /// [`BrutalKill`](crate::Shutdown::BrutalKill) it is SIGKILL at once.
    pub fn process(id: impl Into<Arc<str>>, process: Process) -> Self {
        let process = Arc::new(process);
        let make = Closure(move |cx: Context| live::live(Arc::clone(&process), cx));
        Self {
            id: id.into(),
            options: Options::worker(true),
            body: Arc::new(Worker { make }),
        }
    }

    /// A [template](Self::template) whose instances are processes, as with [`process`](Self::process): the closure says
    /// how each is started.
    pub fn template_process<A>(start: impl Fn(A) -> Process + Send + Sync + 'static) -> Template<A>
    where
        A: Clone + Send + Sync + 'static,
    {
        let closure = Arc::new(move |cx: Context, args: A| live::live(Arc::new(start(args)), cx));
        Template {
            options: Options::worker(true),
            make: Arc::new(move |args| {
                let closure = Arc::clone(&closure);
                Arc::new(Worker {
                    make: Instance { closure, args },
                })
            }),
        }
    }
}
