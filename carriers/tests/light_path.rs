//! The whole optical path: codes are drawn, filmed by a simulated camera and read.

use camera_model::{CameraSpec, Picture, Random};
use carriers::light::{
    CodeGrid, CornerPlace, Correction, GreyPicture, PictureError, Reader, Seen, Sheet, Trouble,
    Version, draw_codes,
};
use pack_format::light::Frame;

use crate::{
    film::{SCREEN, Scene, Transfer, still, to_film, to_read},
    mutate::{mutated_payload, mutated_picture},
};

fn grid(version: u8, columns: usize, rows: usize) -> CodeGrid {
    CodeGrid::new(Version::nearest(version), Correction::Screen, columns, rows)
}

fn picture(grid: &CodeGrid, codes: &[Vec<u8>]) -> GreyPicture {
    let sheet = Sheet {
        codes: codes.to_vec(),
        corner: None,
    };
    grid.draw(&sheet, grid.module_pixels(SCREEN.0, SCREEN.1))
        .unwrap()
}

/// Films some seconds and returns which part of the codes shown was read, in hundredths.
fn share_read(grid: CodeGrid, pictures_per_second: u32, spec: CameraSpec, frames: usize) -> usize {
    let scene = Scene {
        grid,
        pictures_per_second,
        spec,
        seed: 11,
    };
    let filmed = scene.film(&mut Transfer::new(1 << 20, 5), frames);
    assert_eq!(filmed.wrong, 0, "{filmed:?}");
    filmed.codes_read * 100 / filmed.codes_shown
}

#[test]
fn transfer_arrives_from_a_good_camera() {
    let scene = Scene {
        grid: grid(22, 3, 2),
        pictures_per_second: 20,
        spec: CameraSpec::good_1080p(),
        seed: 3,
    };
    let filmed = scene.film(&mut Transfer::new(150_000, 4), 90);
    assert!(filmed.is_complete, "{filmed:?}");
    assert_eq!(filmed.wrong, 0, "{filmed:?}");
}

#[test]
fn good_camera_reads_six_large_codes_at_two_thirds_of_its_rate() {
    let share = share_read(grid(27, 3, 2), 20, CameraSpec::good_1080p(), 30);
    assert!(share >= 80, "{share} %");
}

#[test]
fn laptop_reads_one_code_at_half_its_rate() {
    let share = share_read(grid(27, 1, 1), 15, CameraSpec::laptop_720p(), 60);
    assert!(share >= 90, "{share} %");
}

#[test]
fn poor_camera_in_a_hand_reads_one_calm_code() {
    let share = share_read(grid(22, 1, 1), 8, CameraSpec::hard_720p(), 90);
    assert!(share >= 80, "{share} %");
}

#[test]
fn old_phone_reads_one_small_code() {
    let share = share_read(grid(15, 1, 1), 10, CameraSpec::medium_480p(), 90);
    assert!(share >= 90, "{share} %");
}

#[test]
fn codes_are_read_in_any_direction() {
    let grid = grid(22, 2, 1);
    let mut random = Random::new(1);
    let codes = [random.bytes(900), random.bytes(900)];
    for turned_degrees in [0.0, 90.0, 180.0, 270.0, 45.0] {
        let spec = CameraSpec {
            turned_degrees,
            ..CameraSpec::good_1080p()
        };
        let sighting = Reader::new().read(&still(&spec, &picture(&grid, &codes), 2));
        assert_eq!(sighting.seen, Seen::Codes(2), "{turned_degrees} degrees");
        assert!(codes.iter().all(|code| sighting.payloads.contains(code)));
    }
}

#[test]
fn uneven_light_and_little_contrast_do_not_matter() {
    let spec = CameraSpec {
        light_loss: 0.7,
        black_grey: 30.0,
        white_grey: 160.0,
        ..CameraSpec::good_720p()
    };
    let grid = grid(27, 1, 1);
    let code = Random::new(2).bytes(1_400);
    for seed in 0..6 {
        let frame = still(&spec, &picture(&grid, std::slice::from_ref(&code)), seed);
        assert_eq!(
            Reader::new().read(&frame).payloads,
            std::slice::from_ref(&code),
            "{seed}"
        );
    }
}

#[test]
fn noisy_large_modules_are_read_at_a_smaller_size() {
    let spec = CameraSpec {
        noise_grey: 40.0,
        ..CameraSpec::good_1080p()
    };
    let code = b"very large modules".to_vec();
    let read = (0..6)
        .filter(|seed| {
            let frame = still(
                &spec,
                &picture(&grid(3, 1, 1), std::slice::from_ref(&code)),
                *seed,
            );
            Reader::new().read(&frame).payloads == [code.clone()]
        })
        .count();
    assert_eq!(read, 6);
}

