//! Why an item left a queue otherwise than to a receiver.

use std::fmt;

use seaworthy_core::Reason;

/// Why an item was dropped: what the hook [`on_drop`](crate::QueueBuilder::on_drop) is told with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Why {
    /// It made room for a newer or more important one.
    Evicted,
    /// There was no room for it.
    NoRoom,
    /// Its deadline had passed when it was its turn.
    Expired,
    /// It had waited for too long in a queue that does not become empty.
    WaitedTooLong,
    /// There was no room for another dead letter.
    NoRoomForDeadLetters,
    /// The queue was drained, and time was up.
    Drained,
    /// Nobody is left who could receive it.
    Abandoned,
}

impl Why {
    /// All there are, in their order.
    pub(crate) const ALL: [Self; 7] = [
        Self::Evicted,
        Self::NoRoom,
        Self::Expired,
        Self::WaitedTooLong,
        Self::NoRoomForDeadLetters,
        Self::Drained,
        Self::Abandoned,
    ];

    /// The name that metrics show.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Evicted => "evicted",
            Self::NoRoom => "no_room",
            Self::Expired => "expired",
            Self::WaitedTooLong => "waited_too_long",
            Self::NoRoomForDeadLetters => "no_room_for_dead_letters",
            Self::Drained => "drained",
            Self::Abandoned => "abandoned",
        }
    }
}

impl Why {
    /// What a layer says to a caller for whom this happened.
    pub(crate) const fn reason(self) -> Reason {
        match self {
            Self::Evicted => Reason::Evicted,
            Self::NoRoom => Reason::QueueFull,
            Self::Expired | Self::WaitedTooLong => Reason::Expired,
            Self::NoRoomForDeadLetters => Reason::Crashed,
            Self::Drained => Reason::ShuttingDown,
            Self::Abandoned => Reason::Stopped,
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
