//! Batches, and what a batch is made of.

use super::Style;
use super::calls::{Answer, Target};
use super::player::{Player, Replies};
use super::scenario::{Action, Exit, NamedExit};

impl Player {
    /// The supervisor handles nothing before all steps are in its inbox.
    pub(super) async fn batch(&mut self, sup: &str, steps: &[Action]) -> Replies {
        let target = self.target(sup).await;
        if let Some(target) = &target {
            target
                .sup
                .suspend()
                .await
                .expect("a supervisor that lives can be suspended");
        }
        let mut answers = Vec::new();
        for (at, step) in steps.iter().enumerate() {
            if let Some(answer) = self.step(target.as_ref(), step).await {
                answers.push((at, answer));
            }
        }
        if let Some(target) = &target {
            target.sup.resume();
        }
        let mut replies = Replies::new();
        for (at, answer) in answers {
            let outcome = answer.get().await;
            replies.push((Some(at), self.note(outcome)));
        }
        replies
    }

    /// Makes a worker exit, or puts a call into the inbox of its supervisor. An exit that happens
    /// has no answer.
    pub(super) async fn step(&mut self, target: Option<&Target>, step: &Action) -> Option<Answer> {
        match step {
            Action::Exit { child, reason } => match self.exit(child, reason).await {
                Some(()) => None,
                None => Some(Answer::now("no_child")),
            },
            _ => Some(self.call(target, step).await),
        }
    }

    /// Makes a worker exit and waits until it has.
    async fn exit(&self, name: &str, reason: &Exit) -> Option<()> {
        let command = self.stage.lock().command(name)?;
        let child = self.child(name)?;
        // Whoever is monitored does not restart in place.
        let down = (self.style == Style::TwoPhase).then(|| child.monitor());
        let before = self.stage.lock().exits;
        if *reason == Exit::Named(NamedExit::Kill) {
            child.kill();
        } else {
            command.send(reason.clone()).ok()?;
        }
        if let Some(down) = down {
            down.await;
        }
        while self.stage.lock().exits == before {
            tokio::task::yield_now().await;
        }
        Some(())
    }
}
