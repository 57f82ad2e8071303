//! Codes on paper: pages of A4 as PDF, for whoever prints them and films them again.

use miniz_oxide::deflate::compress_to_vec_zlib;
use pdf_writer::{Content, Filter, Finish as _, Name, Pdf, Rect, Ref, Str};

use super::{
    CodeGrid, Correction, Demand, Display, DisplayError, GreyPicture, OutputError, Sheet, Status,
    Version, Wanted, capacity_bytes,
};
use crate::{limits::PAPER_PAGES_MAX, qr::QrError};

/// Collects codes and makes a document of them at the end: the same codes, the same bytes.
pub struct PdfPages {
    title: String,
    /// The payloads of the codes of each page.
    pages: Vec<Vec<Vec<u8>>>,
}

impl PdfPages {
    /// Begins a document. The title stands on every page; of a text beyond Latin-1, what the
    /// fonts of every printer lack becomes a question mark.
    #[must_use]
    pub fn new(title: &str) -> Self {
        Self {
            title: title.to_owned(),
            pages: Vec::new(),
        }
    }

    /// How many pages there are so far.
    #[must_use]
    pub fn page_count(&self) -> usize {
        self.pages.len()
    }

    /// The document. One without pages is valid as well, and of no use.
    ///
    /// # Errors
    /// [`OutputError::Code`].
    pub fn into_pdf(self) -> Result<Vec<u8>, OutputError> {
        let mut pdf = Pdf::new();
        let page_count = i32::try_from(self.pages.len()).map_err(QrError::not_made)?;
        let page_refs = (0..page_count).map(PageRefs::of);
        pdf.catalog(CATALOG).pages(PAGE_TREE);
        pdf.pages(PAGE_TREE)
            .kids(page_refs.clone().map(|refs| refs.page))
            .count(page_count);
        let mut font = pdf.type1_font(FONT);
        font.base_font(Name(b"Helvetica"));
        font.encoding_predefined(Name(b"WinAnsiEncoding"));
        font.finish();
        for (at, (codes, refs)) in self.pages.into_iter().zip(page_refs).enumerate() {
            let caption = format!("Page {} of {page_count}", at + 1);
            write_page(&mut pdf, refs, codes, &self.title, &caption)?;
        }
        Ok(pdf.finish())
    }
}

impl Display for PdfPages {
    fn wait(&mut self) -> Result<Wanted, DisplayError> {
        if self.pages.len() >= PAPER_PAGES_MAX {
            return Ok(Wanted::Nothing);
        }
        Ok(Wanted::Sheet(Demand {
            code_count: COLUMNS * ROWS,
            payload_bytes: capacity_bytes(VERSION_LARGEST, Correction::Paper),
        }))
    }

    /// An empty sheet makes no page. There is nobody to read a status or a corner code.
    fn show(&mut self, sheet: &Sheet, _status: &Status) -> Result<(), DisplayError> {
        let codes: Vec<_> = sheet.codes.iter().take(COLUMNS * ROWS).cloned().collect();
        if !codes.is_empty() && self.pages.len() < PAPER_PAGES_MAX {
            self.pages.push(codes);
        }
        Ok(())
    }
}

/// The objects of one page.
#[derive(Clone, Copy)]
struct PageRefs {
    page: Ref,
    content: Ref,
    image: Ref,
}

impl PageRefs {
    fn of(page_index: i32) -> Self {
        let first = FONT.get() + 1 + 3 * page_index;
        Self {
            page: Ref::new(first),
            content: Ref::new(first + 1),
            image: Ref::new(first + 2),
        }
    }
}

fn write_page(
    pdf: &mut Pdf,
    refs: PageRefs,
    codes: Vec<Vec<u8>>,
    title: &str,
    caption: &str,
) -> Result<(), OutputError> {
    let grid = grid_for(&codes);
    let picture = grid.draw(
        &Sheet {
            codes,
            corner: None,
        },
        MODULE_PIXELS,
    )?;

    let mut page = pdf.page(refs.page);
    page.parent(PAGE_TREE)
        .media_box(Rect::new(0.0, 0.0, PAGE_WIDTH, PAGE_HEIGHT))
        .contents(refs.content);
    let mut resources = page.resources();
    resources.x_objects().pair(IMAGE_NAME, refs.image);
    resources.fonts().pair(FONT_NAME, FONT);
    resources.finish();
    page.finish();

    let packed = compress_to_vec_zlib(&one_bit(&picture), DEFLATE_LEVEL);
    let mut image = pdf.image_xobject(refs.image, &packed);
    image.filter(Filter::FlateDecode);
    image.width(i32::try_from(picture.width()).map_err(QrError::not_made)?);
    image.height(i32::try_from(picture.height()).map_err(QrError::not_made)?);
    image.color_space().device_gray();
    image.bits_per_component(1);
    image.interpolate(false);
    image.finish();

    let content = page_content(&grid, title, caption);
    pdf.stream(refs.content, &content);
    Ok(())
}

