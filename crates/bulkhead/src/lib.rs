//! Limits on how many calls a service works on at once: fixed, shared out among classes, or finding themselves.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

pub mod limit;
