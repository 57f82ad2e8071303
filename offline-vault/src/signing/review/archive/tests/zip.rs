//! Zip archives, as tools write them and as attackers do.

use super::*;

/// A file as it is written: what the directory says of it, and what the header in front of it.
#[derive(Clone)]
struct File {
    name: &'static str,
    header_name: &'static str,
    data: Vec<u8>,
    method: u16,
    flags: u16,
    header_flags: u16,
    mode: u32,
    extra: Vec<u8>,
    header_extra: Vec<u8>,
    size_bytes: u32,
    /// In front of its header.
    gap: Vec<u8>,
}

fn file(name: &'static str, data: &[u8]) -> File {
    File {
        name,
        header_name: name,
        data: data.to_vec(),
        method: 0,
        flags: 0,
        header_flags: 0,
        mode: 0o100_644,
        extra: Vec::new(),
        header_extra: Vec::new(),
        size_bytes: u32::try_from(data.len()).unwrap(),
        gap: Vec::new(),
    }
}

/// With its sizes behind it, as programs write that cannot go back.
fn deflated(name: &'static str, data: &[u8]) -> File {
    let mut packer = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(data).unwrap();
    File {
        data: packer.finish().unwrap(),
        method: 8,
        flags: 8,
        header_flags: 8,
        ..file(name, data)
    }
}

fn link(name: &'static str, target: &[u8]) -> File {
    File {
        mode: 0o120_777,
        ..file(name, target)
    }
}

fn numbers(shorts: &[u16]) -> Vec<u8> {
    shorts
        .iter()
        .flat_map(|short| short.to_le_bytes())
        .collect()
}

fn len16(bytes: &[u8]) -> u16 {
    u16::try_from(bytes.len()).unwrap()
}

fn len32(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap()
}

fn zip_of(files: &[File]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for file in files {
        bytes.extend_from_slice(&file.gap);
        let at = len32(&bytes);
        let sizes = [7, len32(&file.data), file.size_bytes]
            .map(u32::to_le_bytes)
            .concat();
        let is_behind = file.header_flags & 8 != 0;
        bytes.extend_from_slice(b"PK\x03\x04");
        bytes.extend(numbers(&[20, file.header_flags, file.method, 0, 0]));
        bytes.extend_from_slice(if is_behind { &[0; 12] } else { &sizes });
        let name = file.header_name.as_bytes();
        bytes.extend(numbers(&[len16(name), len16(&file.header_extra)]));
        bytes.extend([name, &file.header_extra, &file.data].concat());
        if is_behind {
            bytes.extend([b"PK\x07\x08", sizes.as_slice()].concat());
        }
        let name = file.name.as_bytes();
        directory.extend_from_slice(b"PK\x01\x02");
        directory.extend(numbers(&[0x031e, 20, file.flags, file.method, 0, 0]));
        directory.extend_from_slice(&sizes);
        directory.extend(numbers(&[len16(name), len16(&file.extra), 0, 0, 0]));
        directory.extend((file.mode << 16).to_le_bytes());
        directory.extend(at.to_le_bytes());
        directory.extend([name, &file.extra].concat());
    }
    let count = u16::try_from(files.len()).unwrap();
    let end_at = len32(&bytes);
    bytes.extend_from_slice(&directory);
    bytes.extend_from_slice(b"PK\x05\x06");
    bytes.extend(numbers(&[0, 0, count, count]));
    bytes.extend(len32(&directory).to_le_bytes());
    bytes.extend(end_at.to_le_bytes());
    bytes.extend(numbers(&[0]));
    bytes
}

pub(super) fn sample() -> Vec<u8> {
    zip_of(&[
        file("plain", b"text"),
        deflated("packed", &[b'x'; 1000]),
        file("folder/", b""),
        link("link", b"plain"),
        File {
            mode: 0o100_755,
            ..deflated("folder/run", b"#!")
        },
    ])
}

#[test]
fn every_kind_of_file_is_shown() {
    let expected = [
        "4 bytes  file  plain",
        "1000 bytes  file  packed",
        "0 bytes  directory  folder/",
        "5 bytes  symbolic link to \"plain\"  link",
        "2 bytes  executable file  folder/run",
    ];
    assert_eq!(whole(&sample()), expected);
    assert_eq!(whole(&zip_of(&[])), [""; 0]);
}