/// The codes under a line of words, as large as the page allows.
fn page_content(grid: &CodeGrid, title: &str, caption: &str) -> Vec<u8> {
    let (columns, rows) = (points(grid.columns()), points(grid.rows()));
    let free_height = PAGE_HEIGHT - 2.0 * MARGIN - WORDS_HEIGHT;
    let cell = ((PAGE_WIDTH - 2.0 * MARGIN) / columns)
        .min(free_height / rows)
        .min(CELL_MAX);
    let (width, height) = (cell * columns, cell * rows);
    let top = PAGE_HEIGHT - MARGIN - WORDS_HEIGHT;

    let mut content = Content::new();
    content.save_state();
    content.transform([
        width,
        0.0,
        0.0,
        height,
        (PAGE_WIDTH - width) / 2.0,
        top - height,
    ]);
    content.x_object(IMAGE_NAME);
    content.restore_state();
    content.begin_text();
    content.set_font(FONT_NAME, 12.0);
    content.next_line(MARGIN, PAGE_HEIGHT - MARGIN - 12.0);
    content.show(Str(&latin(title)));
    content.set_font(FONT_NAME, 10.0);
    content.next_line(0.0, -16.0);
    content.show(Str(&latin(&format!("{caption}. {INSTRUCTION}"))));
    content.end_text();
    content.finish().into_vec()
}

/// The codes of a page are of one version, the smallest that holds the longest of them: larger
/// squares survive more than empty room does.
fn grid_for(codes: &[Vec<u8>]) -> CodeGrid {
    let longest = codes.iter().map(Vec::len).max().unwrap_or_default();
    let version = Version::smallest_for(longest, Correction::Paper).unwrap_or(VERSION_LARGEST);
    let columns = codes.len().clamp(1, COLUMNS);
    let rows = codes.len().div_ceil(columns);
    CodeGrid::new(version, Correction::Paper, columns, rows)
}

/// Eight pixels a byte, rows padded to whole bytes, 1 is white.
fn one_bit(picture: &GreyPicture) -> Vec<u8> {
    let mut bytes = Vec::new();
    for y in 0..picture.height() {
        for eight in picture.row(y).chunks(8) {
            let bits = eight.iter().enumerate().filter(|(_, grey)| **grey >= 128);
            bytes.push(bits.fold(0, |byte, (at, _)| byte | (0x80 >> at)));
        }
    }
    bytes
}

/// The text in the encoding of the standard fonts. Where that is not Latin-1, and for what would
/// steer a printer, a question mark.
fn latin(text: &str) -> Vec<u8> {
    let is_shown = |byte: &u8| matches!(byte, 0x20..=0x7e | 0xa1..=0xac | 0xae..=0xff);
    let bytes = text.chars().take(TITLE_CHARS_MAX).map(|ch| {
        let byte = u8::try_from(u32::from(ch)).ok().filter(is_shown);
        byte.unwrap_or(b'?')
    });
    bytes.collect()
}

fn points(count: usize) -> f32 {
    f32::from(u16::try_from(count).unwrap_or(u16::MAX))
}

const INSTRUCTION: &str = "Photograph or film every page, flat and whole, in any order.";

const CATALOG: Ref = Ref::new(1);
const PAGE_TREE: Ref = Ref::new(2);
const FONT: Ref = Ref::new(3);

const FONT_NAME: Name<'static> = Name(b"F");
const IMAGE_NAME: Name<'static> = Name(b"C");

/// A4 in points, 72 to the inch.
const PAGE_WIDTH: f32 = 595.28;
const PAGE_HEIGHT: f32 = 841.89;

/// Half an inch: no printer reaches the edge.
const MARGIN: f32 = 36.0;

/// Two lines and the room under them.
const WORDS_HEIGHT: f32 = 40.0;

/// Ten centimetres: larger does not read better.
const CELL_MAX: f32 = 283.0;

const COLUMNS: usize = 2;

const ROWS: usize = 3;

/// Two large symbols a code, in squares of 0.68 mm.
const VERSION_LARGEST: Version = Version::nearest(25);

/// Some viewers smooth pictures; with several pixels a module only edges turn grey.
const MODULE_PIXELS: usize = 4;

const DEFLATE_LEVEL: u8 = 6;

/// One line of A4.
const TITLE_CHARS_MAX: usize = 90;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_are_packed_from_the_left_with_white_as_one() {
        let picture = GreyPicture::new(10, 1, vec![0, 255, 0, 0, 0, 0, 0, 255, 255, 0]).unwrap();
        assert_eq!(one_bit(&picture), [0b0100_0001, 0b1000_0000]);
    }

    #[test]
    fn titles_keep_latin_letters_and_lose_what_steers() {
        assert_eq!(latin("Zoë (1)\n\u{202e}Ж"), b"Zo\xeb (1)???");
    }

    #[test]
    fn full_pages_hold_six_codes_of_two_large_symbols() {
        let mut pages = PdfPages::new("x");
        let Wanted::Sheet(demand) = pages.wait().unwrap() else {
            panic!("the first page has room");
        };
        assert_eq!(demand.code_count, 6);
        assert!((980..1_460).contains(&demand.payload_bytes));
    }
}
