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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use seaworthy_core::component::Registry;

    use super::*;
    use crate::timeout::Timeout;

    #[test]
    fn whoever_is_gone_takes_no_room() {
        let make = || {
            let builder = Timeout::builder("t").after(Duration::from_secs(1));
            let built = builder.registry(&Registry::new()).build();
            built.expect("allowed")
        };
        let stays = make();
        let number = stays.shared().number();
        // While others come, go, and are looked for.
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        let goes = make();
                        let other = goes.shared().number();
                        let found = find(other).expect("it is here");
                        drop(goes);
                        assert!(find(other).is_some(), "who has found it keeps it");
                        drop(found);
                        assert!(find(other).is_none());
                        let alive = ALIVE.read().expect("not poisoned");
                        assert!(!alive.contains_key(&other));
                    }
                });
            }
        });
        assert_eq!(find(number).expect("it is here").number(), number);
    }
}