#[test]
fn corner_code_is_read_beside_the_others() {
    let grid = grid(22, 2, 1).with_corner(CornerPlace::Beside);
    let mut random = Random::new(3);
    let corner = random.bytes(100);
    let sheet = Sheet {
        codes: vec![random.bytes(900), random.bytes(900)],
        corner: Some(corner.clone()),
    };
    let drawn = grid
        .draw(&sheet, grid.module_pixels(SCREEN.0, SCREEN.1))
        .unwrap();
    let sighting = Reader::new().read(&still(&CameraSpec::good_1080p(), &drawn, 1));
    assert_eq!(sighting.seen, Seen::Codes(3));
    assert!(sighting.payloads.contains(&corner));
}

#[test]
fn two_transfers_and_a_foreign_code_in_view_are_all_seen() {
    let (mut one, mut other) = (Transfer::new(200_000, 1), Transfer::new(200_000, 2));
    let wifi = b"WIFI:S:guests;T:WPA;P:welcome;;".to_vec();
    let codes = [one.frame(900), other.frame(900), wifi.clone()];
    let frame = still(
        &CameraSpec::good_1080p(),
        &picture(&grid(22, 3, 1), &codes),
        1,
    );
    let payloads = Reader::new().read(&frame).payloads;
    assert_eq!(payloads.len(), 3);
    assert!(payloads.contains(&wifi));
    let frames: Vec<_> = payloads
        .iter()
        .filter_map(|payload| Frame::parse(payload).ok())
        .collect();
    assert_eq!(frames.len(), 2);
    assert_ne!(frames[0].transfer(), frames[1].transfer());
}

#[test]
fn text_code_of_somebody_else_is_read_as_its_bytes() {
    let text = qrcode::QrCode::new(b"HTTPS://EXAMPLE.ORG/123456").unwrap();
    let side = text.width();
    let colors = text.to_colors();
    let (width, scale) = ((side + 8) * 4, 4);
    let pixels = (0..width * width)
        .map(|at| {
            let (x, y) = (
                (at % width / scale).wrapping_sub(4),
                (at / width / scale).wrapping_sub(4),
            );
            let is_dark = x < side && y < side && colors[y * side + x] == qrcode::Color::Dark;
            if is_dark { 0 } else { 255 }
        })
        .collect();
    let frame = GreyPicture::new(width, width, pixels).unwrap();
    assert_eq!(
        Reader::new().read(&frame).payloads,
        [b"HTTPS://EXAMPLE.ORG/123456"]
    );
}

#[test]
fn code_that_moves_is_followed_and_one_that_went_is_forgotten() {
    let code = Random::new(5).bytes(900);
    let drawn = draw_codes(
        &[carriers::light::Code::smallest(&code, Correction::Screen).unwrap()],
        1,
        3,
    )
    .unwrap();
    let mut reader = Reader::new();
    let at = |left: usize, top: usize| {
        let mut frame = Picture::plain(900, 700, 200);
        for y in 0..drawn.height() {
            frame.pixels[(top + y) * 900 + left..][..drawn.width()].copy_from_slice(drawn.row(y));
        }
        to_read(frame)
    };
    for step in 0..20 {
        let sighting = reader.read(&at(10 + step * 7, 20 + step * 5));
        assert_eq!(
            sighting.payloads,
            std::slice::from_ref(&code),
            "step {step}"
        );
    }
    // From one side to the other at once.
    assert_eq!(
        reader.read(&at(500, 300)).payloads,
        std::slice::from_ref(&code)
    );
    let nothing = to_read(Picture::plain(900, 700, 200));
    for _ in 0..40 {
        assert_eq!(reader.read(&nothing).seen, Seen::Nothing);
    }
    assert_eq!(reader.read(&at(10, 10)).payloads, [code]);
}

#[test]
fn code_that_is_too_small_or_spoilt_is_named_so() {
    let code = Random::new(6).bytes(1_400);
    let drawn = picture(&grid(27, 1, 1), &[code]);
    let far: Vec<Seen> = [0.22, 0.24, 0.26, 0.28, 0.30]
        .into_iter()
        .map(|fill| {
            let spec = CameraSpec {
                fill,
                ..CameraSpec::good_720p()
            };
            Reader::new().read(&still(&spec, &drawn, 1)).seen
        })
        .collect();
    let is = |seen: &Seen, wanted| matches!(seen, Seen::Unreadable { trouble, .. } if *trouble == wanted);
    assert!(
        far.iter().any(|seen| is(seen, Trouble::TooSmall)),
        "{far:?}"
    );
    assert!(
        !far.iter().any(|seen| is(seen, Trouble::Blurred)),
        "{far:?}"
    );
    let (width, height) = (drawn.width(), drawn.height());
    let mut covered = drawn.pixels().to_vec();
    covered[width * height / 3..width * height / 2].fill(255);
    let covered = GreyPicture::new(width, height, covered).unwrap();
    let spoilt = Reader::new()
        .read(&still(&CameraSpec::good_720p(), &covered, 1))
        .seen;
    assert!(
        matches!(spoilt, Seen::Unreadable { trouble: Trouble::Blurred, module_pixels } if module_pixels > 4.0),
        "{spoilt:?}"
    );
}

