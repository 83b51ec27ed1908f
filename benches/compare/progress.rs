//! How far the measuring is, on the error output.

use std::io::{self, IsTerminal, Write};

/// One line that is written over on a terminal, and a line a case elsewhere.
#[derive(Debug)]
pub(crate) struct Progress {
    terminal: bool,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self {
            terminal: io::stderr().is_terminal(),
        }
    }

    /// A case begins.
    pub(crate) fn case(&self, group: &str, case: &str, threads: usize) {
        if !self.terminal {
            let _ = writeln!(io::stderr(), "{group} {case}, {threads} thread(s)");
        }
    }

    /// A contender's round of a case begins.
    pub(crate) fn round(&self, what: &str, who: &str, round: usize, rounds: usize) {
        if self.terminal {
            let mut out = io::stderr();
            let _ = write!(
                out,
                "\r\x1b[2K{what}: round {} of {rounds}, {who}",
                round + 1
            );
            let _ = out.flush();
        }
    }

    /// Makes room for a table.
    pub(crate) fn clear(&self) {
        if self.terminal {
            let _ = write!(io::stderr(), "\r\x1b[2K");
        }
    }
}
