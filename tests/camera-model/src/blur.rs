//! Gaussian blur, one direction after the other, in integers.

/// Blurs in place; a deviation of zero changes nothing.
pub(crate) fn blur(pixels: &mut [u8], width: usize, deviation: f32) {
    let kernel = kernel(deviation);
    if kernel.len() == 1 {
        return;
    }
    let mut rows = Vec::with_capacity(pixels.len());
    for row in pixels.chunks(width) {
        push_blurred_row(&mut rows, row, &kernel);
    }
    let height = rows.len() / width;
    let radius = kernel.len() / 2;
    let mut sums = vec![0_u32; width];
    for y in 0..height {
        sums.fill(128);
        for (at, weight) in kernel.iter().enumerate() {
            let from = (y + at).saturating_sub(radius).min(height - 1);
            let row = &rows[from * width..][..width];
            for (sum, grey) in sums.iter_mut().zip(row) {
                *sum += u32::from(*grey) * weight;
            }
        }
        for (pixel, sum) in pixels[y * width..][..width].iter_mut().zip(&sums) {
            *pixel = (sum >> 8).min(255) as u8;
        }
    }
}

fn push_blurred_row(rows: &mut Vec<u8>, row: &[u8], kernel: &[u32]) {
    let radius = kernel.len() / 2;
    let mut padded = vec![row[0]; radius];
    padded.extend_from_slice(row);
    padded.extend(vec![row[row.len() - 1]; radius]);
    let mut sums = vec![128_u32; row.len()];
    for (at, weight) in kernel.iter().enumerate() {
        for (sum, grey) in sums.iter_mut().zip(&padded[at..]) {
            *sum += u32::from(*grey) * weight;
        }
    }
    rows.extend(sums.iter().map(|sum| (sum >> 8).min(255) as u8));
}

/// An odd number of weights in 256ths.
fn kernel(deviation: f32) -> Vec<u32> {
    let radius = (deviation * 2.5).ceil() as usize;
    let weights: Vec<f32> = (0..=2 * radius)
        .map(|at| {
            let distance = (at as f32 - radius as f32) / deviation.max(0.01);
            (-distance * distance / 2.0).exp()
        })
        .collect();
    let sum: f32 = weights.iter().sum();
    weights
        .iter()
        .map(|weight| (weight / sum * 256.0).round() as u32)
        .collect()
}
