//! How the picture on the screen lies in the camera's frame.

use crate::{CameraSpec, Random};

/// Leads from a point in the frame to a point in the picture.
pub(crate) struct Pose([[f64; 3]; 3]);

impl Pose {
    /// A pose within the limits of the spec.
    pub(crate) fn new(spec: &CameraSpec, width: f64, height: f64, random: &mut Random) -> Self {
        let mut angle = |most: f32| f64::from(random.around_zero(most)).to_radians();
        let tilt_x = angle(spec.tilt_degrees_max);
        let tilt_y = angle(spec.tilt_degrees_max);
        let roll = angle(spec.rotation_degrees_max) + f64::from(spec.turned_degrees).to_radians();
        let turn = product(
            &rotation(roll, 0, 1),
            &product(&rotation(tilt_x, 1, 2), &rotation(tilt_y, 0, 2)),
        );
        // The picture is a plane around the origin, as far away as its longer side.
        let far = width.max(height) * 1.2;
        let plane = [
            [
                turn[0][0],
                turn[0][1],
                -turn[0][0] * width / 2.0 - turn[0][1] * height / 2.0,
            ],
            [
                turn[1][0],
                turn[1][1],
                -turn[1][0] * width / 2.0 - turn[1][1] * height / 2.0,
            ],
            [
                turn[2][0] / far,
                turn[2][1] / far,
                1.0 - (turn[2][0] * width + turn[2][1] * height) / 2.0 / far,
            ],
        ];
        let corners = [(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)];
        let seen = corners.map(|(x, y)| transformed(&plane, x, y));
        let (left, right) = bounds(seen.map(|point| point.0));
        let (top, bottom) = bounds(seen.map(|point| point.1));
        let (frame_width, frame_height) = (spec.width as f64, spec.height as f64);
        let scale = f64::from(spec.fill)
            * (frame_width / (right - left)).min(frame_height / (bottom - top));
        let into_frame = [
            [scale, 0.0, frame_width / 2.0 - scale * (left + right) / 2.0],
            [
                0.0,
                scale,
                frame_height / 2.0 - scale * (top + bottom) / 2.0,
            ],
            [0.0, 0.0, 1.0],
        ];
        Self(inverse(&product(&into_frame, &plane)))
    }

    /// Where in the picture this point of the frame lies.
    pub(crate) fn picture_point(&self, x: f64, y: f64) -> (f64, f64) {
        transformed(&self.0, x, y)
    }
}

type Matrix = [[f64; 3]; 3];

fn rotation(angle: f64, from: usize, to: usize) -> Matrix {
    let mut matrix = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    matrix[from][from] = angle.cos();
    matrix[to][to] = angle.cos();
    matrix[from][to] = -angle.sin();
    matrix[to][from] = angle.sin();
    matrix
}

fn product(left: &Matrix, right: &Matrix) -> Matrix {
    std::array::from_fn(|row| {
        std::array::from_fn(|column| (0..3).map(|at| left[row][at] * right[at][column]).sum())
    })
}

/// The adjugate: a homography is the same at any scale.
fn inverse(matrix: &Matrix) -> Matrix {
    std::array::from_fn(|row| {
        std::array::from_fn(|column| {
            let (a, b) = ((column + 1) % 3, (column + 2) % 3);
            let (c, d) = ((row + 1) % 3, (row + 2) % 3);
            matrix[a][c] * matrix[b][d] - matrix[a][d] * matrix[b][c]
        })
    })
}

fn transformed(matrix: &Matrix, x: f64, y: f64) -> (f64, f64) {
    let [u, v, w] = matrix.map(|row| row[0] * x + row[1] * y + row[2]);
    (u / w, v / w)
}

fn bounds(values: [f64; 4]) -> (f64, f64) {
    (
        values.into_iter().fold(f64::INFINITY, f64::min),
        values.into_iter().fold(f64::NEG_INFINITY, f64::max),
    )
}
