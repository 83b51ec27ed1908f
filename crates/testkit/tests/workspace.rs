//! What holds for the workspace as a whole: who may depend on whom, what every member has in common, and
//! how long a file may be.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Lines of code beyond which a file holds more than one idea.
const LINES_MAX: usize = 300;

/// The members, as cargo sees them.
fn packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mut metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo speaks JSON");
    let Value::Array(packages) = metadata["packages"].take() else {
        panic!("cargo lists its packages");
    };
    assert!(packages.len() >= 5, "all members are here");
    packages
}

fn name(package: &Value) -> &str {
    package["name"].as_str().expect("a name")
}

/// The names of what a package depends on, for its tests or for itself.
fn dependencies(package: &Value, tests: bool) -> impl Iterator<Item = &str> {
    let all = package["dependencies"].as_array().expect("a list").iter();
    all.filter(move |dependency| (dependency["kind"] == "dev") == tests)
        .map(name)
}

/// Whether it cannot be had without this one.
fn needs(package: &Value, dependency: &str) -> bool {
    let all = package["dependencies"].as_array().expect("a list").iter();
    all.filter(|it| it["kind"] != "dev" && it["optional"] == false)
        .any(|it| name(it) == dependency)
}

#[test]
fn dependencies_point_one_way() {
    for package in &packages() {
        let member = name(package);
        let (own, in_tests): (&[&str], &[&str]) = match member {
            "seaworthy-testkit" => (&[], &[]),
            "seaworthy-core" => (&[], &["seaworthy-testkit"]),
            // Where they come together.
            "seaworthy" | "seaworthy-examples" | "seaworthy-benches" => continue,
            _ => (
                &["seaworthy-core"],
                &["seaworthy-core", "seaworthy-testkit"],
            ),
        };
        for (tests, allowed) in [(false, own), (true, in_tests)] {
            let ours = dependencies(package, tests).filter(|name| name.starts_with("seaworthy"));
            let forbidden: Vec<_> = ours.filter(|name| !allowed.contains(name)).collect();
            assert!(
                forbidden.is_empty(),
                "{member} must not depend on {forbidden:?}"
            );
        }
        assert!(
            !needs(package, "tower"),
            "{member}: tower-layer and tower-service are enough, but for what is asked for"
        );
    }
}

#[test]
fn members_have_in_common_what_they_should() {
    let private = [
        "seaworthy-testkit",
        "seaworthy-examples",
        "seaworthy-benches",
    ];
    for package in &packages() {
        let member = name(package);
        let published = package["publish"] != Value::Array(Vec::new());
        assert_eq!(published, !private.contains(&member), "{member}: `publish`");
        assert_eq!(package["edition"], "2024", "{member}");
        assert_eq!(package["license"], "MIT OR Apache-2.0", "{member}");
        let minimum = if member == "seaworthy-examples" {
            "1.89"
        } else {
            "1.88"
        };
        assert_eq!(package["rust_version"], minimum, "{member}");

        let manifest = package["manifest_path"].as_str().expect("a path");
        let manifest = std::fs::read_to_string(manifest).expect("a manifest");
        assert!(
            manifest.contains("[lints]\nworkspace = true\n"),
            "{member} does not inherit the lints, `unsafe_code = \"forbid\"` among them"
        );
    }
}

#[test]
fn files_stay_small() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    let crates = crates.expect("the folder of the crates");
    let mut files = Vec::new();
    for entry in std::fs::read_dir(crates).expect("it can be read").flatten() {
        collect(&entry.path().join("src"), &mut files);
    }
    assert!(files.len() > 20, "the sources were found");
    let long: Vec<_> = files
        .iter()
        .map(|file| {
            let text = std::fs::read_to_string(file).expect("text");
            (code_lines(&text), file.display())
        })
        .filter(|(lines, _)| *lines > LINES_MAX)
        .collect();
    assert!(
        long.is_empty(),
        "more than {LINES_MAX} lines of code: {long:#?}"
    );
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.ends_with("tests") || path.ends_with("tests.rs") {
            continue;
        }
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// Lines that are neither blank nor comment, up to the tests.
fn code_lines(text: &str) -> usize {
    let code = text
        .lines()
        .map(str::trim)
        .take_while(|line| *line != "mod tests {");
    code.filter(|line| !line.is_empty() && !line.starts_with("//"))
        .count()
}