#[test]
fn what_could_hurt_is_marked() {
    let root = File {
        mode: 0o104_755,
        ..file("su", b"")
    };
    let lines = whole(&zip_of(&[link("a", b"../../x"), file("../b", b""), root]));
    assert!(
        lines.iter().all(|line| line.starts_with("SUSPICIOUS  ")),
        "{lines:?}"
    );
}

#[test]
fn what_programs_read_in_several_ways_is_not_listed_as_if_they_agreed() {
    let plain = || file("shown", b"text");
    let extra = |id: u16| [numbers(&[id, 4]), b"text".to_vec()].concat();
    let hidden = zip_of(&[file("hidden", b"text")]);
    let cases = [
        (
            "other name in front",
            File {
                header_name: "other",
                ..plain()
            },
        ),
        (
            "another name",
            File {
                extra: extra(0x7075),
                ..plain()
            },
        ),
        (
            "another name in front",
            File {
                header_extra: extra(0x7075),
                ..plain()
            },
        ),
        (
            "half an extra field",
            File {
                extra: vec![1],
                ..plain()
            },
        ),
        (
            "encrypted",
            File {
                flags: 1,
                header_flags: 1,
                ..plain()
            },
        ),
        (
            "encrypted in front",
            File {
                header_flags: 1,
                ..plain()
            },
        ),
        (
            "stored, sizes behind",
            File {
                flags: 8,
                header_flags: 8,
                ..plain()
            },
        ),
        (
            "unknown method",
            File {
                method: 12,
                ..plain()
            },
        ),
        (
            "wrong size",
            File {
                size_bytes: 9,
                ..deflated("shown", b"text")
            },
        ),
        (
            "begin",
            File {
                gap: hidden.clone(),
                ..plain()
            },
        ),
        (
            "directory and file",
            File {
                mode: 0o040_755,
                ..plain()
            },
        ),
        ("link and directory", link("shown/", b"text")),
        ("long link", link("shown", &[b'x'; 5000])),
        ("zero in the name", file("shown\0.txt", b"text")),
        ("backslash", file("a\\b", b"text")),
        ("characters of no set", file("\u{e9}", b"text")),
        ("no name", file("", b"text")),
    ];
    let other = file("last", b"text");
    for (name, file) in cases {
        let bytes = zip_of(&[file, other.clone()]);
        // With something in front, the bytes are no zip archive by their begin.
        let listed = list_bytes(Type::Zip, &bytes);
        assert!(matches!(listed, Listing::Partial(..)), "{name}");
    }
    let gap = File {
        gap: hidden,
        ..plain()
    };
    partial(&zip_of(&[file("first", b""), gap]));
    let (lines, why) = partial(&zip_of(&[plain(), plain()]));
    assert_eq!(
        (lines.len(), why.as_str()),
        (2, "two files have the same name")
    );
    partial(&[sample(), b"behind".to_vec()].concat());
}

/// Who reads from the front unpacks the file that hides behind the packed end of the first one.
#[test]
fn a_file_in_the_slack_of_another_is_not_passed_over() {
    let mut hiding = deflated("shown", b"text");
    hiding.data.extend(zip_of(&[file("hidden", b"text")]));
    partial(&zip_of(&[hiding]));
}

#[test]
fn the_name_of_a_file_in_utf8_is_taken_where_the_archive_says_so() {
    let named = File {
        flags: 1 << 11,
        header_flags: 1 << 11,
        ..file("\u{e9}", b"text")
    };
    assert_eq!(whole(&zip_of(&[named])), ["4 bytes  file  \u{e9}"]);
}

/// As git writes the commit.
#[test]
fn a_comment_is_no_more_than_that() {
    let with_comment = |comment: &[u8]| {
        let mut bytes = sample();
        bytes.truncate(bytes.len() - 2);
        bytes.extend(numbers(&[len16(comment)]));
        bytes.extend_from_slice(comment);
        bytes
    };
    assert_eq!(whole(&with_comment(b"d446ef4")).len(), 5);
    partial(&with_comment(&zip_of(&[file("hidden", b"")])));
}

#[test]
fn the_large_form_is_not_listed() {
    let mut bytes = sample();
    let end = bytes.len() - 22;
    let locator = [b"PK\x06\x07".as_slice(), &[0; 16]].concat();
    bytes.splice(end..end, locator);
    assert!(partial(&bytes).1.contains("zip64"));
}
