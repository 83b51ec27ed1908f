//! The way to the service manager.

use std::ffi::{OsStr, OsString};
use std::io;

use sd_notify::NotifyState;

use crate::runner::outcome::say;

/// The socket named by `NOTIFY_SOCKET`.
#[derive(Debug)]
pub(super) struct Socket {
    name: OsString,
    /// The last message did not get through, and somebody was told.
    broken: bool,
}

impl Socket {
    pub(super) fn from_environment() -> Option<Self> {
        let name = std::env::var_os("NOTIFY_SOCKET").filter(|name| !name.is_empty())?;
        let broken = false;
        Some(Self { name, broken })
    }

    /// Sends one message. Waits while the manager does not read, in a thread of its own; of several failures in
    /// a row only the first is told.
    pub(super) async fn send(&mut self, states: &[NotifyState<'_>]) {
        let lines: Vec<String> = states.iter().map(ToString::to_string).collect();
        let (name, text) = (self.name.clone(), lines.join("\n"));
        let sent = tokio::task::spawn_blocking(move || send(&name, &text));
        let error = match sent.await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(error) => Some(error.to_string()),
        };
        let was_broken = std::mem::replace(&mut self.broken, error.is_some());
        if let Some(error) = error.filter(|_| !was_broken) {
            let name = self.name.display();
            say(format!(
                "cannot tell systemd (NOTIFY_SOCKET={name}): {error}"
            ))
            .await;
        }
    }
}

fn send(name: &OsStr, text: &str) -> io::Result<()> {
    match name.as_encoded_bytes() {
        [b'@', name @ ..] => send_abstract(name, text),
        _ => sd_notify::notify(&[NotifyState::Custom(text)]),
    }
}

/// A socket that is not in the file system, which `sd_notify` does not know.
#[cfg(target_os = "linux")]
fn send_abstract(name: &[u8], text: &str) -> io::Result<()> {
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

    let address = SocketAddr::from_abstract_name(name)?;
    let sent = UnixDatagram::unbound()?.send_to_addr(text.as_bytes(), &address)?;
    if sent == text.len() {
        Ok(())
    } else {
        Err(io::ErrorKind::WriteZero.into())
    }
}

#[cfg(not(target_os = "linux"))]
fn send_abstract(_name: &[u8], _text: &str) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
