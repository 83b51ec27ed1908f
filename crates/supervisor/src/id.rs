//! What a child is called.

use std::fmt;
use std::sync::Arc;

/// The identity of a child among its siblings.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ChildId {
    /// The name it was given.
    Name(Arc<str>),
    /// The number of an instance under a [`DynamicSupervisor`](crate::DynamicSupervisor), counted from 1 and
    /// never used again.
    Number(u64),
}

impl fmt::Display for ChildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Number(number) => write!(f, "#{number}"),
        }
    }
}

/// Says what is wrong with a name, if anything is: paths are made of names, so a name must not look
/// like more than one, nor like the number of an instance.
pub(crate) fn check_name(name: &str) -> Result<(), &'static str> {
    const ALLOWED: &str = "1 to 255 bytes without `/` or control characters, not starting with `#`";
    let fits = (1..=255).contains(&name.len());
    if fits && !name.starts_with('#') && !name.contains(|c: char| c == '/' || c.is_control()) {
        Ok(())
    } else {
        Err(ALLOWED)
    }
}
