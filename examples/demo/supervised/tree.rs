//! The whole tree.
//!
//! ```text
//! shop                      one for one: its children live and die on their own
//! ├─ storage                rest for one: the report depends on the database
//! │  ├─ database            takes orders from a queue, and acknowledges them
//! │  ├─ report              puts sheets into another queue
//! │  └─ press               takes them from there, and has to send heartbeats
//! ├─ pages                  allows for many crashes: every customer can cause one
//! │  └─ catalogue           a tower service
//! ├─ shipping               a process of its own, on Unix
//! └─ web                    rest for one: the listener needs a place for its connections
//!    ├─ connections         dynamic: a child for each open connection
//!    └─ listener
//! ```
//!
//! What has to survive a crash lives outside the child that may crash, and is handed to each of its
//! incarnations: the queues of orders, of sheets and of questions, the last report, the listening socket. The stack
//! in front of the catalogue lives outside of it as well, and so do the circuit breaker in front of the
//! recommendations and the bulkhead in front of all pages, which report to the same events.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use seaworthy_circuit_breaker::{BreakerEvent, State};
use seaworthy_core::BoxError;
use seaworthy_core::component::Registry;
use seaworthy_core::event::{Event, Events};
use seaworthy_supervisor::{Builder, Child, ExitReason, Supervisor, SupervisorEvent, TreeSnapshot};
use tokio::sync::watch;

#[cfg(unix)]
use super::desk;
use super::{catalogue, classes, connections, orders, recommender, reports, storage};
use crate::journal::Journal;
use crate::shop::report::{Press, Sheet};
use crate::shop::shipping::Quotes;
use crate::shop::warehouse::Warehouse;
use crate::shop::web::{self, Front};
use crate::trial::Site;

/// The tree, ready to be started as a root or run as a program. `more` are pages that only this shop has.
pub(super) fn plant(
    site: Site<'_>,
    journal: Arc<Journal>,
    press: &Press,
    more: Router,
) -> Result<Builder, BoxError> {
    let Site {
        file,
        door,
        upstream,
        products,
    } = site;
    let events = Events::new();
    let observer = Arc::clone(&journal);
    events
        .observe(move |event| record(event, &observer))
        .forget();
    let shop = Supervisor::builder("shop").events(&events);

    let registry = Registry::new();
    let (till, orders) = orders::open(&journal, &registry)?;
    let sheets = reports::queue(&journal, &registry)?;
    let (publish, report) = watch::channel(Sheet::new(String::new()));
    let (quotes, questions) = Quotes::open();
    let (pages, catalogue) = catalogue::supervisor(products, &events)?;
    let recommender = recommender::stack(upstream, &events)?;
    let root = shop.handle();
    let tree_page = get(async move || picture(&root).unwrap_or_default());
    let pages = web::router(Front {
        till,
        report,
        pages,
        recommender,
        quotes,
        warehouse: Warehouse::open()?,
    });
    let pages = classes::admit(pages, &events, &registry)?;
    let queues = get(async move || queues(&registry));
    // Whoever runs the shop comes in by another way, also when it is full.
    let router = pages
        .route("/tree", tree_page)
        .route("/queues", queues)
        .merge(more);

    // Children are stopped in the reverse of this order: nobody comes in any more before the storage
    // closes.
    let file = file.to_owned();
    let storage = storage::supervisor(file, orders, journal, sheets, publish, press.clone());
    let web = connections::supervisor(door, router);
    let shop = shop
        .child(Child::supervisor(storage))
        .child(Child::supervisor(catalogue));
    #[cfg(unix)]
    let shop = shop.child(desk::child(questions)?);
    #[cfg(not(unix))]
    drop(questions);
    Ok(shop.child(Child::supervisor(web)))
}

/// The queues and the bulkhead as they are now.
fn queues(registry: &Registry) -> String {
    let mut lines: Vec<String> = registry
        .snapshot()
        .iter()
        .map(|it| format!("{it}\n"))
        .collect();
    lines.sort_unstable();
    lines.concat()
}

/// The tree as it is now, with the connections only counted.
pub(super) fn picture(root: &Supervisor) -> Option<String> {
    let mut tree = root.snapshot()?;
    fold_instances(&mut tree);
    Some(format!("{tree}\n"))
}

fn fold_instances(tree: &mut TreeSnapshot) {
    if tree.strategy.is_none() {
        tree.omitted += tree.children.len();
        tree.children.clear();
    }
    tree.children
        .iter_mut()
        .filter_map(|child| child.below.as_mut())
        .for_each(fold_instances);
}

/// What the tree and the circuit breaker report, in the words that both builds share.
fn record(event: &Event, journal: &Journal) {
    if let Some(BreakerEvent::StateChanged { to, .. }) = event.detail() {
        if *to == State::Open {
            journal.circuit_has_opened();
        }
        journal.log(event);
    }
    match event.detail() {
        Some(SupervisorEvent::ChildCrashed(report)) => {
            if let ExitReason::HeartbeatTimeout(_) = report.reason {
                journal.has_hung();
            }
            journal.crashed(report);
        }
        Some(SupervisorEvent::SupervisorStarting { path }) => journal.started(path),
        // The instances of a template have numbers. They are meant to come and go.
        Some(SupervisorEvent::ChildStarted { path, .. }) if !path.contains("/#") => {
            journal.started(path);
        }
        Some(gives_up @ SupervisorEvent::IntensityExceeded { .. }) => journal.log(gives_up),
        _ => {}
    }
}
