//! Codes in folders, on paper and in terminals: what is put there is read again, and nothing that
//! a person or another machine says steers a terminal.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    sync::{Arc, Mutex},
};

use carriers::{
    light::{
        Demand, Density, Display, GreyPicture, OutputError, PdfPages, PngFolder, Sheet, Status,
        Terminal, TerminalSize, Wanted,
    },
    qr::read_png,
};

fn payload(size_bytes: usize, seed: u8) -> Vec<u8> {
    (0..size_bytes)
        .map(|at| (at * 167).to_le_bytes()[0] ^ (at >> 8).to_le_bytes()[0] ^ seed)
        .collect()
}

fn sheet(codes: Vec<Vec<u8>>) -> Sheet {
    Sheet {
        codes,
        corner: None,
    }
}

/// What a display that is not full asks for.
fn asked(display: &mut impl Display) -> Demand {
    match display.wait().unwrap() {
        Wanted::Sheet(demand) => demand,
        Wanted::Nothing => Demand {
            code_count: 0,
            payload_bytes: 0,
        },
    }
}

fn read_all(picture: &GreyPicture) -> Vec<Vec<u8>> {
    let mut prepared =
        rqrr::PreparedImage::prepare_from_greyscale(picture.width(), picture.height(), |x, y| {
            picture.grey_at(x, y)
        });
    let mut found = Vec::new();
    for grid in prepared.detect_grids() {
        let mut payload = Vec::new();
        if grid.decode_to(&mut payload).is_ok() {
            found.push(payload);
        }
    }
    found.sort();
    found
}

#[test]
fn every_code_of_a_window_and_its_corner_are_read_again() {
    for (width, height) in [(1_000, 700), (700, 1_000)] {
        let density = Density::CALM;
        let grid = density.grid(width, height, true);
        let demand = grid.demand();
        let mut sheet = sheet(vec![payload(demand.payload_bytes, 1)]);
        sheet.corner = Some(payload(103, 9));
        let picture = grid.draw(&sheet, 3).unwrap();
        let mut expected = [sheet.codes, sheet.corner.into_iter().collect()].concat();
        expected.sort();
        assert_eq!(read_all(&picture), expected);
    }
}

#[test]
fn a_lone_corner_code_takes_the_place_of_the_others() {
    let grid = Density::CALM.grid(1_000, 700, true);
    let alone = Sheet {
        codes: Vec::new(),
        corner: Some(payload(103, 9)),
    };
    let picture = grid.draw(&alone, 2).unwrap();
    assert_eq!(picture.width(), grid.width_modules() * 2);
    assert_eq!(read_all(&picture), [payload(103, 9)]);
    let black = picture.pixels().iter().filter(|grey| **grey == 0).count();
    assert!(black * 9 > picture.pixels().len(), "{black} black pixels");
}

#[test]
fn folder_gets_numbered_pictures_that_are_read_again_until_it_is_full() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("codes");
    let mut display = PngFolder::create(&folder, 2).unwrap();
    let mut shown = Vec::new();
    while let Wanted::Sheet(demand) = display.wait().unwrap() {
        assert_eq!(demand.code_count, 1);
        let payload = payload(demand.payload_bytes, u8::try_from(shown.len()).unwrap());
        display
            .show(&sheet(vec![payload.clone()]), &Status::default())
            .unwrap();
        display.show(&Sheet::default(), &Status::default()).unwrap();
        shown.push(payload);
    }
    assert_eq!(display.picture_count(), 2);
    let mut names: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["code-000001.png", "code-000002.png"]);
    for (name, payload) in names.iter().zip(shown) {
        let path = folder.join(name);
        assert_eq!(read_png(&fs::read(&path).unwrap()).unwrap(), payload);
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    let used = PngFolder::create(&folder, 2).map(|_| ()).unwrap_err();
    assert!(matches!(used, OutputError::FolderInUse), "{used}");
}

#[test]
fn folder_with_other_files_is_used_and_a_file_is_none() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("photo.png"), "x").unwrap();
    let mut display = PngFolder::create(dir.path(), 1).unwrap();
    display
        .show(&sheet(vec![payload(10, 0)]), &Status::default())
        .unwrap();
    assert!(dir.path().join("code-000001.png").exists());
    let file = dir.path().join("photo.png");
    let err = PngFolder::create(&file, 1).map(|_| ()).unwrap_err();
    assert!(matches!(err, OutputError::Folder { .. }), "{err}");
    let deep = dir.path().join("no/such");
    let err = PngFolder::create(&deep, 1).map(|_| ()).unwrap_err();
    assert!(matches!(err, OutputError::Folder { .. }), "{err}");
}

