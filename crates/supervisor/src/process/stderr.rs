//! What a process writes to stderr.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;

use tokio::io::{AsyncRead, ReadBuf};
use tokio::process::ChildStderr;

use super::tail::Tail;
use super::{Process, Ready};
use crate::context::Context;

/// Reads it, so that the process is never held up, and keeps the last lines.
pub(super) struct Stderr {
    /// Until everybody who had the other end is gone.
    pipe: Option<ChildStderr>,
    tail: Tail,
    process: Arc<Process>,
    cx: Context,
}

impl Stderr {
    pub(super) fn new(pipe: Option<ChildStderr>, process: Arc<Process>, cx: Context) -> Self {
        Self {
            pipe,
            tail: Tail::default(),
            process,
            cx,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.pipe.is_some()
    }

    /// Reads to the end. May be dropped and called again.
    pub(super) async fn read(&mut self) {
        let Self {
            pipe,
            tail,
            process,
            cx,
        } = self;
        let show = |line: &str| {
            if let Some(seen) = &process.on_stderr {
                seen(line);
            }
            if let Ready::Line(is_ready) = &process.ready
                && is_ready(line)
            {
                cx.ready();
            }
        };
        while let Some(open) = pipe {
            let mut space = [0; 4096];
            let mut buffer = ReadBuf::new(&mut space);
            let read = poll_fn(|cx| Pin::new(&mut *open).poll_read(cx, &mut buffer)).await;
            if read.is_err() || buffer.filled().is_empty() {
                *pipe = None;
                tail.end(show);
            } else {
                tail.feed(buffer.filled(), show);
            }
        }
    }

    pub(super) fn last_lines(&mut self) -> Vec<String> {
        self.tail.end(|_| {});
        self.tail.take()
    }
}
