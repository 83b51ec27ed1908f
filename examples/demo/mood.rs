//! How somebody is on whom the shop depends.

use std::fmt;

/// How well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Well,
    /// Every answer comes, too late.
    Slow,
    /// Nobody is there.
    Down,
    /// Every other answer is an error.
    HalfWell,
}

impl Mood {
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "well" => Self::Well,
            "slow" => Self::Slow,
            "down" => Self::Down,
            "half" => Self::HalfWell,
            _ => return None,
        })
    }
}

impl fmt::Display for Mood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Well => "well",
            Self::Slow => "slow",
            Self::Down => "down",
            Self::HalfWell => "half well",
        })
    }
}
