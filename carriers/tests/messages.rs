//! Every message that a person can see, in one file.

use std::{fmt::Write as _, io, path::PathBuf};

use carriers::{
    light::{
        OutputError, PictureError,
        camera::{CameraError, PictureFileError},
    },
    qr::QrError,
    raw::RawError,
    stick::{PartName, StickError},
};
use pack_format::advice::Advice;
use rustix::io::Errno;

fn describe(text: &mut String, err: &dyn Advice) {
    let (code, exit) = (err.code(), err.exit());
    writeln!(text, "{code} ({exit:?})\n  {err}").unwrap();
    writeln!(text, "  {}\n  {}\n", err.data_safe(), err.next_step()).unwrap();
    let message = err.to_string();
    assert!(
        !message.contains("os error") && !message.ends_with('.'),
        "{message}"
    );
    assert!(
        !message.starts_with(char::is_uppercase) || message.starts_with("PNG"),
        "{message}"
    );
    for sentence in [err.data_safe(), err.next_step()] {
        assert!(
            sentence.ends_with('.') && sentence.starts_with(char::is_uppercase),
            "{sentence}"
        );
    }
}

fn failure() -> io::Error {
    Errno::IO.into()
}

fn stick_errors() -> Vec<StickError> {
    let name = || PartName::new("k3v9-first").unwrap();
    let path = || PathBuf::from("/media/stick\u{202e}");
    let doing = "writing a part";
    let mut errors = vec![
        StickError::NotThere { path: path() },
        StickError::NotADirectory { path: path() },
        StickError::ReadOnly {
            doing,
            source: Some(failure()),
        },
        StickError::Full {
            needed_bytes: 5_000_001,
            free_bytes: 4_000_000,
        },
        StickError::FolderFull { source: failure() },
        StickError::Gone {
            doing,
            source: failure(),
        },
        StickError::TooManyEntries {
            entries_max: 200_000,
        },
        StickError::ReadBackDiffers {
            name: name(),
            removed: true,
        },
        StickError::ReadBackDiffers {
            name: name(),
            removed: false,
        },
        StickError::AlreadyThere { name: name() },
        StickError::NotOurs { name: name() },
        StickError::PartChangedSize {
            expected_bytes: 10,
            found_bytes: 9,
            name: name(),
        },
        StickError::SizeOutOfRange {
            size_bytes: 0,
            max_bytes: 1_073_745_920,
        },
        StickError::WrongLength {
            announced_bytes: 10,
            given_bytes: 9,
            name: name(),
        },
    ];
    let kinds = [
        Errno::ACCESS,
        Errno::EXIST,
        Errno::NOSPC,
        Errno::ROFS,
        Errno::NOMEM,
        Errno::BUSY,
        Errno::OPNOTSUPP,
        Errno::NAMETOOLONG,
    ];
    errors.extend(kinds.map(|errno| StickError::Io {
        doing,
        source: errno.into(),
    }));
    errors
}

fn raw_errors() -> Vec<RawError> {
    let path = || PathBuf::from("/dev/sdb");
    let doing = "writing a part";
    vec![
        RawError::NotThere { path: path() },
        RawError::NotAMedium { path: path() },
        RawError::Mounted {
            mount_point: PathBuf::from("/media/my stick"),
            path: path(),
        },
        RawError::InUse {
            path: path(),
            source: failure(),
        },
        RawError::ReadOnly {
            doing,
            source: failure(),
        },
        RawError::Full {
            needed_bytes: 5_000_001,
            free_bytes: 4_000_000,
        },
        RawError::Gone {
            doing,
            source: failure(),
        },
        RawError::ReadBackDiffers,
        RawError::Ended { at_bytes: 512 },
        RawError::SizeOutOfRange {
            size_bytes: 0,
            max_bytes: 1_073_745_920,
        },
        RawError::WrongLength {
            announced_bytes: 10,
            given_bytes: 9,
        },
        RawError::Io {
            doing,
            source: failure(),
        },
    ]
}