#[test]
fn pictures_without_pixels_or_with_too_many_do_not_exist() {
    for (width, height) in [(0, 0), (0, 7), (7, 0)] {
        let err = GreyPicture::new(width, height, Vec::new()).unwrap_err();
        assert!(matches!(err, PictureError::Empty { .. }), "{err}");
    }
    let err = GreyPicture::pixel_count(10_000, 10_000).unwrap_err();
    assert!(matches!(err, PictureError::TooLarge { .. }), "{err}");
}

#[test]
fn large_picture_is_read_at_a_smaller_size() {
    let code = Random::new(7).bytes(900);
    let drawn = draw_codes(
        &[carriers::light::Code::smallest(&code, Correction::Screen).unwrap()],
        1,
        40,
    )
    .unwrap();
    assert!(drawn.pixels().len() > 16_000_000);
    assert_eq!(Reader::new().read(&drawn).payloads, [code]);
}

#[test]
fn smallest_pictures_are_looked_at_without_harm() {
    let mut reader = Reader::new();
    for width in 1..30 {
        for height in [1, 2, 3, 8, 9, 17, 29] {
            let pixels = Random::new(width as u64).bytes(width * height);
            reader.read(&GreyPicture::new(width, height, pixels).unwrap());
        }
    }
}

#[test]
fn mutated_pictures_and_payloads_never_give_a_frame_that_nobody_made() {
    let mut transfer = Transfer::new(100_000, 7);
    let genuine = transfer.frame(106);
    let drawn = grid(5, 1, 1)
        .draw(
            &Sheet {
                codes: vec![genuine.clone()],
                corner: None,
            },
            3,
        )
        .unwrap();
    let mut random = Random::new(8);
    let mut reader = Reader::new();
    let mut read = 0;
    for _ in 0..1_500 {
        for payload in reader.read(&mutated_picture(&drawn, &mut random)).payloads {
            if Frame::parse(&payload).is_ok() {
                assert_eq!(payload, genuine);
                read += 1;
            }
        }
        let mutant = mutated_payload(&genuine, &mut random);
        assert!(Frame::parse(&mutant).is_err() || mutant == genuine);
    }
    assert!(read > 200, "{read}");
}

#[test]
fn rolling_shutter_mixes_two_pictures_in_one_frame() {
    let mut shades = [0, 255].into_iter();
    let spec = CameraSpec {
        phase_secs: 0.026,
        noise_grey: 0.0,
        light_loss: 0.0,
        ..CameraSpec::good_720p()
    };
    let mut camera = camera_model::Camera::new(spec, 640, 360, 1);
    let mut recording = camera_model::Recording::new(&mut camera, 0.040, || {
        Picture::plain(640, 360, shades.next().unwrap_or(255))
    });
    let frame = to_read(recording.next().unwrap());
    assert!(frame.grey_at(640, 60) < 60, "the upper rows see the first");
    assert!(
        frame.grey_at(640, 660) > 180,
        "the lower rows see the second"
    );
    let again = to_film(&frame);
    assert_eq!((again.width, again.height), (1_280, 720));
}

#[test]
fn reader_returns_to_full_size_when_dense_codes_come_into_view() {
    let mut random = Random::new(12);
    let noisy = CameraSpec {
        noise_grey: 40.0,
        ..CameraSpec::good_1080p()
    };
    let coarse = picture(&grid(3, 1, 1), &[b"very large modules".to_vec()]);
    let code = random.bytes(1_400);
    let dense = picture(&grid(27, 1, 1), std::slice::from_ref(&code));
    let mut reader = Reader::new();
    for seed in 0..4 {
        reader.read(&still(&noisy, &coarse, seed));
    }
    let frame = still(&CameraSpec::good_720p(), &dense, 1);
    let read = (0..20).any(|_| reader.read(&frame).payloads == std::slice::from_ref(&code));
    assert!(read);
    assert_eq!(reader.read(&frame).payloads, [code]);
}
