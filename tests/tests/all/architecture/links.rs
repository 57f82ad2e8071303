//! Who links whom: allow-lists over `cargo tree`.

use std::collections::BTreeSet;

use super::{cargo, member_names, read, root};

/// Crates that open network sockets, or exist to. The vault's allow-list would catch them too;
/// this list says why they are refused.
const NETWORK: &[&str] = &[
    "async-io",
    "async-std",
    "axum",
    "curl",
    "h2",
    "hickory-resolver",
    "hyper",
    "hyper-util",
    "isahc",
    "libp2p",
    "mio",
    "native-tls",
    "nng",
    "openssl",
    "quinn",
    "reqwest",
    "rustls",
    "smol",
    "socket2",
    "surf",
    "tokio",
    "trust-dns-resolver",
    "tungstenite",
    "ureq",
    "zbus",
    "zmq",
];

/// Crates with which a bundle could be opened.
const OPENERS: &[&str] = &[
    "bundle-format",
    "hpke",
    "kem",
    "libcrux-ml-kem",
    "ml-kem",
    "pqcrypto",
    "x-wing",
    "x25519-dalek",
    "zstd",
    "zstd-safe",
    "zstd-sys",
];

/// What each of our crates may link of the others, directly or not.
const ONE_WAY: &[(&str, &[&str])] = &[
    ("pack-format", &[]),
    ("bundle-format", &["pack-format"]),
    ("carriers", &["pack-format"]),
    ("crossing", &["carriers", "pack-format"]),
    ("lockdown", &[]),
    ("signing-format", &["pack-format"]),
    ("team-core", &["bundle-format", "pack-format"]),
    (
        "team-content",
        &["bundle-format", "pack-format", "team-core"],
    ),
    ("note-protocol", &["pack-format"]),
    ("note-worker", &["lockdown", "note-protocol", "pack-format"]),
    ("screen", &["carriers", "lockdown", "pack-format"]),
    ("camera-model", &[]),
    (
        "offline-vault",
        &[
            "bundle-format",
            "carriers",
            "crossing",
            "lockdown",
            "note-protocol",
            "pack-format",
            "signing-format",
            "team-content",
            "team-core",
        ],
    ),
    (
        "online-relay",
        &["carriers", "crossing", "pack-format", "signing-format"],
    ),
];

/// Crates that only compute.
const CORE: [&str; 5] = [
    "pack-format",
    "bundle-format",
    "signing-format",
    "team-core",
    "team-content",
];

/// The crates that `package` links, without what only runs while it is built or tested.
fn linked(package: &str) -> BTreeSet<String> {
    let lines = tree(package, "{p}");
    let names = lines.iter().filter_map(|line| line.split(' ').next());
    names
        .filter(|name| *name != package)
        .map(str::to_owned)
        .collect()
}

fn tree(package: &str, format: &str) -> Vec<String> {
    let edges = "normal,no-proc-macro";
    let text = cargo(&[
        "tree", "-p", package, "-e", edges, "--prefix", "none", "-f", format,
    ]);
    text.lines().map(str::to_owned).collect()
}

fn assert_links_none(package: &str, banned: &[&str], reason: &str) {
    let linked = linked(package);
    let found: Vec<_> = banned
        .iter()
        .filter(|name| linked.contains(**name))
        .collect();
    assert!(found.is_empty(), "{package} links {found:?}: {reason}");
}

#[test]
fn vault_links_no_crate_that_opens_sockets() {
    let reason = "nothing in the vault may speak to a network";
    assert_links_none("offline-vault", NETWORK, reason);
}

/// What reads the documents of strangers has nothing to give away.
#[test]
fn note_worker_links_no_network_and_opens_nothing() {
    let reason = "it reads what strangers wrote";
    assert_links_none("note-worker", NETWORK, reason);
    assert_links_none("note-worker", OPENERS, reason);
    assert_links_none("note-worker", &["rusqlite"], reason);
    assert_links_none("note-protocol", NETWORK, reason);
}

/// Documents of strangers are read in a process of their own.
#[test]
fn programs_with_keys_link_no_library_of_documents() {
    for package in ["offline-vault", "online-relay", "team-content", "team-core"] {
        let documents: Vec<_> = linked(package)
            .into_iter()
            .filter(|name| name.starts_with("loro"))
            .collect();
        assert!(
            documents.is_empty(),
            "{package} links {documents:?}: notes are read by causeway-note alone"
        );
    }
}

