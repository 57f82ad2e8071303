//! Tar archives, of stock tools and of attackers.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::*;

/// A header with a body; the sum is right.
fn part(flag: u8, name: &str, body: &[u8]) -> Vec<u8> {
    let mut header = ::tar::Header::new_ustar();
    header.set_size(body.len() as u64);
    header.set_mode(0o644);
    let old = header.as_old_mut();
    old.name[..name.len()].copy_from_slice(name.as_bytes());
    old.linkflag = [flag];
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend_from_slice(body);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

fn with_field(mut part: Vec<u8>, at: usize, field: &[u8]) -> Vec<u8> {
    part[at..at + field.len()].copy_from_slice(field);
    mend_sums(&mut part);
    part
}

/// Makes the sum of every block that looks like a header right.
pub(super) fn mend_sums(bytes: &mut [u8]) {
    for block in bytes.chunks_exact_mut(512) {
        if block[257..262] == *b"ustar" {
            block[148..156].fill(b' ');
            let sum: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
            block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        }
    }
}

fn archive(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = parts.concat();
    bytes.resize(bytes.len() + 1024, 0);
    bytes
}

fn record(keyword: &str, value: &str) -> String {
    let rest = format!(" {keyword}={value}\n");
    let mut len = rest.len();
    while len != rest.len() + len.to_string().len() {
        len = rest.len() + len.to_string().len();
    }
    format!("{len}{rest}")
}

fn pax(records: &[(&str, &str)]) -> Vec<u8> {
    let body: String = records
        .iter()
        .map(|(key, value)| record(key, value))
        .collect();
    part(b'x', "PaxHeaders/x", body.as_bytes())
}

pub(super) fn sample() -> Vec<u8> {
    let link = with_field(part(b'2', "link", b""), 157, b"plain");
    archive(&[
        part(b'g', "pax_global_header", record("comment", "x").as_bytes()),
        part(b'0', "plain", b"text"),
        part(b'L', "././@LongLink", b"a/long/name\0"),
        part(b'0', "a", b"text"),
        pax(&[("path", "another/name"), ("mtime", "1.5")]),
        part(b'0', "b", b"text"),
        part(b'5', "folder/", b""),
        link,
    ])
}

#[test]
fn every_kind_of_file_is_shown_with_its_name_last() {
    let lines = whole(&sample());
    let expected = [
        "4 bytes  file  plain",
        "4 bytes  file  a/long/name",
        "4 bytes  file  another/name",
        "0 bytes  directory  folder/",
        "0 bytes  symbolic link to \"plain\"  link",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn a_name_cannot_pass_for_words_of_ours() {
    let name = "x  12 bytes  directory  y";
    let link = with_field(part(b'2', "z", b""), 157, b"a\"  0 bytes  file  b");
    let lines = whole(&archive(&[part(b'0', name, b"text"), link]));
    let expected = [
        "4 bytes  file  x  12 bytes  directory  y",
        "0 bytes  symbolic link to \"a\\u{22}  0 bytes  file  b\"  z",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn modes_that_matter_are_shown() {
    let program = with_field(part(b'0', "run", b""), 100, b"0000755\0");
    let root = with_field(part(b'0', "su", b""), 100, b"0004755\0");
    let lines = whole(&archive(&[program, root, part(b'4', "sda", b"")]));
    let expected = [
        "0 bytes  executable file  run",
        "SUSPICIOUS  0 bytes  file that runs as its owner or group (setuid or setgid)  su",
        "SUSPICIOUS  0 bytes  block device  sda",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn what_programs_read_in_several_ways_is_not_listed_as_if_they_agreed() {
    let file = || part(b'0', "shown", b"text");
    let long = |name: &[u8]| part(b'L', "././@LongLink", name);
    let global = |key| part(b'g', "g", record(key, "other").as_bytes());
    let cases: [(&str, Vec<Vec<u8>>); 19] = [
        (
            "path twice",
            vec![pax(&[("path", "a"), ("path", "b")]), file()],
        ),
        (
            "two headers",
            vec![pax(&[("path", "a")]), pax(&[("mtime", "1")]), file()],
        ),
        ("long name twice", vec![long(b"a\0"), long(b"b\0"), file()]),
        (
            "long name and path",
            vec![long(b"a\0"), pax(&[("path", "b")]), file()],
        ),
        ("zero in a name", vec![long(b"a\0b\0"), file()]),
        ("empty path", vec![pax(&[("path", "")]), file()]),
        (
            "sparse name",
            vec![pax(&[("GNU.sparse.name", "b")]), file()],
        ),
        (
            "name charset",
            vec![pax(&[("hdrcharset", "BINARY")]), file()],
        ),
        (
            "rights",
            vec![pax(&[("SCHILY.xattr.security.capability", "x")]), file()],
        ),
        ("another size", vec![pax(&[("size", "512")]), file()]),
        ("global path", vec![global("path"), file()]),
        (
            "global between",
            vec![long(b"a\0"), global("comment"), file()],
        ),
        ("nothing behind", vec![file(), long(b"a\0")]),
        (
            "half a record",
            vec![part(b'x', "x", b"11 path=a\n"), file()],
        ),
        ("sparse file", vec![part(b'S', "shown", b"text")]),
        ("directory with a body", vec![part(b'5', "shown", b"text")]),
        (
            "link with a body",
            vec![with_field(part(b'1', "b", b"text"), 157, b"a")],
        ),
        (
            "old form",
            vec![file(), with_field(file(), 257, b"\0\0\0\0\0\0\0\0")],
        ),
        (
            "size that is no number",
            vec![with_field(file(), 124, b"\x80\0\0\0\0\0\0\0\0\0\0\x04")],
        ),
    ];
    for (name, parts) in cases {
        let listed = match listing(&archive(&parts)) {
            Listing::Partial(entries, _) => entries.len(),
            _ => panic!("{name}: all is listed"),
        };
        let is_late = matches!(name, "nothing behind" | "old form");
        assert_eq!(listed, usize::from(is_late), "{name}");
    }
}

#[test]
fn a_file_behind_the_end_is_not_passed_over() {
    let mut bytes = archive(&[part(b'0', "shown", b"text")]);
    bytes.resize(10_240, 0);
    assert_eq!(whole(&bytes).len(), 1);
    assert_eq!(whole(&gzip(&bytes)).len(), 1);
    let hidden = archive(&[part(b'0', "hidden", b"text")]);
    for more in [
        [bytes.clone(), hidden.clone()],
        [bytes.clone(), b"x".to_vec()],
    ] {
        let (lines, why) = partial(&more.concat());
        assert_eq!(
            (lines.len(), why.as_str()),
            (1, "there is more behind its end")
        );
        assert_eq!(partial(&gzip(&more.concat())).0.len(), 1);
    }
    // Two compressed streams, one after the other, are one to all that unpack them.
    partial(&[gzip(&bytes), gzip(&hidden)].concat());
    partial(&[gzip(&bytes), b"behind".to_vec()].concat());
    let zstd = zstd::encode_all(bytes.as_slice(), 1).unwrap();
    assert_eq!(whole(&zstd).len(), 1);
    partial(&[zstd, b"behind".to_vec()].concat());
}

#[test]
fn an_archive_without_an_end_is_not_whole() {
    let (lines, why) = partial(&part(b'0', "shown", b"text"));
    assert_eq!(
        (lines.len(), why.as_str()),
        (1, "the archive ends in the middle")
    );
}

/// A few bytes that unpack to a header that says that 8 GiB of name follow.
#[test]
fn a_long_extension_header_is_not_read_into_memory() {
    for flag in [b'L', b'K', b'x', b'g'] {
        let huge = with_field(part(flag, "x", b""), 124, b"77777777777\0");
        let (_, why) = partial(&gzip(&archive(&[huge])));
        assert_eq!(why, "an extension header that is too long");
        let long = part(flag, "x", &vec![b'a'; 64 * 1024 + 1]);
        assert_eq!(partial(&archive(&[long])).1, why);
    }
}

#[test]
fn more_files_than_anybody_reads_are_not_listed() {
    let parts = vec![part(b'0', "x", b""); ENTRIES_MAX + 1];
    let (lines, why) = partial(&gzip(&archive(&parts)));
    assert_eq!(
        (lines.len(), why.as_str()),
        (ENTRIES_MAX, "more than 20000 files")
    );
}

#[test]
fn many_long_names_are_not_listed() {
    let long = part(b'L', "x", &[b'a'; 60_000]);
    let parts: Vec<_> = (0..80)
        .flat_map(|_| [long.clone(), part(b'0', "x", b"")])
        .collect();
    let (lines, why) = partial(&archive(&parts));
    assert_eq!(why, "the names are longer than anybody reads");
    assert!(lines.len() < 71);
}

/// Runs a tool that has to be there.
fn run(tool: &str, folder: &Path, arguments: &[&str]) -> Vec<u8> {
    let out = Command::new(tool)
        .current_dir(folder)
        .args(arguments)
        .env("LC_ALL", "C.UTF-8")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .output()
        .unwrap_or_else(|err| panic!("{tool} is needed for this test: {err}"));
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    out.stdout
}

/// Files with names longer than every field for them.
fn folder_of_files() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let deep = ["d".repeat(90), "e".repeat(90), "f".repeat(90)].join("/");
    fs::create_dir_all(folder.path().join("tree").join(&deep)).unwrap();
    for name in ["short".to_owned(), "n".repeat(120), format!("{deep}/g")] {
        fs::write(folder.path().join("tree").join(name), "text").unwrap();
    }
    let tree = folder.path().join("tree");
    std::os::unix::fs::symlink("short", tree.join("link")).unwrap();
    std::os::unix::fs::symlink("n".repeat(120), tree.join("longlink")).unwrap();
    fs::hard_link(tree.join("n".repeat(120)), tree.join("same")).unwrap();
    folder
}

#[test]
fn what_stock_tar_makes_is_listed_as_it_lists_it() {
    let folder = folder_of_files();
    for format in ["gnu", "posix", "oldgnu"] {
        let format = format!("--format={format}");
        run("tar", folder.path(), &[&format, "-cf", "made.tar", "tree"]);
        run(
            "tar",
            folder.path(),
            &[&format, "-czf", "made.tar.gz", "tree"],
        );
        let listed = run("tar", folder.path(), &["-tf", "made.tar"]);
        let names: Vec<_> = str::from_utf8(&listed).unwrap().lines().collect();
        assert_eq!(names.len(), 10);
        for file in ["made.tar", "made.tar.gz"] {
            let bytes = fs::read(folder.path().join(file)).unwrap();
            let Listing::Whole(entries) = listing(&bytes) else {
                panic!("{format}: {:?}", partial(&bytes));
            };
            let shown: Vec<_> = entries.iter().map(|entry| entry.name.as_str()).collect();
            assert_eq!(shown, names, "{format}");
            assert!(!entries.iter().any(Entry::is_suspicious));
        }
    }
}

#[test]
fn what_git_archive_makes_is_whole_and_no_risk() {
    let folder = folder_of_files();
    let tree = folder.path().join("tree");
    let identity = ["-c", "user.name=A", "-c", "user.email=a@b"];
    run("git", &tree, &["init", "-q"]);
    run("git", &tree, &["add", "."]);
    let commit = ["commit", "-q", "--no-gpg-sign", "-m", "x"];
    run("git", &tree, &[&identity[..], &commit].concat());
    for format in ["tar", "tar.gz", "zip"] {
        let format = format!("--format={format}");
        let archive = ["archive", &format, "--prefix=x-1.0/", "HEAD"];
        let bytes = run("git", &tree, &archive);
        let Listing::Whole(entries) = listing(&bytes) else {
            panic!("{format}: {:?}", partial(&bytes));
        };
        assert!(entries.iter().any(|entry| entry.name == "x-1.0/short"));
        assert!(!entries.iter().any(Entry::is_suspicious), "{entries:?}");
    }
}
