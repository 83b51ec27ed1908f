//! Tower services behind a queue.
//!
//! A [`Client`] is a service that outlives whoever serves it: a worker takes [`Requests`] and
//! [serves](Requests::serve) them by a service of its own. When it crashes, the requests that it had under way fail, and
//! all others wait for the next worker.
//!
//! ```
//! use seaworthy_queue::service::{self, Client, Requests};
//! use tower::{BoxError, Service, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let (mut greeter, requests): (Client<&str, String, BoxError>, Requests<_, _, _>) =
//!     service::builder("greeter").capacity(100).build()?;
//!
//! tokio::spawn(requests.clone().serve(service_fn(async |name: &str| match name {
//!     "" => panic!("nobody there"),
//!     name => Ok(format!("hello {name}")),
//! })));
//! assert_eq!(greeter.ready().await?.call("Alice").await?, "hello Alice");
//! // The worker panics; the caller is told, and the client is as good as before.
//! assert!(greeter.ready().await?.call("").await.is_err());
//!
//! tokio::spawn(requests.serve(service_fn(async |name: &str| Ok(format!("welcome {name}")))));
//! assert_eq!(greeter.ready().await?.call("Bob").await?, "welcome Bob");
//! # Ok(())
//! # }
//! ```

mod builder;
mod busy;
mod client;
mod future;
mod job;
mod layer;
#[cfg(all(test, seaworthy_loom))]
mod loom_tests;
mod message;
mod requests;
mod running;
mod serve;
mod slot;

use std::sync::Arc;

use crate::shared::{Shared, Way};

use busy::{Busy, Desk};
use message::Message;
use slot::{Asking, Outcome, Pool};

pub use builder::{ServiceBuilder, builder};
pub use client::Client;
pub use future::ResponseFuture;
pub use layer::QueueLayer;
pub use requests::Requests;

/// What clients and workers share.
#[derive(Debug)]
struct Mailbox<Req, Res, E> {
    shared: Arc<Shared<Message<Req, Res, E>>>,
    pool: Pool<Outcome<Res, E>>,
    options: Options<Req>,
    busy: Busy,
}

/// How requests are treated.
struct Options<Req> {
    /// If they are delivered again when their worker crashes.
    copier: Option<Copier<Req>>,
}

/// Makes another request that asks for the same.
type Copier<Req> = Arc<dyn Fn(&Req) -> Req + Send + Sync>;

impl<Req> Clone for Options<Req> {
    fn clone(&self) -> Self {
        Self {
            copier: self.copier.clone(),
        }
    }
}

impl<Req> std::fmt::Debug for Options<Req> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").finish_non_exhaustive()
    }
}

impl<Req, Res, E> Mailbox<Req, Res, E> {
    /// A request, and where its answer comes.
    #[inline]
    fn open(&self, request: Req) -> (Asking<Outcome<Res, E>>, Message<Req, Res, E>) {
        let (asking, answering) = self.pool.open();
        (asking, Message::new(request, answering))
    }

    /// A worker takes nothing more for now, and has so many on its desk.
    #[inline]
    fn rests(&self, desk: &Desk, told: &mut usize, requests: usize) {
        self.busy.rests(desk, requests);
        let before = std::mem::replace(told, requests);
        if self.way() == Way::Take {
            // The queue knows nothing of them any more.
            self.shared.metrics.on_desks(before, requests);
        }
    }

    fn way(&self) -> Way {
        match self.options.copier {
            Some(_) => Way::Board,
            None => Way::Take,
        }
    }
}
