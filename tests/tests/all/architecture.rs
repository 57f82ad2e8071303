//! The rules of ARCHITECTURE.md, "Invariants", as tests over the sources and over what Cargo links.
//!
//! `deny.toml` says the same of crates and licences for those who have cargo-deny; these tests need
//! nothing but Cargo and no network.

mod claims;
mod licences;
mod links;
mod sources;

use std::path::{Path, PathBuf};
use std::process::Command;

/// The root of the repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The folders of the workspace's packages, as the root manifest lists them.
fn members() -> Vec<PathBuf> {
    let manifest = read(&root().join("Cargo.toml"));
    let (_, list) = manifest.split_once("members = [").unwrap();
    let (list, _) = list.split_once(']').unwrap();
    let members = list.split('"').skip(1).step_by(2);
    members.map(|member| root().join(member)).collect()
}

/// The names of the workspace's packages.
fn member_names() -> Vec<String> {
    let manifests = members().into_iter().map(|it| it.join("Cargo.toml"));
    manifests.map(|it| package_name(&read(&it))).collect()
}

fn package_name(manifest: &str) -> String {
    let mut lines = manifest.lines();
    let name = lines.find_map(|line| line.strip_prefix("name = "));
    name.unwrap().trim_matches('"').to_owned()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|err| panic!("{}: {err}", path.display()))
}

/// Every file below `folder` whose name ends in `.extension`, but for build results.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("target") && !path.ends_with(".git") {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// What Cargo prints. It needs no network after a build, and leaves the lock file alone.
fn cargo(arguments: &[&str]) -> String {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(arguments)
        .args(["--offline", "--locked"])
        .current_dir(root())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo {arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}
