//! What comes into the machine, and what it asks for.

use super::children::{Key, NewChild};
use crate::id::ChildId;

/// One entry of the inbox, which is handled first in, first out.
#[derive(Debug)]
pub(crate) enum Message<P, T> {
    /// A process ended. `clean`: normally or by shutdown.
    Exited {
        key: Key,
        incarnation: u64,
        clean: bool,
    },
    /// A restart failed: try again.
    Retry(Key),
    /// The pause after the end of `incarnation` is over, or what it waited for runs.
    Due { key: Key, incarnation: u64 },
    /// A process does not end, and the supervisor is to end because of that.
    GiveUp(Key),
    /// Somebody asks for something; the token is theirs.
    Call(Call<P>, T),
    /// The parent, or the owner, asks the supervisor to end.
    Stop,
}

#[derive(Debug)]
pub(crate) enum Call<P> {
    Start(ChildId, NewChild<P>),
    Terminate(Target),
    Restart(Target),
    Delete(Target),
    /// Nothing but an answer in its turn, read from the state as it is then.
    Query,
    Suspend,
}

/// Which child a call means: by name under a static supervisor, by process under a dynamic one.
#[derive(Debug)]
pub(crate) enum Target {
    Id(ChildId),
    Process { key: Key, incarnation: u64 },
}

/// What the shell has to do next. It reports back where the comment says so.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Effect<T> {
    /// Start a process. Reports [`Machine::started`](super::Machine::started).
    Start { key: Key, incarnation: u64 },
    /// The start takes too long for a supervisor that is to stop: end it. Reports as the start does.
    AbortStart(Key),
    /// Pause before the next try. Reports [`Message::Due`].
    Pause { key: Key, incarnation: u64 },
    /// Ask a process to stop, as its shutdown says. Reports [`Machine::exited`](super::Machine::exited).
    Stop(Key),
    /// Ask all processes to stop at once. Reports each exit.
    StopAll,
    /// Kill all processes. Reports each exit.
    KillAll(Exit),
    /// Every child of the specification is up.
    Started,
    /// One restart more than the intensity allows; the end follows.
    GaveUp(Key),
    /// Answer a call.
    Reply(T, Reply),
    /// The supervisor is over: no process is left.
    Exit(Exit),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    Started(Key, u64),
    Ignored,
    Failed,
    AlreadyStarted,
    AlreadyPresent,
    Invalid,
    MaxChildren,
    NotFound,
    Running,
    Restarting,
    NotSupported,
    Done,
    /// To [`Call::Query`]: read what you want, nothing changes meanwhile.
    Look,
}

/// Why a supervisor ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Stopped,
    GaveUp(Key),
    AutoShutdown(Key),
    StartFailed(Key),
    Killed,
    RuntimeGone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StartOutcome {
    Ok,
    Ignored,
    Failed,
}
