//! y4m: a header line, then for each picture a line and its planes, of which the first is grey.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek},
    path::PathBuf,
};

use super::{CameraError, FrameSource, StopSignal};
use crate::light::GreyPicture;

/// A film of uncompressed pictures, read one picture at a time.
pub(super) struct Y4mFile<R = File> {
    path: PathBuf,
    input: BufReader<R>,
    head: Head,
    stop: StopSignal,
}

impl<R: Read + Seek + Send> Y4mFile<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// [`CameraError::VideoNotUnderstood`], [`CameraError::FileIo`].
    pub(super) fn new(path: PathBuf, input: R) -> Result<Self, CameraError> {
        let mut input = BufReader::new(input);
        let line = line(&mut input).map_err(|source| CameraError::reading(path.clone(), source))?;
        let head = Head::parse(&line);
        let head = head.map_err(|problem| CameraError::VideoNotUnderstood {
            path: path.clone(),
            problem,
        })?;
        Ok(Self {
            path,
            input,
            head,
            stop: StopSignal::default(),
        })
    }

    /// Reads the next picture; one that is cut short is the end.
    fn read_picture(&mut self) -> io::Result<Read1> {
        let line = line(&mut self.input)?;
        if line.is_empty() {
            return Ok(Read1::End);
        }
        if line != b"FRAME" && !line.starts_with(b"FRAME ") {
            return Ok(Read1::Broken);
        }
        let Head { width, height, .. } = self.head;
        let mut pixels = Vec::new();
        let mut plane = self.input.by_ref().take(self.head.grey_bytes);
        plane.read_to_end(&mut pixels)?;
        self.input.seek_relative(self.head.colour_bytes)?;
        Ok(match GreyPicture::new(width, height, pixels) {
            Ok(picture) => Read1::Picture(picture),
            Err(_) => Read1::End,
        })
    }
}

/// What came of reading one picture.
enum Read1 {
    Picture(GreyPicture),
    End,
    Broken,
}

impl<R: Read + Seek + Send> FrameSource for Y4mFile<R> {
    fn next_picture(&mut self) -> Result<Option<GreyPicture>, CameraError> {
        if self.stop.is_given() {
            return Ok(None);
        }
        let read = self
            .read_picture()
            .map_err(|source| CameraError::reading(self.path.clone(), source))?;
        match read {
            Read1::Picture(picture) => Ok(Some(picture)),
            Read1::End => Ok(None),
            Read1::Broken => Err(CameraError::VideoNotUnderstood {
                path: self.path.clone(),
                problem: "a picture does not begin where it should",
            }),
        }
    }

    fn stop_with(&mut self, stop: StopSignal) {
        self.stop = stop;
    }
}

/// What the header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Head {
    width: usize,
    height: usize,
    grey_bytes: u64,
    /// What follows the grey of each picture.
    colour_bytes: i64,
}

impl Head {
    fn parse(line: &[u8]) -> Result<Head, &'static str> {
        let line = str::from_utf8(line).map_err(|_| NOT_Y4M)?;
        let mut words = line.split(' ');
        if words.next() != Some("YUV4MPEG2") {
            return Err(NOT_Y4M);
        }
        let (mut width, mut height, mut colours) = (0, 0, "420");
        for word in words {
            if let Some(value) = word.strip_prefix('W') {
                width = value.parse().map_err(|_| NO_SIDES)?;
            } else if let Some(value) = word.strip_prefix('H') {
                height = value.parse().map_err(|_| NO_SIDES)?;
            } else if let Some(value) = word.strip_prefix('C') {
                colours = value;
            }
        }
        let grey_count = GreyPicture::pixel_count(width, height).map_err(|_| NO_SIDES)?;
        let colour_count = colour_count(colours, width, height).ok_or(UNKNOWN_COLOURS)?;
        Ok(Head {
            width,
            height,
            grey_bytes: grey_count as u64,
            colour_bytes: i64::try_from(colour_count).map_err(|_| NO_SIDES)?,
        })
    }
}

