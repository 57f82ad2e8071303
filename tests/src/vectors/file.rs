//! The form of one vector: header lines, an empty line, the payload.
//!
//! Spec: spec/README.md, "Test vectors".

use std::fmt::Write as _;

use data_encoding::{BASE64, HEXLOWER};

/// One file of `spec/vectors`: one condition, and what must come of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VectorFile {
    /// The folder, and the first word of the name: what is tested.
    pub part: String,
    /// The rest of the name: the condition.
    pub condition: String,
    /// `key: value` lines in their order.
    pub headers: Vec<(String, String)>,
    /// The bytes under test.
    pub payload: Vec<u8>,
}

impl VectorFile {
    /// A vector whose payload must be accepted.
    #[must_use]
    pub fn success(part: &str, condition: &str, comment: &str) -> Self {
        Self::new(part, condition, comment, "success")
    }

    /// A vector whose payload must be refused with `kind`.
    #[must_use]
    pub fn failure(part: &str, condition: &str, kind: &str, comment: &str) -> Self {
        Self::new(part, condition, comment, kind)
    }

    fn new(part: &str, condition: &str, comment: &str, expect: &str) -> Self {
        let headers = [("comment", comment), ("expect", expect)];
        Self {
            part: part.to_owned(),
            condition: condition.to_owned(),
            headers: headers
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .to_vec(),
            payload: Vec::new(),
        }
    }

    /// Adds a header line.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "callers give fresh values")]
    pub fn with(mut self, key: &str, value: impl ToString) -> Self {
        self.headers.push((key.to_owned(), value.to_string()));
        self
    }

    /// Adds a header line with bytes as hex.
    #[must_use]
    pub fn with_hex(self, key: &str, bytes: &[u8]) -> Self {
        self.with(key, HEXLOWER.encode(bytes))
    }

    /// Adds a header line for each value.
    #[must_use]
    pub fn with_all(self, lines: Vec<(String, String)>) -> Self {
        lines
            .into_iter()
            .fold(self, |file, (key, value)| file.with(&key, value))
    }

    /// Sets binary bytes under test.
    #[must_use]
    pub fn bytes(mut self, payload: impl Into<Vec<u8>>) -> Self {
        self.payload = payload.into();
        self
    }

    /// Sets text under test.
    #[must_use]
    pub fn text(self, payload: &str) -> Self {
        self.with("form", "text").bytes(payload.as_bytes())
    }

    /// `<part>/<part>_<condition>.txt`
    #[must_use]
    pub fn path(&self) -> String {
        format!("{0}/{0}_{1}.txt", self.part, self.condition)
    }

    /// The first value of a header.
    #[must_use]
    pub fn header(&self, key: &str) -> Option<&str> {
        let mut lines = self.headers.iter();
        let line = lines.find(|(name, _)| name == key);
        line.map(|(_, value)| value.as_str())
    }

    /// Every value of a header, in order.
    pub fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        let lines = self.headers.iter().filter(move |(name, _)| name == key);
        lines.map(|(_, value)| value.as_str())
    }

    /// The bytes of a header in hex.
    #[must_use]
    pub fn hex(&self, key: &str) -> Vec<u8> {
        let value = self.header(key);
        let value = value.unwrap_or_else(|| panic!("{}: no {key}", self.path()));
        unhex(value)
    }

    /// 32 bytes of a header in hex.
    #[must_use]
    pub fn hex32(&self, key: &str) -> [u8; 32] {
        self.hex(key).try_into().unwrap()
    }

    /// What must come of it: `success` or a kind of failure.
    #[must_use]
    pub fn expect(&self) -> &str {
        self.header("expect").expect("every vector says `expect`")
    }

    /// The lines that say what an accepted payload holds.
    #[must_use]
    pub fn outs(&self) -> Vec<(String, String)> {
        let lines = self.headers.iter();
        lines
            .filter(|(key, _)| key.starts_with("out-"))
            .cloned()
            .collect()
    }

    /// The file's text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for (key, value) in &self.headers {
            assert!(!value.contains('\n'), "{}: {key} has lines", self.path());
            writeln!(text, "{key}: {value}").unwrap();
        }
        text.push('\n');
        if self.header("form") == Some("text") {
            text.push_str(std::str::from_utf8(&self.payload).unwrap());
            text.push('\n');
        } else {
            let encoded = BASE64.encode(&self.payload);
            for line in encoded.as_bytes().chunks(LINE_CHARS) {
                text.push_str(std::str::from_utf8(line).unwrap());
                text.push('\n');
            }
        }
        text
    }

    /// Reads a file's text. `path` is relative to the folder of all vectors.
    #[must_use]
    pub fn from_text(path: &str, text: &str) -> Self {
        let (part, name) = path.split_once('/').expect("a vector lies in a folder");
        let condition = name
            .strip_prefix(part)
            .and_then(|rest| rest.strip_prefix('_'))
            .and_then(|rest| rest.strip_suffix(".txt"))
            .unwrap_or_else(|| panic!("{path}: the name is not <part>_<condition>.txt"));
        let (head, body) = text.split_once("\n\n").expect("an empty line ends headers");
        let headers = head.lines().map(|line| {
            let (key, value) = line
                .split_once(": ")
                .unwrap_or_else(|| panic!("{path}: {line}"));
            (key.to_owned(), value.to_owned())
        });
        let mut file = Self {
            part: part.to_owned(),
            condition: condition.to_owned(),
            headers: headers.collect(),
            payload: Vec::new(),
        };
        file.payload = if file.header("form") == Some("text") {
            let text = body.strip_suffix('\n').expect("text ends with a new line");
            text.as_bytes().to_vec()
        } else {
            let compact: String = body.lines().collect();
            BASE64.decode(compact.as_bytes()).unwrap()
        };
        file
    }
}

/// The bytes of lower-case hex.
#[must_use]
pub fn unhex(text: &str) -> Vec<u8> {
    HEXLOWER.decode(text.as_bytes()).unwrap()
}

const LINE_CHARS: usize = 96;
