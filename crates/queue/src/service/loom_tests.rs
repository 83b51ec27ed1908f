//! What loom says about the end of services.

use std::sync::Arc;
use std::task::{Context, Poll};

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use seaworthy_core::Rejected;
use seaworthy_core::component::Registry;
use tower_service::Service;

use super::{Client, Requests, builder};
use crate::loom_tests::{block_on, model_within};

/// Counts what it is done with.
struct Counts(Arc<AtomicUsize>);

impl Service<()> for Counts {
    type Response = ();
    type Error = Rejected;
    type Future = std::future::Ready<Result<(), Rejected>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Rejected>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, (): ()) -> Self::Future {
        self.0.fetch_add(1, Ordering::Relaxed);
        std::future::ready(Ok(()))
    }
}

/// A request is in the queue, on a desk, or done: who finds neither of the first two has the third.
#[test]
fn what_is_neither_in_the_queue_nor_on_a_desk_is_done() {
    model_within(Some(3), || {
        let built = builder("counts").registry(&Registry::new()).build();
        let (mut client, requests): (Client<(), (), Rejected>, Requests<_, _, _>) =
            built.expect("it is allowed");
        let done = Arc::new(AtomicUsize::new(0));
        let counts = Counts(Arc::clone(&done));
        let mailbox = requests.mailbox();
        let call = client.call(());
        let worker = thread::spawn(move || block_on(requests.serve(counts)));
        let in_queue = mailbox.shared.look(|store| store.used());
        let on_desks = mailbox.busy.calls();
        if in_queue + on_desks == 0 {
            assert_eq!(done.load(Ordering::Relaxed), 1);
        }
        assert_eq!(block_on(call), Ok(()));
        drop(client);
        assert_eq!(worker.join().unwrap(), Ok(()));
    });
}
