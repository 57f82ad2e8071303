//! Pictures from files: in order, bounded, and never ended by a bad one.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use carriers::{
    light::{
        Code, Correction, GreyPicture,
        camera::{CameraError, FrameSource, Source, open_source},
        draw_codes,
    },
    qr::render_png,
};
use jpeg_encoder::{ColorType, Encoder};
use pack_format::advice::Advice as _;
use proptest::prelude::*;
use tempfile::TempDir;

/// A drawn code.
pub(crate) fn drawn(payload: &[u8]) -> GreyPicture {
    let code = Code::smallest(payload, Correction::Screen).unwrap();
    draw_codes(&[code], 1, 5).unwrap()
}

pub(crate) fn pgm(picture: &GreyPicture) -> Vec<u8> {
    let mut file = format!("P5\n{} {}\n255\n", picture.width(), picture.height()).into_bytes();
    file.extend_from_slice(picture.pixels());
    file
}

pub(crate) fn jpeg(picture: &GreyPicture) -> Vec<u8> {
    let (width, height) = (picture.width(), picture.height());
    let rgb: Vec<u8> = picture
        .pixels()
        .iter()
        .flat_map(|grey| [*grey; 3])
        .collect();
    let mut file = Vec::new();
    Encoder::new(&mut file, 85)
        .encode(
            &rgb,
            width.try_into().unwrap(),
            height.try_into().unwrap(),
            ColorType::Rgb,
        )
        .unwrap();
    file
}

pub(crate) fn y4m(pictures: &[GreyPicture]) -> Vec<u8> {
    let (width, height) = (pictures[0].width(), pictures[0].height());
    let mut file = format!("YUV4MPEG2 W{width} H{height} F15:1 Ip C420jpeg\n").into_bytes();
    for picture in pictures {
        file.extend_from_slice(b"FRAME\n");
        file.extend_from_slice(picture.pixels());
        file.extend(vec![128; width.div_ceil(2) * height.div_ceil(2) * 2]);
    }
    file
}

/// A grey picture of one shade.
fn plain(width: usize, shade: u8) -> GreyPicture {
    GreyPicture::new(width, 16, vec![shade; width * 16]).unwrap()
}

/// Takes the segment with the tables out, as cameras do.
fn without_tables(jpeg: &[u8]) -> Vec<u8> {
    let mut kept = jpeg[..2].to_vec();
    let mut at = 2;
    while jpeg[at + 1] != 0xda {
        let end = at + 2 + usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]));
        if jpeg[at + 1] != 0xc4 {
            kept.extend_from_slice(&jpeg[at..end]);
        }
        at = end;
    }
    kept.extend_from_slice(&jpeg[at..]);
    assert!(kept.len() < jpeg.len());
    kept
}

fn write(folder: &TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    path
}

fn all(source: &mut dyn FrameSource) -> Result<Vec<GreyPicture>, CameraError> {
    let mut pictures = Vec::new();
    while let Some(picture) = source.next_picture()? {
        pictures.push(picture);
    }
    Ok(pictures)
}

fn code_of(path: &Path) -> &'static str {
    let result = open_source(path).and_then(|mut source| all(source.as_mut()));
    result.unwrap_err().code()
}

#[test]
fn folder_gives_its_pictures_by_name_and_names_the_bad_ones() {
    let folder = TempDir::new().unwrap();
    write(&folder, "03.PGM", &pgm(&plain(30, 9)));
    write(&folder, "01.png", &render_png(b"first").unwrap());
    write(&folder, "02.jpeg", &jpeg(&plain(24, 200)));
    write(&folder, "04-lies.png", &pgm(&plain(40, 9)));
    write(&folder, "05-empty.png", b"");
    write(&folder, "06-text.jpg", b"not a picture");
    let cut = jpeg(&drawn(b"a picture of some size"));
    write(&folder, "07-cut.jpg", &cut[..cut.len() / 2]);
    write(&folder, "08-huge.png", &huge_png());
    write(&folder, "09.pgm", &pgm(&plain(90, 9)));
    write(&folder, "notes.txt", b"passed over");
    fs::create_dir(folder.path().join("00.png")).unwrap();
    symlink(
        folder.path().join("01.png"),
        folder.path().join("00-link.png"),
    )
    .unwrap();

    let mut source = open_source(folder.path()).unwrap();
    assert!(!source.is_live());
    let widths: Vec<_> = all(source.as_mut())
        .unwrap()
        .iter()
        .map(GreyPicture::width)
        .collect();
    let first = drawn_width(&render_png(b"first").unwrap());
    assert_eq!(widths, [first, 24, 30, 40, 90]);
    let skipped = source.take_skipped();
    assert_eq!(skipped.count, 4);
    assert_eq!(
        skipped.named,
        [
            "\"05-empty.png\": this is no PNG, JPEG or PGM picture",
            "\"06-text.jpg\": this is no PNG, JPEG or PGM picture",
            "\"07-cut.jpg\": the picture is cut short",
            "\"08-huge.png\": the picture is larger than 50000000 pixels",
        ]
    );
}