fn document(page_count: usize) -> Vec<u8> {
    let mut pages = PdfPages::new("For Zoë");
    for page in 0..page_count {
        let demand = asked(&mut pages);
        let codes = (0..demand.code_count)
            .map(|at| payload(demand.payload_bytes, u8::try_from(page * 16 + at).unwrap()))
            .collect();
        pages.show(&sheet(codes), &Status::default()).unwrap();
    }
    assert_eq!(pages.page_count(), page_count);
    pages.into_pdf().unwrap()
}

#[test]
fn paper_is_the_same_each_time_and_counts_its_pages() {
    let file = document(3);
    assert_eq!(file, document(3));
    assert!(file.starts_with(b"%PDF-1."));
    let text = String::from_utf8_lossy(&file);
    for page in 1..=3 {
        assert!(
            text.contains(&format!("(Page {page} of 3. ")),
            "page {page}"
        );
    }
    assert!(text.contains("/Count 3"));
    for left_out in ["/CreationDate", "/ID", "/FontFile"] {
        assert!(!text.contains(left_out), "{left_out}");
    }
}

/// The pictures of a document, by the few words that name them.
fn pictures_of(file: &[u8]) -> Vec<GreyPicture> {
    let find = |from: usize, wanted: &[u8]| {
        let rest = &file[from..];
        let at = rest.windows(wanted.len()).position(|it| it == wanted);
        at.map(|at| from + at + wanted.len())
    };
    let number = |from: usize, name: &[u8]| {
        let start = find(from, name).unwrap();
        let digits = file[start..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit());
        digits.fold(0, |number, digit| number * 10 + usize::from(digit - b'0'))
    };
    let (mut pictures, mut at) = (Vec::new(), 0);
    while let Some(image) = find(at, b"/Subtype /Image") {
        let (width, height) = (number(image, b"/Width "), number(image, b"/Height "));
        let start = find(image, b"stream\n").unwrap();
        at = find(start, b"endstream").unwrap();
        let bits = miniz_oxide::inflate::decompress_to_vec_zlib(&file[start..at]).unwrap();
        let row_bytes = width.div_ceil(8);
        assert_eq!(bits.len(), row_bytes * height);
        let grey = (0..width * height).map(|at| {
            let (x, y) = (at % width, at / width);
            let is_white = bits[y * row_bytes + x / 8] >> (7 - x % 8) & 1 == 1;
            if is_white { 255 } else { 0 }
        });
        pictures.push(GreyPicture::new(width, height, grey.collect()).unwrap());
    }
    pictures
}

#[test]
fn codes_on_paper_are_read_again() {
    let mut pages = PdfPages::new("x");
    let payload_bytes = asked(&mut pages).payload_bytes;
    let sheets: Vec<Vec<Vec<u8>>> = [(6, payload_bytes), (2, payload_bytes), (1, 40)]
        .into_iter()
        .map(|(count, size_bytes)| (0..count).map(|at| payload(size_bytes, at)).collect())
        .collect();
    for codes in &sheets {
        pages
            .show(&sheet(codes.clone()), &Status::default())
            .unwrap();
        pages.show(&Sheet::default(), &Status::default()).unwrap();
    }
    let pictures = pictures_of(&pages.into_pdf().unwrap());
    assert_eq!(pictures.len(), sheets.len());
    for (picture, mut codes) in pictures.iter().zip(sheets) {
        codes.sort();
        assert_eq!(read_all(picture), codes);
    }
}

#[test]
fn a_document_ends_at_its_bound() {
    let mut pages = PdfPages::new("x");
    let mut count = 0;
    while let Wanted::Sheet(_) = pages.wait().unwrap() {
        pages
            .show(&sheet(vec![vec![1]]), &Status::default())
            .unwrap();
        count += 1;
    }
    assert_eq!(count, 400);
}

/// Where a terminal writes to.
#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Output {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Output {
    /// What was written since the last time.
    fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
    }
}

/// The half blocks of a picture of a terminal as a picture of four pixels a module, and the lines
/// of words under them.
fn read_screen(text: &str) -> (Vec<Vec<u8>>, Vec<String>) {
    let (mut rows, mut words) = (Vec::new(), Vec::new());
    let body = text.split_once("\x1b[H").unwrap().1;
    for line in body.split("\r\n") {
        let line = line.trim_end_matches("\x1b[?2026l").replace("\x1b[J", "");
        let line = line.replace("\x1b[K", "").replace("\x1b[0m\x1b[2J", "");
        if !line.contains('▀') {
            words.push(line);
            continue;
        }
        let (mut upper, mut lower) = (Vec::new(), Vec::new());
        for run in line.trim_end_matches("\x1b[0m").split("\x1b[38;2;").skip(1) {
            let (colours, blocks) = run.split_once('m').unwrap();
            let (front, back) = colours.split_once(";48;2;").unwrap();
            let grey = |text| if text == "0;0;0" { 0 } else { 255 };
            for block in blocks.chars() {
                assert_eq!(block, '▀');
                upper.extend([grey(front); 4]);
                lower.extend([grey(back); 4]);
            }
        }
        for row in [upper, lower] {
            rows.extend(std::iter::repeat_n(row, 4));
        }
    }
    if rows.is_empty() {
        return (Vec::new(), words);
    }
    let (width, height) = (rows[0].len(), rows.len());
    assert!(rows.iter().all(|row| row.len() == width));
    let picture = GreyPicture::new(width, height, rows.concat()).unwrap();
    (read_all(&picture), words)
}

