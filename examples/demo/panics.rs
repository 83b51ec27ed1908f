//! A panic hook that keeps the screen readable while a shop crashes on purpose.

use std::panic::{self, PanicHookInfo};
use std::sync::atomic::{AtomicU64, Ordering};

/// Where the bugs live that are there on purpose.
const ON_PURPOSE: &str = "demo/shop/";

static PANICS: AtomicU64 = AtomicU64::new(0);

/// From now on panics of the shop are counted, and printed in a line if `verbose`. Any other is
/// printed as ever.
pub(crate) fn hush(verbose: bool) {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if is_on_purpose(panic) {
            PANICS.fetch_add(1, Ordering::Relaxed);
            if verbose {
                eprintln!("{}", panic.to_string().replace('\n', " "));
            }
        } else {
            print(panic);
        }
    }));
}

/// How many panics the hook has kept quiet.
pub(crate) fn hushed() -> u64 {
    PANICS.load(Ordering::Relaxed)
}

fn is_on_purpose(panic: &PanicHookInfo<'_>) -> bool {
    // A path of the machine that compiled it, which may be of the kind with backslashes.
    panic
        .location()
        .is_some_and(|place| place.file().replace('\\', "/").contains(ON_PURPOSE))
}
