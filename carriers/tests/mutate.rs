//! Damage to pictures and payloads, by seed.

use camera_model::Random;
use carriers::light::GreyPicture;

/// The picture after one to three kinds of damage.
pub(crate) fn mutated_picture(picture: &GreyPicture, random: &mut Random) -> GreyPicture {
    let mut mutant = picture.clone();
    for _ in 0..1 + random.below(3) {
        mutant = match random.below(6) {
            0 => with_pixels(&mutant, |pixels| flip(pixels, random)),
            1 => with_pixels(&mutant, |pixels| add_noise(pixels, random)),
            2 => crop(&mutant, random),
            3 => stretch(&mutant, random),
            4 => with_pixels(&mutant, |pixels| rotate(pixels, random)),
            _ => cover(&mutant, random),
        };
    }
    mutant
}

/// The payload with bits flipped, bytes replaced, a part missing or too much.
pub(crate) fn mutated_payload(payload: &[u8], random: &mut Random) -> Vec<u8> {
    let mut mutant = payload.to_vec();
    for _ in 0..1 + random.below(4) {
        let at = random.below(mutant.len().max(1));
        match random.below(5) {
            0 => mutant.truncate(at),
            1 => mutant.extend(random.bytes(5)),
            2 => mutant.insert(at.min(mutant.len()), random.bytes(1)[0]),
            3 => {
                if let Some(byte) = mutant.get_mut(at) {
                    *byte = random.bytes(1)[0];
                }
            }
            _ => {
                if let Some(byte) = mutant.get_mut(at) {
                    *byte ^= 1 << random.below(8);
                }
            }
        }
    }
    mutant
}

fn with_pixels(picture: &GreyPicture, change: impl FnOnce(&mut Vec<u8>)) -> GreyPicture {
    let mut pixels = picture.pixels().to_vec();
    change(&mut pixels);
    GreyPicture::new(picture.width(), picture.height(), pixels).unwrap()
}

fn flip(pixels: &mut [u8], random: &mut Random) {
    for _ in 0..1 + random.below(200) {
        let at = random.below(pixels.len());
        pixels[at] = 255 - pixels[at];
    }
}

fn add_noise(pixels: &mut [u8], random: &mut Random) {
    let most = 1 + random.below(200);
    for pixel in pixels {
        let noise = random.below(2 * most + 1);
        *pixel = u8::try_from((usize::from(*pixel) + noise).saturating_sub(most).min(255)).unwrap();
    }
}

/// All rows begin elsewhere: the picture goes round.
fn rotate(pixels: &mut [u8], random: &mut Random) {
    let by = random.below(pixels.len());
    pixels.rotate_left(by);
}

fn crop(picture: &GreyPicture, random: &mut Random) -> GreyPicture {
    let left = random.below(picture.width());
    let top = random.below(picture.height());
    let width = 1 + random.below(picture.width() - left);
    let height = 1 + random.below(picture.height() - top);
    let pixels = (top..top + height)
        .flat_map(|y| &picture.row(y)[left..left + width])
        .copied()
        .collect();
    GreyPicture::new(width, height, pixels).unwrap()
}

fn stretch(picture: &GreyPicture, random: &mut Random) -> GreyPicture {
    let side =
        |from: usize, random: &mut Random| (from * (40 + random.below(120)) / 100).clamp(1, 400);
    let width = side(picture.width(), random);
    let height = side(picture.height(), random);
    let pixels = (0..width * height)
        .map(|at| {
            let x = at % width * picture.width() / width;
            let y = at / width * picture.height() / height;
            picture.grey_at(x, y)
        })
        .collect();
    GreyPicture::new(width, height, pixels).unwrap()
}

fn cover(picture: &GreyPicture, random: &mut Random) -> GreyPicture {
    let grey = random.bytes(1)[0];
    let (left, top) = (
        random.below(picture.width()),
        random.below(picture.height()),
    );
    let (width, height) = (1 + random.below(40), 1 + random.below(40));
    let pixels = (0..picture.height())
        .flat_map(|y| (0..picture.width()).map(move |x| (x, y)))
        .map(|(x, y)| {
            let covered = (left..left + width).contains(&x) && (top..top + height).contains(&y);
            if covered { grey } else { picture.grey_at(x, y) }
        })
        .collect();
    GreyPicture::new(picture.width(), picture.height(), pixels).unwrap()
}
