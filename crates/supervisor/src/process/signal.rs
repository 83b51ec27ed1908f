//! The signals that ask a process to stop.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use rustix::process::Signal;

use super::Process;

/// A signal that asks a process to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StopSignal {
    /// SIGTERM.
    Terminate,
    /// SIGINT, as from Ctrl-C.
    Interrupt,
    /// SIGQUIT: an orderly stop to some servers, to others one with a core dump.
    Quit,
    /// SIGHUP.
    Hangup,
    /// SIGUSR1.
    User1,
    /// SIGUSR2.
    User2,
}

impl From<StopSignal> for Signal {
    fn from(signal: StopSignal) -> Self {
        match signal {
            StopSignal::Terminate => Self::TERM,
            StopSignal::Interrupt => Self::INT,
            StopSignal::Quit => Self::QUIT,
            StopSignal::Hangup => Self::HUP,
            StopSignal::User1 => Self::USR1,
            StopSignal::User2 => Self::USR2,
        }
    }
}

impl Process {
    /// Whether this is how a process ends that was asked to stop: by the signal, or with the exit code that a shell
    /// makes of it.
    pub(super) fn was_stopped(&self, status: ExitStatus) -> bool {
        self.stop_signal.is_some_and(|signal| {
            let number = Signal::from(signal).as_raw();
            status.signal() == Some(number) || status.code() == Some(128 + number)
        })
    }
}