fn drawn_width(png_file: &[u8]) -> usize {
    u32::from_be_bytes(png_file[16..20].try_into().unwrap()) as usize
}

/// A PNG picture that announces 10,000 by 10,000 pixels.
fn huge_png() -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, 10_000, 10_000);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().unwrap();
    writer.write_chunk(png::chunk::IDAT, b"").unwrap();
    drop(writer);
    file
}

#[test]
fn pattern_takes_some_of_a_folder() {
    let folder = TempDir::new().unwrap();
    for (name, width) in [("a-1.pgm", 17), ("a-2.pgm", 18), ("b-1.pgm", 19)] {
        write(&folder, name, &pgm(&plain(width, 0)));
    }
    let mut source = open_source(folder.path().join("a-*.pgm")).unwrap();
    assert_eq!(all(source.as_mut()).unwrap().len(), 2);
    assert_eq!(code_of(&folder.path().join("c-*")), "pictures-none");
}

#[test]
fn what_a_person_names_is_understood_or_refused_in_words() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| write(&folder, name, b"");
    assert_eq!(Source::parse("").unwrap(), Source::FirstCamera);
    assert_eq!(
        Source::parse("/dev/video3").unwrap(),
        Source::Camera("/dev/video3".into())
    );
    assert_eq!(
        Source::parse("/dev").unwrap(),
        Source::Folder("/dev".into()),
        "folders and files in memory lie there too"
    );
    assert_eq!(
        Source::parse(folder.path()).unwrap(),
        Source::Folder(folder.path().into())
    );
    for name in ["a.png", "a.JPG", "a.jpeg", "a.pgm"] {
        let path = at(name);
        assert_eq!(Source::parse(&path).unwrap(), Source::Picture(path));
    }
    for name in ["a.mjpeg", "a.MJPG"] {
        let path = at(name);
        assert_eq!(Source::parse(&path).unwrap(), Source::Mjpeg(path));
    }
    let film = at("a.y4m");
    assert_eq!(Source::parse(&film).unwrap(), Source::Y4m(film));
    let starred = at("a*b.png");
    assert_eq!(
        Source::parse(&starred).unwrap(),
        Source::Picture(starred),
        "a file whose name has a star is that file"
    );

    let refused = |path: PathBuf| Source::parse(path).unwrap_err().code();
    assert_eq!(refused(at("a.mp4")), "pictures-kind-unknown");
    assert_eq!(refused(at("plain")), "pictures-kind-unknown");
    assert_eq!(
        refused(folder.path().join("none.png")),
        "pictures-not-there"
    );
    assert_eq!(
        refused(folder.path().join("none/*.png")),
        "pictures-not-there"
    );
    assert_eq!(
        refused(folder.path().join("*/a.png")),
        "pictures-pattern-in-folder"
    );
}

#[test]
fn empty_folder_is_an_error_of_its_own() {
    assert_eq!(code_of(TempDir::new().unwrap().path()), "pictures-none");
}

#[test]
fn camera_that_is_not_there_is_said_to_be_so() {
    assert_eq!(code_of(Path::new("/dev/video-none")), "camera-not-found");
    assert_eq!(code_of(Path::new("/dev/null")), "camera-not-a-camera");
}

#[test]
fn single_picture_that_cannot_be_read_is_an_error() {
    let folder = TempDir::new().unwrap();
    let code = |name, bytes: &[u8]| code_of(&write(&folder, name, bytes));
    assert_eq!(code("none.png", b""), "picture-not-understood");
    assert_eq!(code("text.jpg", b"text"), "picture-not-understood");
    assert_eq!(code("flat.pgm", b"P5 0 0 255 "), "picture-not-understood");
    let whole = jpeg(&drawn(b"a picture of some size"));
    assert_eq!(
        code("cut.jpg", &whole[..whole.len() / 2]),
        "picture-not-understood"
    );
}

#[test]
fn hundred_megapixels_are_refused_before_they_are_unpacked() {
    let folder = TempDir::new().unwrap();
    let code = |name, bytes: &[u8]| code_of(&write(&folder, name, bytes));
    let mut wide = jpeg(&plain(16, 0));
    let at = wide
        .windows(2)
        .position(|pair| pair == [0xff, 0xc0])
        .unwrap();
    wide[at + 5..at + 9].copy_from_slice(&[0x27, 0x10, 0x27, 0x10]);
    assert_eq!(code("huge.jpg", &wide), "picture-too-large");
    assert_eq!(code("huge.png", &huge_png()), "picture-too-large");
    assert_eq!(
        code("huge.pgm", b"P5 10000 10000 255 "),
        "picture-too-large"
    );
    let film = b"YUV4MPEG2 W10000 H10000 C420jpeg\nFRAME\n";
    assert_eq!(code("huge.y4m", film), "video-not-understood");
    let sparse = fs::File::create(folder.path().join("sparse.png")).unwrap();
    sparse.set_len(1 << 40).unwrap();
    assert_eq!(
        code_of(&folder.path().join("sparse.png")),
        "picture-too-large"
    );
}

