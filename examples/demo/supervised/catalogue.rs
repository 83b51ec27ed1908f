//! The product pages as a service that comes back: a page that panics costs its reader that page, and the
//! service is built anew.

use std::time::Duration;

use seaworthy_core::ConfigError;
use seaworthy_supervisor::{Builder, Supervised, Supervisor};

use crate::shop::pages::{self, Pages, Printer};

/// Every customer can set off the bug, so there may be many crashes before there is more to it than that.
const CRASHES: u32 = 200;

/// The stack in front of the service, and the supervisor that gives it its life. The stack stays while
/// instances of the service come and go.
pub(super) fn supervisor() -> Result<(Pages, Builder), ConfigError> {
    let (service, child) = Supervised::builder("catalogue").build(async |_cx| Ok(Printer))?;
    let supervisor = Supervisor::builder("pages")
        .intensity(CRASHES, Duration::from_secs(1))
        .child(child);
    Ok((pages::stack(service), supervisor))
}