/// How many bytes of colour follow the grey of a picture; `None` for a kind that is not known,
/// among them all with more than 8 bits.
fn colour_count(colours: &str, width: usize, height: usize) -> Option<usize> {
    let (columns, rows) = (width.div_ceil(2), height.div_ceil(2));
    match colours {
        "420" | "420jpeg" | "420mpeg2" | "420paldv" => columns.checked_mul(rows)?.checked_mul(2),
        "422" => columns.checked_mul(height)?.checked_mul(2),
        "411" => width.div_ceil(4).checked_mul(height)?.checked_mul(2),
        "444" => width.checked_mul(height)?.checked_mul(2),
        "444alpha" => width.checked_mul(height)?.checked_mul(3),
        "mono" => Some(0),
        _ => None,
    }
}

/// One line without its end, cut at the longest that a header has; empty at the end of the file.
fn line(input: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    input.take(LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
    if line.last() == Some(&b'\n') {
        line.pop();
    }
    Ok(line)
}

const NOT_Y4M: &str = "it does not begin like y4m";
const NO_SIDES: &str = "its pictures have no pixels or too many";
const UNKNOWN_COLOURS: &str = "its colours are packed in a way that is not known";

/// Headers are far shorter; a file without line ends is not read as one.
const LINE_BYTES_MAX: u64 = 1024;

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn greys(film: &[u8]) -> Result<Vec<Vec<u8>>, CameraError> {
        let mut source = Y4mFile::new(PathBuf::from("film.y4m"), Cursor::new(film))?;
        let mut greys = Vec::new();
        while let Some(picture) = source.next_picture()? {
            greys.push(picture.pixels().to_vec());
        }
        Ok(greys)
    }

    #[test]
    fn grey_is_found_beside_every_packing_of_colours() {
        for (colours, colour_bytes) in [
            (" C420", 4),
            (" C420jpeg", 4),
            (" C420mpeg2", 4),
            (" C420paldv", 4),
            (" C422", 4),
            (" C411", 2),
            (" C444", 6),
            (" C444alpha", 9),
            (" Cmono", 0),
            ("", 4),
        ] {
            let mut film =
                format!("YUV4MPEG2 W3 H1 F30:1 Ip A1:1{colours} XYSCSS=X\n").into_bytes();
            for grey in [[1, 2, 3], [4, 5, 6]] {
                film.extend_from_slice(b"FRAME Ip\n");
                film.extend_from_slice(&grey);
                film.extend(vec![128; colour_bytes]);
            }
            let greys = greys(&film).unwrap();
            assert_eq!(greys, [[1, 2, 3], [4, 5, 6]], "{colours}");
        }
    }

    #[test]
    fn last_picture_that_is_cut_is_left_out() {
        let film = b"YUV4MPEG2 W2 H1 Cmono\nFRAME\nabFRAME\nc";
        assert_eq!(greys(film).unwrap(), [b"ab"]);
    }

    #[test]
    fn wrong_headers_are_refused_before_memory_is_taken() {
        for head in [
            "",
            "RIFF",
            "YUV4MPEG2\n",
            "YUV4MPEG2 W2\n",
            "YUV4MPEG2 W0 H2\n",
            "YUV4MPEG2 W-2 H2\n",
            "YUV4MPEG2 W10000 H10000\n",
            "YUV4MPEG2 W99999999999999999999 H1\n",
            "YUV4MPEG2 W4294967296 H4294967296\n",
            "YUV4MPEG2 W2 H2 C420p10\n",
            "YUV4MPEG2 W2 H2 Cmono16\n",
        ] {
            let result = greys(head.as_bytes());
            assert!(
                matches!(result, Err(CameraError::VideoNotUnderstood { .. })),
                "{head:?}"
            );
        }
    }

    #[test]
    fn header_without_an_end_is_refused() {
        let film = [b"YUV4MPEG2 ".as_slice(), &[b'x'; 5000]].concat();
        assert!(greys(&film).is_err());
    }

    #[test]
    fn picture_that_begins_elsewhere_is_an_error_after_the_good_ones() {
        let film = b"YUV4MPEG2 W2 H1 Cmono\nFRAME\nabFRAMF\ncd";
        let mut source = Y4mFile::new(PathBuf::from("film.y4m"), Cursor::new(&film[..])).unwrap();
        assert!(source.next_picture().unwrap().is_some());
        assert!(matches!(
            source.next_picture(),
            Err(CameraError::VideoNotUnderstood { .. })
        ));
    }
}
