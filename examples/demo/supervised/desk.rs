//! The shipping desk: native code that may abort has a process of its own, and the process is a child.

use std::env;
use std::io;
use std::sync::Arc;

use seaworthy_supervisor::{Child, Process, ProcessIo};
use tokio::sync::Mutex;

use crate::shop::shipping::{self, Questions};

/// The questions wait outside of it: who asks while it is down is answered by the next one.
pub(super) fn child(questions: Questions) -> io::Result<Child> {
    let questions = Arc::new(Mutex::new(questions));
    let desk = Process::new(env::current_exe()?).arg(shipping::DESK);
    Ok(Child::process(
        "shipping",
        desk.piped(move |io: ProcessIo, _cx| {
            let questions = Arc::clone(&questions);
            async move {
                let mut questions = questions.lock().await;
                shipping::attend(io.stdin, io.stdout, &mut questions).await
            }
        }),
    ))
}
