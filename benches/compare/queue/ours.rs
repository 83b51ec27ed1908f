//! Seaworthy's queue.

use seaworthy_benches::Failure;
use seaworthy_benches::breaker::Hammered;
use seaworthy_benches::queue::ours;

use super::Round;

pub(super) async fn call(round: Round) -> Result<Hammered, Failure> {
    round.call(ours::client()?).await
}

pub(super) async fn hand_off(round: Round) -> Result<Hammered, Failure> {
    let (sender, receiver) = ours::queue()?;
    round
        .hand_off(sender, |number| vec![receiver; number])
        .await
}

pub(super) async fn offer(round: Round) -> Result<Hammered, Failure> {
    // Without a receiver it would be closed.
    let (sender, _receiver) = ours::queue()?;
    round.offer(sender).await
}
