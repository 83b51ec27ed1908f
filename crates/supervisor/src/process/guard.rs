//! The guard of a process: what is left to end it when we cannot any more.

use std::future::poll_fn;
use std::io;
use std::os::unix::process::CommandExt;
use std::pin::Pin;
use std::process::{Child, Command, Stdio};

use tokio::io::{AsyncRead, ReadBuf};
use tokio::process::ChildStdout;

/// Says that it is there once no signal to its group can end it any more, and then reads from a pipe in which nobody
/// ever writes. The end of the file is the end of us, however that came: it kills its group, and so itself.
const SCRIPT: &str = "trap '' HUP INT QUIT PIPE ALRM TERM USR1 USR2 TSTP TTIN TTOU; \
                      echo; exec >&-; read -r x; kill -KILL 0";

/// Starts a guard, the leader of a new group.
///
/// Our end of its pipe is closed in every program that we start. Between the fork of such a program and that moment
/// it is open there, too: so the guard of a process cannot see the end before the process is in the group.
pub(super) fn spawn() -> io::Result<Child> {
    Command::new("/bin/sh")
        .args(["-c", SCRIPT, "seaworthy-guard"])
        .env_clear()
        .current_dir("/")
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
}

/// Waits until it says that it is there.
pub(super) async fn ready(guard: &mut Child) -> io::Result<()> {
    let Some(pipe) = guard.stdout.take() else {
        return Ok(());
    };
    let mut pipe = ChildStdout::from_std(pipe)?;
    let mut byte = [0];
    let mut buffer = ReadBuf::new(&mut byte);
    poll_fn(|cx| Pin::new(&mut pipe).poll_read(cx, &mut buffer)).await?;
    if buffer.filled().is_empty() {
        return Err(io::Error::other("it ended at once"));
    }
    Ok(())
}
