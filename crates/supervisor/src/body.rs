//! How a child is made, with its types erased.

use std::fmt;
use std::sync::Arc;

use tokio::runtime::Handle;

use crate::builder::SupervisorSpec;
use crate::context::Context;
use crate::exit::ChildResult;
use crate::node::{Live, Node, Place};
use crate::task::ChildTask;

/// What the supervisor calls for each incarnation that the child's own task does not make itself.
pub(crate) trait Body: fmt::Debug + Send + Sync {
    /// Starts the process of `place`.
    fn start(self: Arc<Self>, runtime: &Handle, place: Place) -> Live;
}

/// Makes the future of an incarnation.
pub(crate) trait Make: Send + Sync + 'static {
    type Future: Future<Output = ChildResult> + Send + 'static;

    fn make(&self, cx: Context) -> Self::Future;

    /// Called before the task of the child is there.
    fn placed(&self, _place: &Place) {}

    /// Called when the task goes: lets go of what a [`make`](Self::make) that did not come would have used up.
    fn discard(&self) {}
}

/// A child that is a task.
pub(crate) struct Worker<M> {
    pub(crate) make: M,
}

impl<M: Make> Body for Worker<M> {
    fn start(self: Arc<Self>, runtime: &Handle, place: Place) -> Live {
        self.make.placed(&place);
        Live::Task(runtime.spawn(ChildTask::new(place, self)))
    }
}

impl<M> fmt::Debug for Worker<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Worker")
    }
}

/// A closure that is called for each incarnation.
pub(crate) struct Closure<F>(pub(crate) F);

impl<F, Fut> Make for Closure<F>
where
    F: Fn(Context) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ChildResult> + Send + 'static,
{
    type Future = Fut;

    fn make(&self, cx: Context) -> Fut {
        (self.0)(cx)
    }
}

/// One instance of a template: the closure is shared, the arguments are its own.
pub(crate) struct Instance<F, A> {
    pub(crate) closure: Arc<F>,
    pub(crate) args: A,
}

impl<F, A, Fut> Make for Instance<F, A>
where
    F: Fn(Context, A) -> Fut + Send + Sync + 'static,
    A: Clone + Send + Sync + 'static,
    Fut: Future<Output = ChildResult> + Send + 'static,
{
    type Future = Fut;

    fn make(&self, cx: Context) -> Fut {
        (self.closure)(cx, self.args.clone())
    }
}

/// A child that is a supervisor.
impl Body for SupervisorSpec {
    fn start(self: Arc<Self>, _runtime: &Handle, place: Place) -> Live {
        let tree = Arc::clone(&place.node.tree);
        Live::Supervisor(Node::launch(tree, self, Some(place)))
    }
}