fn qr_errors() -> Vec<QrError> {
    vec![
        QrError::PayloadOutOfRange {
            size_bytes: 2_901,
            max_bytes: 2_900,
        },
        QrError::NotMade {
            source: Box::new(failure()),
        },
        carriers::qr::read_png(b"GIF89a").unwrap_err(),
        QrError::TooLarge {
            max: 50_000_000,
            unit: "pixels",
        },
        QrError::NoCode,
        QrError::SeveralCodes { count: 2 },
        QrError::Unreadable,
    ]
}

#[test]
fn every_message_says_what_happened_and_what_to_do() {
    let mut text = String::new();
    stick_errors()
        .iter()
        .for_each(|err| describe(&mut text, err));
    describe(&mut text, &PartName::new("Not Ours").unwrap_err());
    raw_errors().iter().for_each(|err| describe(&mut text, err));
    qr_errors().iter().for_each(|err| describe(&mut text, err));
    insta::assert_snapshot!("messages", text);
}

#[test]
fn every_message_of_a_place_for_codes_says_what_happened_and_what_to_do() {
    let errors = [
        OutputError::Code {
            source: QrError::Unreadable,
        },
        OutputError::Folder {
            doing: "writing a picture",
            source: failure(),
        },
        OutputError::FolderInUse,
        OutputError::NotATerminal,
        OutputError::TerminalTooSmall {
            columns: 40,
            lines: 12,
            columns_min: 45,
            lines_min: 24,
        },
        OutputError::Terminal { source: failure() },
    ];
    let mut text = String::new();
    errors.iter().for_each(|err| describe(&mut text, err));
    insta::assert_snapshot!("output_messages", text);
}

fn camera_errors() -> Vec<CameraError> {
    let path = || PathBuf::from("/dev/video0");
    let gone = || Errno::NODEV.into();
    vec![
        CameraError::NoCamera,
        CameraError::NotThere { path: path() },
        CameraError::NotACamera { path: path() },
        CameraError::NotPermitted { path: path() },
        CameraError::Busy { path: path() },
        CameraError::NoKnownFormat { path: path() },
        CameraError::Unplugged { source: gone() },
        CameraError::Silent { waited_secs: 10 },
        CameraError::AllDamaged { count: 300 },
        CameraError::Io {
            doing: "filming",
            source: Errno::NOMEM.into(),
        },
        CameraError::Fault,
    ]
}

fn picture_errors() -> Vec<CameraError> {
    let path = || PathBuf::from("/home/amina/photos\u{202e}");
    let unreadable = |problem| CameraError::PictureNotUnderstood {
        path: path(),
        problem,
    };
    vec![
        CameraError::NoSuchFile { path: path() },
        CameraError::UnknownKind { path: path() },
        CameraError::PatternInFolder { path: path() },
        CameraError::NoPictures { path: path() },
        CameraError::TooManyFiles { path: path() },
        CameraError::PictureTooLarge {
            path: path(),
            problem: PictureFileError::TooLarge {
                max: 50_000_000,
                unit: "pixels",
            },
        },
        unreadable(PictureFileError::UnknownKind),
        unreadable(PictureFileError::NotUnderstood { kind: "PNG" }),
        unreadable(PictureFileError::CutShort),
        unreadable(PictureFileError::NotAFile),
        unreadable(PictureFileError::Sides(PictureError::Empty {
            width: 0,
            height: 7,
        })),
        CameraError::VideoNotUnderstood {
            path: path(),
            problem: "no JPEG picture is in it",
        },
        CameraError::FileIo {
            doing: "reading pictures",
            path: path(),
            source: failure(),
        },
    ]
}

#[test]
fn every_message_of_a_camera_says_what_happened_and_what_to_do() {
    let mut text = String::new();
    let errors = camera_errors().into_iter().chain(picture_errors());
    errors.for_each(|err| describe(&mut text, &err));
    insta::assert_snapshot!("camera_messages", text);
}
