//! What the sources must not say, and how large they may be.

use std::path::{Path, PathBuf};

use super::{files, member_names, members, read, root};

const LINES_MAX: usize = 600;

/// The sources of a package that end up in what is shipped.
fn shipped(package: &str) -> Vec<PathBuf> {
    let mut named = member_names().into_iter().zip(members());
    let (_, folder) = named.find(|(name, _)| name == package).unwrap();
    without_tests(&folder)
}

/// Everything under `src`, but for unit tests in a file of their own.
fn without_tests(member: &Path) -> Vec<PathBuf> {
    let mut sources = files(&member.join("src"), "rs");
    sources.retain(|path| !path.ends_with("tests.rs"));
    sources
}

/// The file without comments and without its unit tests, which stand last.
fn code(path: &Path) -> String {
    let text = read(path);
    let end = text.find("#[cfg(test)]\nmod ").unwrap_or(text.len());
    let lines = text[..end]
        .lines()
        .map(|line| line.split("//").next().unwrap());
    lines.collect::<Vec<_>>().join("\n")
}

/// Whether the code names `std::module`, also in a grouped import.
fn names_std(code: &str, module: &str) -> bool {
    let dense: String = code.chars().filter(|ch| !ch.is_whitespace()).collect();
    let is_whole = |rest: &str| !rest.starts_with(|ch: char| ch.is_alphanumeric() || ch == '_');
    let after = |pattern: &str| {
        dense
            .match_indices(pattern)
            .map(|(at, _)| at + pattern.len())
            .collect::<Vec<_>>()
    };
    let direct = format!("std::{module}");
    if after(&direct).into_iter().any(|at| is_whole(&dense[at..])) {
        return true;
    }
    after("usestd::{").into_iter().any(|start| {
        let (group, _) = dense[start..].split_once(';').unwrap_or_default();
        let mut names = group.split(|ch: char| !ch.is_alphanumeric() && ch != '_');
        names.any(|name| name == module)
    })
}

fn assert_never_names(package: &str, words: &[&str], modules: &[&str], reason: &str) {
    for path in shipped(package) {
        let code = code(&path);
        let word = words.iter().find(|word| code.contains(**word));
        let module = modules.iter().find(|module| names_std(&code, module));
        if let Some(found) = word.or(module) {
            panic!("{} names {found}: {reason}", path.display());
        }
    }
}

#[test]
fn core_crates_do_no_io_and_read_no_clock() {
    for package in [
        "pack-format",
        "bundle-format",
        "signing-format",
        "team-core",
        "team-content",
    ] {
        let words = [
            "SystemTime",
            "Instant",
            "getrandom",
            "thread_rng",
            "OsRng",
            "SysRng",
        ];
        let modules = ["fs", "net", "env", "process", "os"];
        let reason = "callers pass bytes, the time and a generator";
        assert_never_names(package, &words, &modules, reason);
    }
}

#[test]
fn crossing_and_carriers_read_no_clock_and_no_randomness() {
    for package in ["carriers", "crossing"] {
        let words = ["SystemTime", "getrandom", "thread_rng", "OsRng", "SysRng"];
        let reason = "the program that calls them passes the time and randomness";
        assert_never_names(package, &words, &["net", "env"], reason);
    }
}

#[test]
fn nothing_the_vault_is_made_of_names_a_network() {
    for package in [
        "pack-format",
        "bundle-format",
        "carriers",
        "crossing",
        "lockdown",
        "note-protocol",
        "note-worker",
        "offline-vault",
        "screen",
        "signing-format",
        "team-content",
        "team-core",
    ] {
        let words = [
            "TcpStream",
            "TcpListener",
            "UdpSocket",
            "UnixStream",
            "UnixDatagram",
        ];
        let reason = "the offline machine's program has no socket";
        assert_never_names(package, &words, &["net"], reason);
    }
}

#[test]
fn only_stores_name_sql() {
    for package in member_names() {
        if package.starts_with("causeway-") {
            continue;
        }
        for path in shipped(&package) {
            let in_store = path.components().any(|part| part.as_os_str() == "store");
            let names_sql = code(&path).contains("rusqlite");
            assert!(
                in_store || !names_sql,
                "{} names rusqlite outside a store/",
                path.display()
            );
        }
    }
}

/// Each library that reads what strangers made has one door.
#[test]
fn only_one_folder_names_each_foreign_library() {
    let doors = [
        ("sequoia", "offline-vault/src/openpgp"),
        ("ssh_key::", "offline-vault/src/foreign_keys"),
        ("scrypt::", "offline-vault/src/foreign_keys"),
        ("loro::", "note-worker/src"),
    ];
    let is_ours = |name: &String| !name.starts_with("causeway-");
    for package in member_names().into_iter().filter(is_ours) {
        for path in shipped(&package) {
            let code = code(&path);
            for (word, door) in doors {
                let may = path.starts_with(root().join(door));
                assert!(
                    may || !code.contains(word),
                    "{} names {word} outside {door}",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn plaintext_and_keys_never_meet_a_shared_temporary_directory() {
    for package in [
        "bundle-format",
        "carriers",
        "crossing",
        "note-protocol",
        "note-worker",
        "offline-vault",
        "online-relay",
    ] {
        let reason = "only the vault's own directory may hold what it works on";
        assert_never_names(package, &["temp_dir", "/tmp", "/var/tmp"], &[], reason);
    }
}

#[test]
fn unsafe_code_is_forbidden_in_every_crate() {
    let rules = read(&root().join("Cargo.toml"));
    assert!(
        rules.contains("\nunsafe_code = \"forbid\"\n"),
        "the workspace allows unsafe code"
    );
    for member in members() {
        let manifest = read(&member.join("Cargo.toml"));
        let takes_rules = manifest.contains("[lints]\nworkspace = true\n");
        assert!(
            takes_rules,
            "{} does not take the workspace's lints",
            member.display()
        );
    }
}

#[test]
fn no_file_is_longer_than_600_lines_without_its_tests() {
    for path in members().iter().flat_map(|it| without_tests(it)) {
        let text = read(&path);
        let end = text.find("#[cfg(test)]\nmod ").unwrap_or(text.len());
        let lines = text[..end].lines().count();
        assert!(
            lines <= LINES_MAX,
            "{} has {lines} lines: split it by concept",
            path.display()
        );
    }
}

#[test]
fn a_grouped_import_of_a_module_is_found() {
    assert!(names_std("use std::{\n    fs,\n    io,\n};", "fs"));
    assert!(names_std("std::fs::read(path)", "fs"));
    assert!(!names_std("use std::fsync; use std::{io, fmt};", "fs"));
}
