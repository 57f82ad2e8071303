//! What a program and the process of its window say to each other: messages behind a length.

use std::io::{self, Read, Write};

use pack_format::codec::{DecodeError, Reader, Writer};

use super::{Machine, ScreenError};
use crate::light::{Demand, Sheet, Status, Wanted};

/// What the program asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Open the window.
    Open(Machine),
    /// Say, when the next sheet is due, what fits.
    Wait,
    /// Show this until the next.
    Show(Sheet, Status),
    /// Close the window.
    Close,
}

/// What the process of the window answers.
#[derive(Debug)]
pub enum Reply {
    /// It was done.
    Done,
    /// What is wanted next.
    Wanted(Wanted),
    /// It was not done.
    Failed(ScreenError),
}

/// Writes one question and sends it off.
///
/// # Errors
/// What the pipe says.
pub fn write_ask(pipe: &mut impl Write, ask: &Ask) -> io::Result<()> {
    let mut writer = Writer::new();
    match ask {
        Ask::Open(Machine::Offline) => writer.u8(1).u8(0),
        Ask::Open(Machine::Online) => writer.u8(1).u8(1),
        Ask::Wait => writer.u8(2),
        Ask::Show(sheet, status) => {
            writer.u8(3);
            write_sheet(&mut writer, sheet);
            write_status(&mut writer, status);
            &mut writer
        }
        Ask::Close => writer.u8(4),
    };
    send(pipe, &writer.into_bytes())
}

/// Reads one question; `None` at the end of the pipe.
///
/// # Errors
/// What the pipe says, and `InvalidData` for what is no question.
pub fn read_ask(pipe: &mut impl Read) -> io::Result<Option<Ask>> {
    let Some(bytes) = receive(pipe)? else {
        return Ok(None);
    };
    let mut reader = Reader::new(&bytes);
    ask_of(&mut reader)
        .and_then(|ask| reader.finish("question").map(|()| Some(ask)))
        .map_err(invalid)
}

/// Writes one answer and sends it off.
///
/// # Errors
/// What the pipe says.
pub fn write_reply(pipe: &mut impl Write, reply: &Reply) -> io::Result<()> {
    let mut writer = Writer::new();
    match reply {
        Reply::Done => {
            writer.u8(1);
        }
        Reply::Wanted(Wanted::Nothing) => {
            writer.u8(2);
        }
        Reply::Wanted(Wanted::Sheet(demand)) => {
            writer.u8(3);
            writer.count(demand.code_count).count(demand.payload_bytes);
        }
        Reply::Failed(err) => {
            writer.u8(4);
            err.write(&mut writer);
        }
    }
    send(pipe, &writer.into_bytes())
}

/// Reads one answer.
///
/// # Errors
/// What the pipe says, `UnexpectedEof` at its end, and `InvalidData` for what is no answer.
pub fn read_reply(pipe: &mut impl Read) -> io::Result<Reply> {
    let bytes = receive(pipe)?.ok_or(io::ErrorKind::UnexpectedEof)?;
    let mut reader = Reader::new(&bytes);
    reply_of(&mut reader)
        .and_then(|reply| reader.finish("answer").map(|()| reply))
        .map_err(invalid)
}

fn ask_of(reader: &mut Reader<'_>) -> Result<Ask, DecodeError> {
    Ok(match reader.u8("question")? {
        1 => Ask::Open(match reader.u8("machine")? {
            0 => Machine::Offline,
            1 => Machine::Online,
            _ => return Err(DecodeError::Unknown { what: "machine" }),
        }),
        2 => Ask::Wait,
        3 => Ask::Show(read_sheet(reader)?, read_status(reader)?),
        4 => Ask::Close,
        _ => return Err(DecodeError::Unknown { what: "question" }),
    })
}

fn reply_of(reader: &mut Reader<'_>) -> Result<Reply, DecodeError> {
    Ok(match reader.u8("answer")? {
        1 => Reply::Done,
        2 => Reply::Wanted(Wanted::Nothing),
        3 => Reply::Wanted(Wanted::Sheet(Demand {
            code_count: reader.count(CODES_MAX, "codes")?,
            payload_bytes: reader.count(PAYLOAD_BYTES_MAX, "payload")?,
        })),
        4 => Reply::Failed(ScreenError::read(reader)?),
        _ => return Err(DecodeError::Unknown { what: "answer" }),
    })
}

fn write_sheet(writer: &mut Writer, sheet: &Sheet) {
    writer.count(sheet.codes.len());
    for code in &sheet.codes {
        writer.count(code.len()).put(code);
    }
    let corner = sheet.corner.as_deref().unwrap_or_default();
    writer.u8(u8::from(sheet.corner.is_some()));
    writer.count(corner.len()).put(corner);
}

fn read_sheet(reader: &mut Reader<'_>) -> Result<Sheet, DecodeError> {
    let mut codes = Vec::new();
    for _ in 0..reader.count(CODES_MAX, "codes")? {
        codes.push(read_payload(reader)?);
    }
    let has_corner = reader.u8("corner")? == 1;
    let corner = read_payload(reader)?;
    Ok(Sheet {
        codes,
        corner: has_corner.then_some(corner),
    })
}

fn read_payload(reader: &mut Reader<'_>) -> Result<Vec<u8>, DecodeError> {
    let len = reader.count(PAYLOAD_BYTES_MAX, "payload")?;
    Ok(reader.take(len, "payload")?.to_vec())
}

