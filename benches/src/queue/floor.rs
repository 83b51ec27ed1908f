//! The barest safe code that does what a queue does.

mod deque;
mod line;

pub use deque::{Deque, deque};
pub use line::Line;
