//! Codes that are drawn are read again, and nothing in a picture ends the program.

use carriers::qr::{QrError, read_png, render_png, render_terminal};
use proptest::prelude::*;

fn all_byte_values(size_bytes: usize) -> Vec<u8> {
    (0..size_bytes)
        .map(|at| (at * 167 + 13).to_le_bytes()[0])
        .collect()
}

/// Grey pixels of a PNG, to build other pictures from.
fn pixels(png_file: &[u8]) -> (usize, Vec<u8>) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(png_file))
        .read_info()
        .unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut pixels).unwrap();
    (frame.width as usize, pixels)
}

fn png_of(width: usize, height: usize, color: png::ColorType, samples: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let (width, height) = (
        u32::try_from(width).unwrap(),
        u32::try_from(height).unwrap(),
    );
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(color);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(samples).unwrap();
    writer.finish().unwrap();
    file
}

#[test]
fn any_bytes_of_any_length_come_back() {
    for size_bytes in [1, 100, 256, 1_400, 2_900] {
        let payload = all_byte_values(size_bytes);
        let file = render_png(&payload).unwrap();
        assert_eq!(read_png(&file).unwrap(), payload, "{size_bytes} bytes");
    }
}

#[test]
fn monotonous_bytes_come_back() {
    for byte in [0x00, 0xff, 0x55, 0xec] {
        for size_bytes in [1, 500, 2_900] {
            let payload = vec![byte; size_bytes];
            let file = render_png(&payload).unwrap();
            assert_eq!(
                read_png(&file).unwrap(),
                payload,
                "{size_bytes} times {byte:#x}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_come_back(payload in prop::collection::vec(any::<u8>(), 1..600)) {
        prop_assert_eq!(read_png(&render_png(&payload).unwrap()).unwrap(), payload);
    }

    #[test]
    fn no_file_ends_the_program(mut file in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(read_png(&file).is_err());
        file.splice(0..0, *b"\x89PNG\r\n\x1a\n");
        prop_assert!(read_png(&file).is_err());
    }

    #[test]
    fn damaged_code_is_an_error_or_right(
        spots in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40),
    ) {
        let payload = all_byte_values(200);
        let (side, mut damaged) = pixels(&render_png(&payload).unwrap());
        for (index, grey) in spots {
            let corner = index.index(side * (side - 12));
            for y in 0..12 {
                let start = (corner + y * side).min(damaged.len() - 12);
                damaged[start..start + 12].fill(grey);
            }
        }
        if let Ok(read) = read_png(&png_of(side, side, png::ColorType::Grayscale, &damaged)) {
            prop_assert_eq!(read, payload);
        }
    }
}

#[test]
fn payload_beyond_one_code_is_refused() {
    for size_bytes in [0, 2_901] {
        let err = render_png(&vec![7; size_bytes]).unwrap_err();
        assert!(matches!(err, QrError::PayloadOutOfRange { .. }), "{err}");
        render_terminal(&vec![7; size_bytes]).unwrap_err();
    }
}

#[test]
fn picture_is_black_on_white_with_a_wide_border() {
    let (side, pixels) = pixels(&render_png(b"x").unwrap());
    assert_eq!(side, (21 + 8) * 8);
    assert!(pixels.iter().all(|pixel| [0, 255].contains(pixel)));
    assert!(pixels[..side * 32].iter().all(|pixel| *pixel == 255));
    assert_eq!(pixels[side * 32 + 32], 0);
}

#[test]
fn coloured_and_transparent_pictures_are_read() {
    let payload = all_byte_values(100);
    let (side, grey) = pixels(&render_png(&payload).unwrap());
    let rgb: Vec<u8> = grey
        .iter()
        .flat_map(|grey| [(*grey).max(20), *grey, *grey])
        .collect();
    assert_eq!(
        read_png(&png_of(side, side, png::ColorType::Rgb, &rgb)).unwrap(),
        payload
    );
    // Black modules on nothing at all: white is where the picture is transparent.
    let rgba: Vec<u8> = grey
        .iter()
        .flat_map(|grey| [0, 0, 0, 255 - *grey])
        .collect();
    assert_eq!(
        read_png(&png_of(side, side, png::ColorType::Rgba, &rgba)).unwrap(),
        payload
    );
    let grey_alpha: Vec<u8> = grey.iter().flat_map(|grey| [0, 255 - *grey]).collect();
    let file = png_of(side, side, png::ColorType::GrayscaleAlpha, &grey_alpha);
    assert_eq!(read_png(&file).unwrap(), payload);
}

#[test]
fn pictures_without_one_code_are_told_apart() {
    let white = png_of(300, 300, png::ColorType::Grayscale, &[255; 90_000]);
    assert!(matches!(read_png(&white), Err(QrError::NoCode)));

    let (side, code) = pixels(&render_png(&all_byte_values(30)).unwrap());
    let two: Vec<u8> = code
        .chunks(side)
        .flat_map(|row| [row, row].concat())
        .collect();
    let file = png_of(side * 2, side, png::ColorType::Grayscale, &two);
    assert!(matches!(
        read_png(&file),
        Err(QrError::SeveralCodes { count: 2 })
    ));

    let mut scratched = code;
    for row in scratched.chunks_mut(side).skip(side / 2).take(side / 6) {
        row.fill(255);
    }
    let file = png_of(side, side, png::ColorType::Grayscale, &scratched);
    let err = read_png(&file).unwrap_err();
    assert!(
        matches!(err, QrError::Unreadable | QrError::NoCode),
        "{err}"
    );
}

#[test]
fn large_files_and_pictures_are_refused_before_they_are_unpacked() {
    let err = read_png(&vec![0; (16 << 20) + 1]).unwrap_err();
    assert!(matches!(err, QrError::TooLarge { .. }), "{err}");
    // A few kilobytes that announce 51 megapixels.
    let bomb = png_of(
        51_000,
        1_000,
        png::ColorType::Grayscale,
        &vec![0; 51_000_000],
    );
    assert!(bomb.len() < 1 << 20);
    let err = read_png(&bomb).unwrap_err();
    assert!(
        matches!(
            err,
            QrError::TooLarge {
                max: 50_000_000,
                ..
            }
        ),
        "{err}"
    );
    assert!(matches!(
        read_png(b"GIF89a"),
        Err(QrError::NotAPicture { .. })
    ));
}

#[test]
fn terminal_code_shows_every_module_with_its_colours() {
    let payload = all_byte_values(60);
    let text = render_terminal(&payload).unwrap();
    let (side, pixels) = pixels(&render_png(&payload).unwrap());
    let modules = side / 8;
    let mut seen = Vec::new();
    for line in text.lines() {
        let (mut upper, mut lower) = (Vec::new(), Vec::new());
        let mut colours = None;
        let mut rest = line.strip_suffix("\x1b[0m").unwrap();
        while let Some(character) = rest.chars().next() {
            if let Some(code) = rest.strip_prefix("\x1b[38;2;") {
                let (code, later) = code.split_once('m').unwrap();
                let (front, back) = code.split_once(";48;2;").unwrap();
                let grey = |text: &str| if text == "0;0;0" { 0 } else { 255 };
                colours = Some((grey(front), grey(back)));
                rest = later;
            } else {
                assert_eq!(character, '▀');
                let (front, back) = colours.expect("colours come before the first module");
                upper.push(front);
                lower.push(back);
                rest = &rest[character.len_utf8()..];
            }
        }
        seen.push(upper);
        seen.push(lower);
    }
    for y in 0..modules {
        let row: Vec<u8> = (0..modules).map(|x| pixels[y * 8 * side + x * 8]).collect();
        assert_eq!(seen[y], row, "row {y}");
    }
    // An odd number of rows ends in half a line of white.
    assert!(seen[modules..].iter().flatten().all(|grey| *grey == 255));
}
