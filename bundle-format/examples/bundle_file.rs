//! Seals one file into a bundle, or opens it again, with keys that everybody knows: for measuring
//! the format against other programs (`tests/bench.sh`), never for keeping anything secret.

use std::error::Error;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use bundle_format::content::{Contents, EntrySink};
use bundle_format::identity::{DecapsulationKey, Identity};
use bundle_format::manifest::{BundlePath, Entry, EntryKind};
use bundle_format::open::{Depth, UncheckedBundle};
use bundle_format::random::HedgedRng;
use bundle_format::seal::{Reader, SealRequest, seal};
use bundle_format::slot::{SlotKey, SlotOpener};
use pack_format::chunked::ReadAt;
use pack_format::secret::Secret32;

type Outcome = Result<(), Box<dyn Error>>;

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["seal", input, bundle] => seal_path(Path::new(input), Path::new(bundle)),
        ["open", bundle, folder] => open_into(Path::new(bundle), Path::new(folder)),
        ["check", bundle] => check(Path::new(bundle)),
        _ => Err(
            "usage: bundle_file seal FILE|FOLDER BUNDLE | open BUNDLE FOLDER | check BUNDLE".into(),
        ),
    }
}

fn reader_key() -> DecapsulationKey {
    DecapsulationKey::from_seed(Secret32::new([2; 32]))
}

fn seal_path(input: &Path, bundle: &Path) -> Outcome {
    let identity = Identity::from_seed(Secret32::new([1; 32]));
    let key = reader_key().encapsulation_key();
    let request = SealRequest {
        identity: &identity,
        incarnation: 1,
        created_at: 0,
        readers: vec![Reader {
            fingerprint: identity.key().fingerprint(),
            sequence: 1,
            key: SlotKey::Kem(&key),
        }],
    };
    let mut rng = HedgedRng::new(&Secret32::new([3; 32]), &Secret32::new([4; 32]), 1);
    let mut contents = Files {
        base: input.to_path_buf(),
        paths: list(input)?.into_iter(),
    };
    let mut sink = File::create(bundle)?;
    let sealed = seal(&request, &mut contents, &mut sink, &mut rng, &mut |_| true)?;
    sink.sync_all()?;
    println!(
        "{} bytes, {} before padding",
        sealed.size_bytes, sealed.unpadded_bytes
    );
    Ok(())
}

fn list(input: &Path) -> io::Result<Vec<PathBuf>> {
    if input.is_file() {
        return Ok(vec![PathBuf::new()]);
    }
    let mut names = fs::read_dir(input)?
        .map(|entry| entry.map(|it| PathBuf::from(it.file_name())))
        .collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

struct Files {
    base: PathBuf,
    paths: std::vec::IntoIter<PathBuf>,
}

impl Contents for Files {
    fn next_entry(&mut self) -> io::Result<Option<(EntryKind, Box<dyn Read + '_>)>> {
        let Some(path) = self.paths.next() else {
            return Ok(None);
        };
        let name = if path.as_os_str().is_empty() {
            Path::new("file")
        } else {
            &path
        };
        let name = BundlePath::new(&name.to_string_lossy()).map_err(io::Error::other)?;
        let full = if path.as_os_str().is_empty() {
            self.base.clone()
        } else {
            self.base.join(&path)
        };
        let kind = EntryKind::File {
            path: name,
            executable: false,
        };
        Ok(Some((kind, Box::new(File::open(full)?))))
    }
}

struct Source {
    file: File,
    size_bytes: u64,
}

impl ReadAt for Source {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(buf, offset)
    }

    fn size_bytes(&self) -> u64 {
        self.size_bytes
    }
}

struct Folder {
    root: PathBuf,
    file: Option<BufWriter<File>>,
}

impl EntrySink for Folder {
    fn begin(&mut self, _index: usize, entry: &Entry) -> io::Result<()> {
        let path = entry.kind.path().ok_or(io::ErrorKind::Unsupported)?;
        self.file = Some(BufWriter::with_capacity(
            1 << 16,
            File::create(self.root.join(path.as_str()))?,
        ));
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file
            .as_mut()
            .map_or(Ok(()), |file| file.write_all(bytes))
    }

    fn end(&mut self) -> io::Result<()> {
        self.file.take().map_or(Ok(()), |file| {
            file.into_inner().map(drop).map_err(Into::into)
        })
    }
}

fn open_into(bundle: &Path, folder: &Path) -> Outcome {
    fs::create_dir_all(folder)?;
    let (signed, _) = unlocked(bundle)?;
    let verified = signed.verify_content(Depth::Hashes, &mut |_| true)?;
    verified.release(
        &mut Folder {
            root: folder.to_path_buf(),
            file: None,
        },
        &mut |_| true,
    )?;
    Ok(())
}

fn check(bundle: &Path) -> Outcome {
    let (signed, _) = unlocked(bundle)?;
    signed.verify_content(Depth::Full, &mut |_| true)?;
    Ok(())
}

fn unlocked(
    bundle: &Path,
) -> Result<(bundle_format::open::SignedBundle<Source>, u64), Box<dyn Error>> {
    let file = File::open(bundle)?;
    let size_bytes = file.metadata()?.len();
    let key = reader_key();
    let opener = SlotOpener::new(&key, &[]);
    let (unlocked, opened) = UncheckedBundle::new(Source { file, size_bytes }).unlock(&opener)?;
    Ok((unlocked.verify_sender(None)?, opened.sequence))
}
