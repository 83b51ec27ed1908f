//! Tower services that come back: a service whose instance is a child in a supervision tree.
//!
//! ```
//! use std::time::Duration;
//! use seaworthy_core::{BoxError, Executed, Reason, Rejected};
//! use seaworthy_supervisor::{Context, Supervised, Supervisor};
//! use tower::{Service, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! // A fresh instance for each incarnation; its state is its own.
//! let (mut catalogue, child) = Supervised::builder("catalogue")
//!     .failfast(Duration::from_millis(500)) // so long calls wait while it is being restarted
//!     .build(|cx: Context| async move {
//!         let edition = cx.incarnation();
//!         Ok(service_fn(move |page: u32| async move {
//!             assert!(page < 100, "no page {page}");
//!             Ok::<_, BoxError>(format!("edition {edition}, page {page}"))
//!         }))
//!     })?;
//! let root = Supervisor::builder("shop").child(child).start().await?;
//!
//! assert_eq!(catalogue.ready().await?.call(7).await?, "edition 1, page 7");
//!
//! // The caller of a call that panics is told, and only that one.
//! let error = catalogue.ready().await?.call(100).await.unwrap_err();
//! let rejected = Rejected::find_in(error.as_ref()).expect("a rejection");
//! assert_eq!((rejected.reason(), rejected.executed()), (Reason::Crashed, Executed::Maybe));
//!
//! // The same handle goes on with the next instance.
//! assert_eq!(catalogue.ready().await?.call(7).await?, "edition 2, page 7");
//! # root.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! # What is promised
//!
//! * A panic in `call`, `poll_ready`, `clone` or the response future, an error of `poll_ready`, and an error of a
//!   call that was declared [fatal](SupervisedBuilder::fatal) end the incarnation with that reason. The supervisor
//!   restarts it within its intensity, as it does any child.
//! * The caller of a call that panicked gets [`Reason::Crashed`](seaworthy_core::Reason::Crashed), which may have
//!   been executed. A fatal error is returned as it is.
//! * While it restarts, and before the tree is started, `poll_ready` waits, up to the
//!   [failfast](SupervisedBuilder::failfast) time; then calls are turned away with `Reason::Restarting`. It is ready
//!   as soon as a new instance is.
//! * When it was asked to stop, calls are turned away with `Reason::ShuttingDown`.
//! * When nothing will bring it back (its supervisor gave up, the tree was stopped, the child was terminated),
//!   `poll_ready` returns an error with `Reason::Stopped`; a service that
//!   [responds](SupervisedBuilder::respond) to rejections is ready, and responds. A handle that waits notices
//!   that at once as a rule, at the latest after the failfast time. If it comes back after all, by
//!   [`restart_child`](crate::Supervisor::restart_child) or with a supervisor further up, the same handle works again.
//! * A call that is turned away never reached the service. Only a handle that was ready calls it; one that was not
//!   is turned away.
//! * With execution in the caller's task, the default, nothing is allocated or locked for a call.
//!
//! # What it does not do
//!
//! * With execution in the caller's task, the other calls of an instance that crashed run on, and handles that are
//!   not used keep their clones of it: both may live beside the next instance. What they do wrong does not concern
//!   it. With [owned](SupervisedBuilder::owned) execution the calls are tasks of the child and end with it.
//! * No request is kept or repeated: that is what a retry layer is for, or a queue.
//!
//! # Which services
//!
//! A service is `Clone` and its error `Display` (a crash report says what it was). Its error is made from a
//! [`Rejected`](seaworthy_core::Rejected), as `BoxError` is, or else it [responds](SupervisedBuilder::respond).

mod builder;
mod child;
mod fatal;
pub(crate) mod fate;
mod future;
mod handle;
mod layer;
mod nursery;
mod owned;
mod shared;
mod vigil;

pub use builder::SupervisedBuilder;
pub use fatal::{Fatal, FatalIf, NeverFatal};
pub use future::ResponseFuture;
pub use handle::{ServiceState, Supervised};
pub use layer::SupervisedLayer;
pub use owned::{Inline, Mode, Owned, OwnedResponseFuture};