fn write_status(writer: &mut Writer, status: &Status) {
    write_text(writer, &status.headline);
    let lines = status.lines.iter().take(LINES_MAX as usize);
    writer.count(lines.len());
    lines.for_each(|line| write_text(writer, line));
    for pieces in [status.outgoing, status.incoming] {
        let (here, needed) = pieces.unwrap_or_default();
        writer.u8(u8::from(pieces.is_some())).u64(here).u64(needed);
    }
    writer.u8(u8::from(status.heard_percent.is_some()));
    writer.u8(status.heard_percent.unwrap_or_default());
}

fn read_status(reader: &mut Reader<'_>) -> Result<Status, DecodeError> {
    let headline = reader.text(TEXT_BYTES_MAX, "headline")?.to_owned();
    let mut lines = Vec::new();
    for _ in 0..reader.count(LINES_MAX, "lines")? {
        lines.push(reader.text(TEXT_BYTES_MAX, "line")?.to_owned());
    }
    let mut pieces = [None, None];
    for pieces in &mut pieces {
        let is_there = reader.u8("pieces")? == 1;
        let counts = (reader.u64("pieces here")?, reader.u64("pieces needed")?);
        *pieces = is_there.then_some(counts);
    }
    let [outgoing, incoming] = pieces;
    let is_heard = reader.u8("heard")? == 1;
    let heard_percent = reader.u8("heard percent")?;
    Ok(Status {
        headline,
        lines,
        outgoing,
        incoming,
        heard_percent: is_heard.then_some(heard_percent),
    })
}

/// A text that is too long is shown in part.
pub(super) fn write_text(writer: &mut Writer, text: &str) {
    let mut end = text.len().min(TEXT_BYTES_MAX.into());
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    writer.text(text.get(..end).unwrap_or_default());
}

fn send(pipe: &mut impl Write, message: &[u8]) -> io::Result<()> {
    let len = u32::try_from(message.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    pipe.write_all(&len.to_be_bytes())?;
    pipe.write_all(message)?;
    pipe.flush()
}

fn receive(pipe: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut len = [0; 4];
    match pipe.read_exact(&mut len) {
        Err(err) if err.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let len = u32::from_be_bytes(len);
    if len > MESSAGE_BYTES_MAX {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut message = vec![0; usize::try_from(len).unwrap_or(0)];
    pipe.read_exact(&mut message)?;
    Ok(Some(message))
}

fn invalid(err: DecodeError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, err)
}

/// A sheet of the densest codes takes some 20 KiB.
const MESSAGE_BYTES_MAX: u32 = 1 << 20;
const CODES_MAX: u32 = 64;
/// The largest code holds 2,953 bytes.
const PAYLOAD_BYTES_MAX: u32 = 4096;
const LINES_MAX: u32 = 32;
pub(super) const TEXT_BYTES_MAX: u16 = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet() -> Sheet {
        Sheet {
            codes: vec![vec![1; 2953], vec![2]],
            corner: Some(vec![3; 31]),
        }
    }

    fn asks() -> Vec<Ask> {
        let status = Status {
            headline: "Showing".to_owned(),
            lines: vec!["one".to_owned(), "x".repeat(1024)],
            outgoing: Some((3, 9)),
            incoming: None,
            heard_percent: Some(61),
        };
        vec![
            Ask::Open(Machine::Offline),
            Ask::Open(Machine::Online),
            Ask::Wait,
            Ask::Show(sheet(), status),
            Ask::Show(Sheet::default(), Status::default()),
            Ask::Close,
        ]
    }

    #[test]
    fn every_question_arrives_as_it_was_asked() {
        let mut pipe = Vec::new();
        for ask in asks() {
            write_ask(&mut pipe, &ask).unwrap();
        }
        let mut pipe = pipe.as_slice();
        for ask in asks() {
            assert_eq!(read_ask(&mut pipe).unwrap(), Some(ask));
        }
        assert_eq!(read_ask(&mut pipe).unwrap(), None);
    }

    #[test]
    fn every_answer_arrives_as_it_was_given() {
        let wanted = Demand {
            code_count: 6,
            payload_bytes: 1465,
        };
        let replies = [
            Reply::Done,
            Reply::Wanted(Wanted::Nothing),
            Reply::Wanted(Wanted::Sheet(wanted)),
            Reply::Failed(ScreenError::NoDesktop),
            Reply::Failed(ScreenError::TooSlow { limit_secs: 30 }),
        ];
        for reply in replies {
            let mut pipe = Vec::new();
            write_reply(&mut pipe, &reply).unwrap();
            let read = read_reply(&mut pipe.as_slice()).unwrap();
            assert_eq!(format!("{read:?}"), format!("{reply:?}"));
        }
    }

    #[test]
    fn a_message_cut_at_any_length_is_no_message() {
        for ask in asks() {
            let mut pipe = Vec::new();
            write_ask(&mut pipe, &ask).unwrap();
            for len in 1..pipe.len() {
                let read = read_ask(&mut pipe.get(..len).unwrap());
                assert!(!matches!(read, Ok(Some(_))), "{ask:?} cut to {len}");
            }
        }
        let too_long = [0xff; 16];
        assert!(read_ask(&mut too_long.as_slice()).is_err());
    }
}