#[test]
fn relay_links_nothing_of_spaces() {
    let reason = "a relay does not know what a space is";
    let spaces = ["team-core", "team-content", "note-protocol", "note-worker"];
    assert_links_none("online-relay", &spaces, reason);
    assert_links_none("carriers", &spaces, reason);
    assert_links_none("crossing", &spaces, reason);
}

/// A window holds no keys, and what holds keys links no window.
#[test]
fn programs_link_no_window() {
    let window = ["accesskit", "eframe", "egui", "winit", "x11rb", "zbus"];
    let reason = "windows belong to causeway-screen";
    assert_links_none("offline-vault", &window, reason);
    assert_links_none("online-relay", &window, reason);
}

#[test]
fn screen_links_nothing_that_opens_a_pack_or_a_bundle() {
    let reason = "a window shows sealed codes and holds no keys";
    assert_links_none("screen", &["crossing"], reason);
    assert_links_none("screen", OPENERS, reason);
}

#[test]
fn vault_links_only_crates_on_its_list() {
    let list = read(&root().join("tests/tests/all/architecture/vault-crates.txt"));
    let lines = list.lines().filter(|line| !line.starts_with('#'));
    let allowed: BTreeSet<String> = lines
        .flat_map(str::split_whitespace)
        .map(str::to_owned)
        .collect();
    let linked = linked("offline-vault");
    let new: Vec<_> = linked.difference(&allowed).collect();
    assert!(
        new.is_empty(),
        "offline-vault links {new:?}, which nobody has argued for: say in the commit what each is \
         needed for, that it opens no socket and who maintains it, then add it to \
         tests/tests/all/architecture/vault-crates.txt"
    );
    let gone: Vec<_> = allowed.difference(&linked).collect();
    assert!(
        gone.is_empty(),
        "vault-crates.txt allows {gone:?}, which nothing links: remove them"
    );
}

/// The crates that wrap system calls have sockets behind features.
#[test]
fn vault_enables_no_socket_features() {
    let sockets = ["all-apis", "net", "socket", "use-libc"];
    for line in tree("offline-vault", "{p}|{f}") {
        let (package, features) = line.split_once('|').unwrap();
        let name = package.split(' ').next().unwrap();
        let features = features.trim_end_matches(" (*)").split(',');
        let found: Vec<_> = features
            .filter(|feature| sockets.contains(feature))
            .collect();
        let wraps_calls = ["linux-raw-sys", "nix", "rustix"].contains(&name);
        assert!(
            !wraps_calls || found.is_empty(),
            "offline-vault enables {found:?} of {name}"
        );
    }
}

#[test]
fn relay_links_nothing_that_opens_a_bundle() {
    let reason = "a relay carries bundles and must not be able to open them";
    assert_links_none("online-relay", OPENERS, reason);
}

/// Secret keys, and the libraries that read them, are in the vault alone.
#[test]
fn relay_links_nothing_that_reads_secret_keys() {
    let reason = "a desk checks signatures and holds no signing key";
    let banned = ["scrypt", "sequoia-openpgp", "ssh-key", "ssh-cipher"];
    assert_links_none("online-relay", &banned, reason);
    assert_links_none("signing-format", &banned, reason);
    assert_links_none("signing-format", OPENERS, "the relay links it");
}

#[test]
fn vault_and_relay_never_depend_on_each_other() {
    let reason = "they meet in tests/ only";
    assert_links_none("offline-vault", &["online-relay"], reason);
    assert_links_none("online-relay", &["offline-vault"], reason);
}

#[test]
fn dependencies_point_one_way() {
    let ours: BTreeSet<String> = member_names().into_iter().collect();
    for (package, allowed) in ONE_WAY {
        let linked = linked(package);
        for name in linked.intersection(&ours) {
            let may = allowed.contains(&name.as_str());
            assert!(
                may,
                "{package} links {name}: not in the direction of ARCHITECTURE.md"
            );
        }
    }
    for name in ours.iter().filter(|name| !name.starts_with("causeway-")) {
        let ruled = ONE_WAY.iter().any(|(package, _)| package == name);
        assert!(
            ruled,
            "{name} has no place in the one-way rule: add it to ONE_WAY"
        );
    }
}

#[test]
fn core_crates_link_no_storage_and_no_randomness() {
    for package in CORE {
        let reason = "core crates are handed bytes, the time and randomness";
        let banned = [
            "getrandom",
            "libc",
            "nix",
            "rand",
            "rusqlite",
            "rustix",
            "tokio",
        ];
        assert_links_none(package, &banned, reason);
    }
}
