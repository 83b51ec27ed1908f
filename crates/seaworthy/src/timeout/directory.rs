//! Where a call that has timed out finds its timeout again.
//!
//! A call needs its timeout only when it has timed out, and then only to be counted. So it carries a number: a share in
//! the timeout would cost every call two atomic updates.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};

use super::shared::Shared;

/// All timeouts that are alive.
static ALIVE: RwLock<BTreeMap<u64, Weak<Shared>>> = RwLock::new(BTreeMap::new());

/// A number that no other timeout of this process has, ever.
pub(crate) fn number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

pub(crate) fn enter(shared: &Arc<Shared>) {
    let mut alive = ALIVE.write().unwrap_or_else(PoisonError::into_inner);
    alive.insert(shared.number(), Arc::downgrade(shared));
}

pub(crate) fn leave(number: u64) {
    let mut alive = ALIVE.write().unwrap_or_else(PoisonError::into_inner);
    alive.remove(&number);
}

/// The timeout of this number, unless it is gone.
pub(crate) fn find(number: u64) -> Option<Arc<Shared>> {
    // What is found is dropped without the lock: it may be the last to go, and leaves then.
    let alive = ALIVE.read().unwrap_or_else(PoisonError::into_inner);
    alive.get(&number)?.upgrade()
}
