//! What the sources of a crate hold, so that a test can see that it forgets nothing.

use std::path::Path;

/// The public async functions and the public futures in the sources below `folder`, as `file.rs: name`, sorted.
///
/// For the list of what the `cancel` test of a crate drops at every await: a new one without a test fails it.
///
/// # Panics
///
/// If the folder cannot be read.
#[must_use]
pub fn async_functions(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    list(folder, &mut found);
    found.sort();
    found
}

fn list(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            list(&path, found);
            continue;
        }
        let file = path.file_name().expect("a file").to_string_lossy();
        let text = std::fs::read_to_string(&path).expect("a source");
        // Where the line is too long, the formatter breaks it here.
        let text = text.replace("\n    for ", " for ");
        let names = text.lines().filter_map(|line| name(line, &text));
        found.extend(names.map(|name| format!("{file}: {name}")));
    }
}

/// The name, if this line of `text` begins one of them.
fn name<'a>(line: &'a str, text: &str) -> Option<&'a str> {
    let line = line.trim_start();
    if let Some(function) = line.strip_prefix("pub async fn ") {
        return Some(identifier(function));
    }
    let (_, future) = line.strip_prefix("impl")?.split_once(" Future for ")?;
    let future = identifier(future);
    // The others are seen by nobody outside.
    let mut types = text.lines().filter_map(|it| it.strip_prefix("pub struct "));
    types.any(|it| identifier(it) == future).then_some(future)
}

fn identifier(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_');
    &text[..end.unwrap_or(text.len())]
}
