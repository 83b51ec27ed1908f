//! Comparing groups, and the one normalisation that they need before it.

use serde_json::Value;

use super::scenario::{Group, instance, split};

/// Sorts each run of exits of instances of one dynamic supervisor: it stops them concurrently.
pub(crate) fn normalise(group: &mut Group) {
    let mut from = 0;
    while from < group.len() {
        let mut to = from + 1;
        if let Some((sup, _)) = instance_exit(&group[from]) {
            while to < group.len() && instance_exit(&group[to]).is_some_and(|(s, _)| s == sup) {
                to += 1;
            }
            group[from..to].sort_by_key(|event| instance_exit(event).map(|(_, k)| k));
        }
        from = to;
    }
}

fn instance_exit(event: &Value) -> Option<(String, u64)> {
    if event["ev"] != "exit" {
        return None;
    }
    let (sup, id) = split(event["child"].as_str()?);
    Some((sup.to_owned(), instance(id)?))
}

/// Where two lists of groups differ first: group, event, expected, got.
pub(crate) fn difference(expected: &[Group], got: &[Group]) -> Option<String> {
    let none: Group = Vec::new();
    for at in 0..expected.len().max(got.len()) {
        let (want, have) = (
            expected.get(at).unwrap_or(&none),
            got.get(at).unwrap_or(&none),
        );
        for event in 0..want.len().max(have.len()) {
            let (want, have) = (want.get(event), have.get(event));
            if want != have {
                let show =
                    |event: Option<&Value>| event.map_or("nothing".to_owned(), Value::to_string);
                return Some(format!(
                    "group {at}, event {event}: expected {}, got {}",
                    show(want),
                    show(have)
                ));
            }
        }
    }
    None
}
