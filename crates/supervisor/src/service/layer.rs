//! A supervised service in a stack of layers.

use std::fmt;
use std::sync::{Arc, OnceLock, Weak};

use seaworthy_core::BoxError;
use seaworthy_core::reject::IntoError;
use tower_layer::Layer;

use super::builder::SupervisedBuilder;
use super::child::specify;
use super::fatal::NeverFatal;
use super::handle::Supervised;
use super::nursery::Nursery;
use super::owned::Inline;
use super::shared::{Core, Shared};
use crate::child::Child;
use crate::context::Context;
use crate::supervisor::Supervisor;

/// A layer that turns a factory of services into a [`Supervised`] service. Made by
/// [`SupervisedBuilder::layer`].
///
/// What stands below it in a stack is the factory: a closure that takes a [`Context`] and returns a future of
/// the service.
///
/// The layer, its clones and all services that it has made share one life: the factory of its first application
/// is used, those of further ones are dropped, and each application gives one more handle to the same service.
///
/// Its child is started under the supervisor by the first application; if the supervisor does not run then, by the
/// first use after it does. The child counts as started at once, so that a factory which fails is tried again
/// within the intensity of the supervisor. Under a later incarnation of the supervisor the child is started by the
/// first use as well. If the supervisor has another child of this name, the service says that it is
/// stopped. Applying the layer needs no runtime.
///
/// ```
/// use std::time::Duration;
/// use seaworthy_core::BoxError;
/// use seaworthy_supervisor::{Context, Supervised, Supervisor};
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let root = Supervisor::builder("shop").start().await?;
/// let supervised = Supervised::builder("prices")
///     .failfast(Duration::from_millis(200))
///     .layer(&root)?;
///
/// let prices = ServiceBuilder::new()
///     .map_request(|name: &str| name.len())
///     .layer(supervised)
///     .service(|_cx: Context| async {
///         // Connect, load, whatever a fresh instance needs.
///         Ok(service_fn(|length: usize| async move { Ok::<_, BoxError>(7 * length) }))
///     });
///
/// assert_eq!(prices.oneshot("tea").await?, 21);
/// assert!(root.child("prices").is_some(), "it is in the tree");
/// # Ok(())
/// # }
/// ```
pub struct SupervisedLayer<S, R = IntoError, T = NeverFatal, X = Inline> {
    inner: Arc<Inner<S, R, T, X>>,
}

struct Inner<S, R, T, X> {
    builder: SupervisedBuilder<R, T, X>,
    supervisor: Supervisor,
    shared: OnceLock<Arc<Shared<S, R, T>>>,
}

impl<S, R, T, X> SupervisedLayer<S, R, T, X> {
    pub(super) fn new(builder: SupervisedBuilder<R, T, X>, supervisor: &Supervisor) -> Self {
        let inner = Inner {
            builder,
            supervisor: supervisor.unowned(),
            shared: OnceLock::new(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }
}

impl<S, R, T, X, F, Fut> Layer<F> for SupervisedLayer<S, R, T, X>
where
    S: Clone + Send + 'static,
    R: Clone + Send + Sync + 'static,
    T: Clone + Send + Sync + 'static,
    F: Fn(Context) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<S, BoxError>> + Send + 'static,
{
    type Service = Supervised<S, R, T, X>;

    fn layer(&self, factory: F) -> Self::Service {
        let Inner {
            builder,
            supervisor,
            shared,
        } = &*self.inner;
        let shared = shared.get_or_init(|| {
            Arc::new_cyclic(|shared: &Weak<Shared<S, R, T>>| {
                let (shared, factory) = (Weak::clone(shared), Arc::new(factory));
                let make = move || -> Option<Child> {
                    Some(specify(&shared.upgrade()?, Arc::clone(&factory)))
                };
                let name = Arc::clone(&builder.name);
                let nursery = Nursery::new(supervisor, Arc::clone(&name), make);
                Shared {
                    core: Core::new(name, builder.failfast, Some(nursery)),
                    reject: builder.reject.clone(),
                    fatal: builder.fatal.clone(),
                }
            })
        });
        shared.core.tend();
        Supervised::new(Arc::clone(shared))
    }
}

impl<S, R, T, X> Clone for SupervisedLayer<S, R, T, X> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
        }
    }
}

impl<S, R, T, X> fmt::Debug for SupervisedLayer<S, R, T, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SupervisedLayer")
            .field("name", &self.inner.builder.name)
            .finish_non_exhaustive()
    }
}
