//! A small shop that survives its own crashes.

fn main() {}
