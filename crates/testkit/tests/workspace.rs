//! What holds for the workspace as a whole: who may depend on whom, and how long a file may be.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Lines of code beyond which a file holds more than one idea.
const LINES_MAX: usize = 300;

fn metadata() -> Value {
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
    serde_json::from_slice(&output.stdout).expect("cargo speaks JSON")
}

/// Whom a package depends on among ours, tests left out.
fn ours(package: &Value) -> Vec<&str> {
    let dependencies = package["dependencies"].as_array().expect("a list");
    let normal = dependencies
        .iter()
        .filter(|dependency| dependency["kind"].is_null());
    normal
        .filter_map(|dependency| dependency["name"].as_str())
        .filter(|name| name.starts_with("seaworthy"))
        .collect()
}

#[test]
fn dependencies_point_one_way() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().expect("a list");
    assert!(packages.len() >= 5, "all members are here");
    for package in packages {
        let name = package["name"].as_str().expect("a name");
        let allowed: &[&str] = match name {
            "seaworthy-core" | "seaworthy-testkit" => &[],
            "seaworthy-examples" | "seaworthy-benches" => continue,
            _ => &["seaworthy-core"],
        };
        for dependency in ours(package) {
            assert!(
                allowed.contains(&dependency),
                "{name} must not depend on {dependency}"
            );
        }
        let tower = package["dependencies"].as_array().expect("a list").iter();
        let whole =
            |dependency: &&Value| dependency["kind"].is_null() && dependency["name"] == "tower";
        assert!(
            tower.filter(whole).count() == 0,
            "{name}: tower-layer and tower-service are enough"
        );
    }
}

#[test]
fn files_stay_small() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for entry in std::fs::read_dir(crates).expect("the crates").flatten() {
        collect(&entry.path().join("src"), &mut files);
    }
    assert!(files.len() > 20, "the sources were found");
    for file in files {
        let lines = code_lines(&std::fs::read_to_string(&file).expect("text"));
        assert!(
            lines <= LINES_MAX,
            "{} has {lines} lines of code",
            file.display()
        );
    }
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