#[test]
fn film_of_jpegs_is_found_again_after_whatever_lies_between() {
    let folder = TempDir::new().unwrap();
    let (first, second) = (jpeg(&plain(48, 10)), jpeg(&plain(64, 200)));
    let mut film = b"junk \xff\xd8 that only looks like a start".to_vec();
    film.extend_from_slice(&first);
    // Lost its second half, and with it its end.
    let cut = jpeg(&drawn(b"a picture of some size"));
    film.extend_from_slice(&cut[..cut.len() / 2]);
    film.extend_from_slice(&without_tables(&second));
    film.extend_from_slice(b"\0\0\0\xff\xff");
    film.extend_from_slice(&with_thumbnail(&first));
    let mut source = open_source(write(&folder, "film.mjpeg", &film)).unwrap();
    let pictures = all(source.as_mut()).unwrap();
    let widths: Vec<_> = pictures.iter().map(GreyPicture::width).collect();
    assert_eq!(widths, [48, 64, 48]);
    assert!(
        pictures[1]
            .pixels()
            .iter()
            .all(|grey| grey.abs_diff(200) < 3)
    );
    assert_eq!(source.take_skipped().count, 1);
}

/// Puts a whole small picture into the head of another.
fn with_thumbnail(jpeg_file: &[u8]) -> Vec<u8> {
    let thumbnail = jpeg(&plain(16, 0));
    let length_bytes = u16::try_from(thumbnail.len() + 2).unwrap().to_be_bytes();
    let (start, rest) = jpeg_file.split_at(2);
    [start, &[0xff, 0xe5], &length_bytes, &thumbnail, rest].concat()
}

#[test]
fn film_without_a_picture_is_refused() {
    let folder = TempDir::new().unwrap();
    let code = |name, bytes: &[u8]| code_of(&write(&folder, name, bytes));
    assert_eq!(code("none.mjpeg", b""), "video-not-understood");
    assert_eq!(
        code("zeros.mjpeg", &vec![0; 1 << 20]),
        "video-not-understood"
    );
    assert_eq!(
        code("starts.mjpeg", &[0xff, 0xd8].repeat(10_000)),
        "video-not-understood"
    );
    assert_eq!(code("none.y4m", b""), "video-not-understood");
    assert_eq!(
        code("other.y4m", &jpeg(&plain(16, 0))),
        "video-not-understood"
    );
}

#[test]
fn long_film_is_not_held_in_memory() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("film.y4m");
    let picture = GreyPicture::new(320, 240, vec![7; 320 * 240]).unwrap();
    let film = y4m(std::slice::from_ref(&picture));
    let head = film.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let mut file = fs::File::create(&path).unwrap();
    file.write_all(&film).unwrap();
    for _ in 1..200 {
        file.write_all(&film[head..]).unwrap();
    }
    let mut source = open_source(path).unwrap();
    let mut count = 0;
    while let Some(next) = source.next_picture().unwrap() {
        assert_eq!(next, picture);
        count += 1;
    }
    assert_eq!(count, 200);
}

#[test]
fn pipes_are_not_waited_for() {
    let folder = TempDir::new().unwrap();
    let pipe = folder.path().join("pipe.png");
    let (kind, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU);
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, kind, mode, 0).unwrap();
    assert_eq!(code_of(&pipe), "pictures-kind-unknown");
    assert_eq!(code_of(folder.path()), "pictures-none");
}

/// Changes some bytes and cuts the end off.
fn damage(mut bytes: Vec<u8>, changes: &[(prop::sample::Index, u8)], cut: usize) -> Vec<u8> {
    for (at, value) in changes {
        let at = at.index(bytes.len());
        bytes[at] = *value;
    }
    bytes.truncate(bytes.len() - cut.min(bytes.len()));
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn damaged_files_never_end_the_program(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in 0_usize..200,
    ) {
        let picture = plain(40, 90);
        let folder = TempDir::new().unwrap();
        let film = [jpeg(&picture), without_tables(&jpeg(&picture))].concat();
        for (name, bytes) in [
            ("a.mjpeg", film),
            ("a.y4m", y4m(&[picture.clone(), picture.clone()])),
            ("a.jpg", jpeg(&picture)),
            ("a.pgm", pgm(&picture)),
            ("a.png", render_png(b"code").unwrap()),
        ] {
            let path = write(&folder, name, &damage(bytes, &changes, cut));
            if let Ok(mut source) = open_source(path) {
                let _ = all(source.as_mut());
            }
        }
    }
}
