//! The versions of the peers, as the lock file has them.

const LOCK: &str = include_str!("../../Cargo.lock");

/// A crate's name with its version.
pub(crate) fn named(name: &str) -> String {
    let header = format!("name = \"{name}\"\nversion = \"");
    let version = LOCK
        .split_once(&header)
        .and_then(|(_, rest)| rest.split_once('"'))
        .map_or("of an unknown version", |(version, _)| version);
    format!("{name} {version}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_peer_has_a_version() {
        for name in [
            "async-channel",
            "failsafe",
            "flume",
            "kameo",
            "kanal",
            "ractor",
            "ractor-supervisor",
            "recloser",
            "task-supervisor",
            "tokio",
            "tower",
            "tower-resilience",
        ] {
            let shown = named(name);
            let (_, version) = shown.rsplit_once(' ').expect("a version");
            assert!(version.starts_with(|c: char| c.is_ascii_digit()), "{shown}");
        }
    }
}