fn terminal_of(columns: usize, lines: usize) -> (Terminal<Output>, Output) {
    let output = Output::default();
    let size = TerminalSize { columns, lines };
    let terminal = Terminal::open(output.clone(), move || size).unwrap();
    (terminal, output)
}

#[test]
fn terminals_show_codes_that_fit_and_are_given_back() {
    for (columns, lines, payload_bytes) in [(80, 24, 106), (200, 60, 1_091), (500, 300, 1_465)] {
        let (mut terminal, output) = terminal_of(columns, lines);
        let demand = asked(&mut terminal);
        assert_eq!(
            (demand.code_count, demand.payload_bytes),
            (1, payload_bytes)
        );
        assert!(output.take().starts_with("\x1b[?1049h"));
        let code = payload(payload_bytes, 3);
        terminal
            .show(&sheet(vec![code.clone()]), &Status::default())
            .unwrap();
        let (codes, words) = read_screen(&output.take());
        assert_eq!(codes, [code]);
        assert!(!words.is_empty());
        drop(terminal);
        assert!(output.take().ends_with("\x1b[?25h\x1b[?1049l"));
    }
}

#[test]
fn words_never_steer_the_terminal_nor_push_the_code_away() {
    let (mut terminal, output) = terminal_of(60, 30);
    let status = Status {
        headline: "From \u{1b}]0;x\u{7} and \u{202e}back".to_owned(),
        lines: vec![
            "long ".repeat(50),
            "a\nb".to_owned(),
            "never seen".to_owned(),
        ],
        outgoing: Some((312, 874)),
        incoming: None,
        ..Status::default()
    };
    terminal
        .show(&sheet(vec![payload(100, 3)]), &status)
        .unwrap();
    let text = output.take();
    let (codes, words) = read_screen(&text);
    assert_eq!(codes, [payload(100, 3)]);
    assert!(
        words[0].starts_with("Shown: 312 of 874 pieces. From \\u{1b}]0;x"),
        "{words:?}"
    );
    assert!(words.iter().all(|line| line.chars().count() <= 60));
    assert!(words.iter().all(|line| !line.chars().any(char::is_control)));
    assert!(text.matches("\r\n").count() < 30);
}

#[test]
fn small_terminal_says_what_it_needs() {
    let output = Output::default();
    let size = || TerminalSize {
        columns: 44,
        lines: 24,
    };
    let err = Terminal::open(output.clone(), size)
        .map(|_| ())
        .unwrap_err();
    assert_eq!(
        err.to_string(),
        "the terminal has 44 columns and 24 lines, a code needs 45 by 24"
    );
    assert!(output.take().is_empty());
}

#[test]
fn terminal_made_smaller_says_so_and_goes_on() {
    let output = Output::default();
    let size = Arc::new(Mutex::new((80, 40)));
    let asked = Arc::clone(&size);
    let mut terminal = Terminal::open(output.clone(), move || {
        let (columns, lines) = *asked.lock().unwrap();
        TerminalSize { columns, lines }
    })
    .unwrap();
    let code = sheet(vec![payload(100, 3)]);
    *size.lock().unwrap() = (30, 10);
    output.take();
    terminal.show(&code, &Status::default()).unwrap();
    let (codes, words) = read_screen(&output.take());
    assert!(codes.is_empty());
    assert_eq!(words[0], "Enlarge this window to 45 colu");
    *size.lock().unwrap() = (80, 40);
    terminal.show(&code, &Status::default()).unwrap();
    assert_eq!(read_screen(&output.take()).0, code.codes);
}

#[test]
fn corner_code_takes_turns_with_the_others() {
    let (mut terminal, output) = terminal_of(80, 24);
    let both = Sheet {
        codes: vec![payload(100, 3)],
        corner: Some(payload(31, 9)),
    };
    output.take();
    for _ in 0..3 {
        terminal.show(&both, &Status::default()).unwrap();
        assert_eq!(read_screen(&output.take()).0, both.codes);
    }
    terminal.wait().unwrap();
    assert_eq!(read_screen(&output.take()).0, [payload(31, 9)]);
    let alone = Sheet {
        codes: Vec::new(),
        corner: Some(payload(31, 9)),
    };
    terminal.show(&alone, &Status::default()).unwrap();
    assert_eq!(read_screen(&output.take()).0, [payload(31, 9)]);
}
