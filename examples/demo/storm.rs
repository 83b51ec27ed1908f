//! What is done to a shop from outside while its customers come, and to those on whom it depends:
//! the service that it asks for recommendations, and the database of its product pages.
//!
//! Half of the storm is here. The other half comes in by the front door: among the customers are
//! some whose requests make the catalogue or the database worker panic, or a helper process abort; see
//! [`plan`](crate::plan).

use std::fmt;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{self, Instant};

use crate::mood::Mood;
use crate::progress::Progress;
use crate::trial::Build;

/// How long a blow may take to land.
const PATIENCE: Duration = Duration::from_secs(2);

/// Something that breaks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Blow {
    /// The database task is ended from outside, in the middle of whatever it does.
    KillDatabase,
    /// The database task is ended again and again, as fast as it comes back, until whoever restarts
    /// it gives up.
    CrashStorage,
    /// The press of the reports gets stuck: whoever prints next hangs, for ever.
    JamPress,
}

impl fmt::Display for Blow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::KillDatabase => "database killed",
            Self::CrashStorage => "storage crashed over and over",
            Self::JamPress => "the press of the reports jams",
        })
    }
}

/// Has somebody on whom the shop depends be as is planned.
pub(crate) async fn change(
    whose: &str,
    mood: &watch::Sender<Mood>,
    start: Instant,
    weather: &[(Duration, Mood)],
    progress: &Progress,
) {
    for (at, new) in weather {
        time::sleep_until(start + *at).await;
        progress.note(format_args!("{whose}: {new}"));
        mood.send_replace(*new);
    }
}

/// Deals out all the blows at their time.
pub(crate) async fn rage(
    shop: &impl Build,
    start: Instant,
    blows: &[(Duration, Blow)],
    progress: &Progress,
) {
    for (at, blow) in blows {
        time::sleep_until(start + *at).await;
        progress.note(blow);
        // A shop that is down for good cannot be struck any more.
        let _ = time::timeout(PATIENCE, shop.strike(*blow)).await;
    }
}
