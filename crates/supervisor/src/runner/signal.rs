//! The signals that ask a program to end.

use std::io;

/// One of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signal {
    pub(super) name: &'static str,
    pub(super) number: u8,
}

const INTERRUPT: Signal = Signal {
    name: "SIGINT",
    number: 2,
};

#[cfg(unix)]
mod imp {
    use super::{INTERRUPT, Signal, io};
    use tokio::signal::unix::{self, SignalKind};

    const TERMINATE: Signal = Signal {
        name: "SIGTERM",
        number: 15,
    };

    /// Listens from the moment it is made.
    pub(in super::super) struct Signals {
        terminate: unix::Signal,
        interrupt: unix::Signal,
    }

    impl Signals {
        pub(in super::super) fn listen() -> io::Result<Self> {
            Ok(Self {
                terminate: unix::signal(SignalKind::terminate())?,
                interrupt: unix::signal(SignalKind::interrupt())?,
            })
        }

        pub(in super::super) async fn next(&mut self) -> Signal {
            tokio::select! {
                _ = self.terminate.recv() => TERMINATE,
                _ = self.interrupt.recv() => INTERRUPT,
            }
        }
    }
}

#[cfg(not(unix))]
mod imp {
    use super::{INTERRUPT, Signal, io};

    /// Listens while it is awaited.
    pub(in super::super) struct Signals;

    impl Signals {
        pub(in super::super) fn listen() -> io::Result<Self> {
            Ok(Self)
        }

        pub(in super::super) async fn next(&mut self) -> Signal {
            match tokio::signal::ctrl_c().await {
                Ok(()) => INTERRUPT,
                Err(_) => std::future::pending().await,
            }
        }
    }
}

pub(super) use imp::Signals;
