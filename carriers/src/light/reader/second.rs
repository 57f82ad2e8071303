//! The second opinion: `rqrr`, slower and better with a few pictures.

use super::Sighting;
use crate::light::GreyPicture;

/// Reads every code in the picture. May panic: see the caller.
pub(super) fn read(picture: &GreyPicture) -> Sighting {
    let mut prepared =
        rqrr::PreparedImage::prepare_from_greyscale(picture.width(), picture.height(), |x, y| {
            picture.grey_at(x, y)
        });
    let mut sighting = Sighting::default();
    for grid in prepared.detect_grids() {
        let mut payload = Vec::new();
        if grid.decode_to(&mut payload).is_ok() {
            sighting.push(payload);
        }
    }
    sighting
}
