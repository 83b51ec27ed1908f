//! What happened in the tree, in so few words that they fit into a status.

use std::sync::Arc;

use seaworthy_core::event::{Event, Events, Severity};
use seaworthy_core::sync::Lock;
use tokio::sync::Notify;

use crate::event::SupervisorEvent;

/// How long the last crash may be told, in characters.
const LENGTH: usize = 300;

/// What is worth telling about the past.
#[derive(Debug, Default)]
pub(super) struct News {
    changed: Notify,
    past: Lock<Past>,
}

#[derive(Debug, Default)]
struct Past {
    crashes: u64,
    /// The last event that was no ordinary life: text, since the event may hold values of the user.
    trouble: Option<String>,
}

impl News {
    /// Listens to what the tree of `root` reports on `events`.
    pub(super) fn of(events: &Events, root: &Arc<str>) -> Arc<Self> {
        let news = Arc::new(Self::default());
        let (book, root) = (Arc::clone(&news), Arc::clone(root));
        let observer = events.observe(move |event| {
            let below = event.component.strip_prefix(&*root);
            if below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
                book.note(event);
            }
        });
        // For as long as the tree lives, which is as long as the program.
        observer.forget();
        news
    }

    fn note(&self, event: &Event) {
        let Some(detail) = event.detail::<SupervisorEvent>() else {
            return;
        };
        if event.severity > Severity::Info {
            let trouble = plain(&detail.to_string());
            let crashed = matches!(detail, SupervisorEvent::ChildCrashed(_));
            let mut past = self.past.lock();
            past.crashes += u64::from(crashed);
            past.trouble = Some(trouble);
        }
        self.changed.notify_one();
    }

    /// Resolves when something happened since the last time.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// The sentence about a tree of so many workers and supervisors.
    pub(super) fn sentence(&self, workers: usize, supervisors: usize) -> String {
        let count = |number: usize, what: &str| match number {
            1 => format!("1 {what}"),
            _ => format!("{number} {what}s"),
        };
        let (workers, supervisors) = (count(workers, "worker"), count(supervisors, "supervisor"));
        let past = self.past.lock();
        let crashes = match past.crashes {
            0 => "no crash so far".to_owned(),
            1 => "1 crash so far".to_owned(),
            crashes => format!("{crashes} crashes so far"),
        };
        let now = format!("{workers} under {supervisors}, {crashes}");
        match &past.trouble {
            Some(trouble) => format!("{now}; the last trouble: {trouble}"),
            None => now,
        }
    }
}

/// `text` on one line, and not too long: a line break would begin a message of its own.
pub(super) fn plain(text: &str) -> String {
    let mut characters = text.chars();
    let line = characters.by_ref().take(LENGTH);
    let mut line: String = line
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    if characters.next().is_some() {
        line.push_str(" ...");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_child_says_stays_on_its_line() {
        assert_eq!(plain("no disk\nMAINPID=1\r\n"), "no disk MAINPID=1  ");
        let long = plain(&"\u{e9}".repeat(LENGTH + 1));
        assert_eq!(long.chars().count(), LENGTH + 4);
    }

    #[test]
    fn only_the_own_tree_is_news() {
        let events = Events::new();
        let news = News::of(&events, &"app".into());
        let told = |component: &str| {
            let path: Arc<str> = component.into();
            let event = SupervisorEvent::SupervisorStarted {
                path: Arc::clone(&path),
            };
            events.emit(&path, Severity::Warning, event);
            std::mem::take(&mut *news.past.lock()).trouble.is_some()
        };
        assert!(told("app") && told("app/storage"));
        assert!(!told("application") && !told("other/app"));
    }
}
