//! Replays a scenario on the crate, through its public API, on a real runtime with a paused clock.

mod action;
mod calls;
pub(crate) mod normal;
mod player;
mod record;
pub(crate) mod scenario;
mod stage;
mod steps;
mod tree;
mod values;
mod watch;
mod worker;

use std::time::Duration;

use player::Player;
use scenario::{Action, Args, Group, SupSpec};
pub(crate) use watch::Watched;

/// How workers are made. The traces must be the same.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Style {
    /// With a first phase, in which what the init list says happens.
    TwoPhase,
    /// Those that have nothing to do in it are ready at once, so that they can restart in place.
    Ready,
    /// Instances too: none of the scenario has an init list of its own.
    ReadyInstances,
}

/// Far more time than any scenario takes, on a clock that only moves when all are waiting.
const LIMIT: Duration = Duration::from_secs(600);

/// Plays a whole scenario, one group for its start and one for each action.
async fn play(style: Style, tree: &SupSpec, actions: &[Action]) -> Vec<Group> {
    let (mut player, first) = Player::start(style, tree).await;
    let mut groups = vec![first];
    for action in actions {
        groups.push(player.act(action).await);
    }
    groups
}

/// Replays a scenario in the current thread.
fn replay(ready: bool, tree: &SupSpec, actions: &[Action]) -> Result<Vec<Group>, String> {
    let own_init = |action: &Action| {
        matches!(
            action,
            Action::StartChild {
                args: Some(Args { init: Some(_) }),
                ..
            }
        )
    };
    let any_own_init = actions.iter().any(|action| match action {
        Action::Batch { steps, .. } => steps.iter().any(own_init),
        other => own_init(other),
    });
    let style = match (ready, any_own_init) {
        (false, _) => Style::TwoPhase,
        (true, true) => Style::Ready,
        (true, false) => Style::ReadyInstances,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .map_err(|error| error.to_string())?;
    let played = async { tokio::time::timeout(LIMIT, play(style, tree, actions)).await };
    runtime.block_on(played).map_err(|_| "it hangs".to_owned())
}
