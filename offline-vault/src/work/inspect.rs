//! What a finder would learn from a stick or a file, without any key.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::WorkError;

/// One file as a finder sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenFile {
    /// Its path below what was inspected.
    pub path: PathBuf,
    /// Its size.
    pub size_bytes: u64,
    /// Whether its bytes look random, which is all that sealed bytes show; `None` when there are
    /// too few to tell or they cannot be read.
    pub looks_random: Option<bool>,
}

/// What a finder would learn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inspection {
    /// Every file, by path.
    pub files: Vec<SeenFile>,
    /// There are more files than are listed.
    pub is_cut: bool,
}

impl Inspection {
    /// Files that anybody can read something in.
    pub fn telling(&self) -> impl Iterator<Item = &SeenFile> {
        self.files
            .iter()
            .filter(|file| file.looks_random == Some(false))
    }
}

/// Looks at a file, or at every file below a folder. Links are not followed and nothing is changed.
///
/// # Errors
/// [`WorkError::Inspect`] when `path` itself cannot be looked at.
pub fn inspect(path: &Path) -> Result<Inspection, WorkError> {
    let failed = |source| WorkError::Inspect {
        path: path.to_path_buf(),
        source,
    };
    let metadata = fs::metadata(path).map_err(failed)?;
    let mut seen = Inspection::default();
    let mut pending = vec![path.to_path_buf()];
    while let Some(next) = pending.pop() {
        let is_root = next == path;
        if is_root && metadata.is_dir() || !is_root && is_plain_folder(&next) {
            for entry in fs::read_dir(&next).map_err(failed)?.flatten() {
                pending.push(entry.path());
            }
        } else if seen.files.len() >= FILES_MAX {
            seen.is_cut = true;
            break;
        } else {
            seen.files.push(look(&next, path));
        }
    }
    seen.files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(seen)
}

fn is_plain_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir())
}

fn look(path: &Path, root: &Path) -> SeenFile {
    let metadata = fs::symlink_metadata(path);
    let is_file = metadata.as_ref().is_ok_and(fs::Metadata::is_file);
    let below = path
        .strip_prefix(root)
        .ok()
        .filter(|below| !below.as_os_str().is_empty());
    let name = below.map_or_else(
        || path.file_name().map(PathBuf::from),
        |it| Some(it.to_path_buf()),
    );
    SeenFile {
        path: name.unwrap_or_else(|| path.to_path_buf()),
        size_bytes: metadata.map_or(0, |metadata| metadata.len()),
        looks_random: if is_file {
            read_sample(path).ok().and_then(|it| judge(&it))
        } else {
            None
        },
    }
}

fn read_sample(path: &Path) -> io::Result<Vec<u8>> {
    let mut sample = Vec::new();
    File::open(path)?
        .take(SAMPLE_BYTES)
        .read_to_end(&mut sample)?;
    Ok(sample)
}

/// Whether a sample is too regular to be sealed. Few bytes show it only by being text.
fn judge(sample: &[u8]) -> Option<bool> {
    let is_text = |text: &str| {
        !text.is_empty()
            && !text
                .chars()
                .any(|ch| ch.is_control() && !ch.is_whitespace())
    };
    if sample.len() < SAMPLE_BYTES_MIN && std::str::from_utf8(sample).is_ok_and(is_text) {
        return Some(false);
    }
    is_random(sample)
}

/// Pearson's chi-squared test of the byte frequencies. For random bytes the sum has mean 255 and
/// deviation 22.6; text, pictures and programs are in the thousands.
fn is_random(sample: &[u8]) -> Option<bool> {
    if sample.len() < SAMPLE_BYTES_MIN {
        return None;
    }
    let mut counts = [0_u32; 256];
    for byte in sample {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count += 1;
        }
    }
    let total = u32::try_from(sample.len()).unwrap_or(u32::MAX);
    let expected = f64::from(total) / 256.0;
    let deviations = counts
        .iter()
        .map(|count| (f64::from(*count) - expected).powi(2) / expected);
    Some(deviations.sum::<f64>() < CHI_SQUARED_MAX)
}

/// Files that are listed at most.
const FILES_MAX: usize = 10_000;
const SAMPLE_BYTES: u64 = 1024 * 1024;
/// Fewer bytes than this prove nothing.
const SAMPLE_BYTES_MIN: usize = 1280;
/// Six deviations above the mean: a random file is misjudged once in a thousand million.
const CHI_SQUARED_MAX: f64 = 255.0 + 6.0 * 22.6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_tells_and_sealed_bytes_do_not() {
        let dir = tempfile::tempdir().unwrap();
        let mut noise = vec![0; 10_000];
        blake3::Hasher::new().finalize_xof().fill(&mut noise);
        fs::write(dir.path().join("noise"), &noise).unwrap();
        fs::create_dir(dir.path().join("sub")).unwrap();
        fs::write(dir.path().join("sub/text"), "words ".repeat(1000)).unwrap();
        fs::write(dir.path().join("note"), "call Bilal").unwrap();
        fs::write(dir.path().join("small"), &noise[..100]).unwrap();
        let seen = inspect(dir.path()).unwrap();
        let verdicts: Vec<_> = seen
            .files
            .iter()
            .map(|file| (file.path.to_str().unwrap(), file.looks_random))
            .collect();
        assert_eq!(
            verdicts,
            [
                ("noise", Some(true)),
                ("note", Some(false)),
                ("small", None),
                ("sub/text", Some(false))
            ]
        );
        assert_eq!(seen.telling().count(), 2);
    }
}
