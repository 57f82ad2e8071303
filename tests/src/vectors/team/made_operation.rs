//! Vectors of content operations that are accepted: one for each kind.

use data_encoding::HEXLOWER;

use super::super::file::VectorFile;
use super::super::run::out;
use super::made_content::operation;
use super::wire::{AMINA, BILAL, CAROL, varint};

pub(super) const ITEM: [u8; 16] = [0xa0; 16];
pub(super) const OTHER: [u8; 16] = [0xb0; 16];
pub(super) const NONCE: [u8; 16] = [0x0f; 16];
/// The segment of the vectors is Amina's fifth, and she has seen three of Bilal's.
const NUMBER: u64 = 5;
const SEEN: u64 = 3;

pub(super) fn names(devices: &[[u8; 32]], items: &[[u8; 16]]) -> Vec<u8> {
    [
        varint(devices.len() as u64),
        devices.concat(),
        varint(items.len() as u64),
        items.concat(),
    ]
    .concat()
}

/// The operations of a segment that names Bilal and two items.
pub(super) fn named(operations: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = operation(0x20, &names(&[BILAL.id()], &[ITEM, OTHER]));
    for (kind, body) in operations {
        bytes.extend(operation(*kind, body));
    }
    bytes
}

pub(super) fn string(text: &str) -> Vec<u8> {
    [varint(text.len() as u64), text.as_bytes().to_vec()].concat()
}

pub(super) fn cat(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

/// Two operations, Amina's and Bilal's, in the order of their devices, and how they are shown.
pub(super) fn two_dots() -> (Vec<u8>, String) {
    let own = (AMINA.id(), cat(&[&[0], &varint(4), &[0]]), "4/0");
    let others = (
        BILAL.id(),
        cat(&[&[1], &varint(SEEN), &varint(300)]),
        "3/300",
    );
    let mut dots = [own, others];
    dots.sort();
    let shown = dots
        .each_ref()
        .map(|(device, _, place)| format!("{}/{place}", hex(device)));
    let bytes = cat(&[&[2], &dots[0].1, &dots[1].1]);
    (bytes, format!("[{}]", shown.join(" ")))
}

pub(super) fn chunk(size: u64) -> Vec<u8> {
    cat(&[&[0x1d; 32], &[0x2e; 32], &varint(size)])
}

/// The bytes of a file in one chunk.
pub(super) fn content(size: u64) -> Vec<u8> {
    cat(&[&varint(size), &[0x3f; 32], &[0, 1], &chunk(size)])
}

fn shown_content(size: u64) -> String {
    let chunk = format!("{}/{}/{size}", hex(&[0x1d; 32]), hex(&[0x2e; 32]));
    format!("{size} {} [{chunk}]", hex(&[0x3f; 32]))
}

fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

fn made_item() -> String {
    let device = AMINA.id();
    let hash = blake3::derive_key("causeway/team/v1 item", &cat(&[&device, &NONCE]));
    hex(&hash[..16])
}

pub(super) fn file(made: VectorFile, payload: Vec<u8>) -> VectorFile {
    made.with_hex("device", &AMINA.id())
        .with("number", NUMBER)
        .with("seen", format!("{} {SEEN}", hex(&BILAL.id())))
        .bytes(payload)
}

pub(super) fn all() -> Vec<VectorFile> {
    let mut files = of_messages_and_files();
    files.extend(of_records());
    files.extend(of_notes_and_schemas());
    files
}

/// A segment of these operations, each with its kind, body and line.
fn success(condition: &str, comment: &str, operations: &[(u8, Vec<u8>, String)]) -> VectorFile {
    let lines = operations
        .iter()
        .enumerate()
        .map(|(index, (_, _, line))| out("operation", format!("{index} {line}")));
    let bodies: Vec<_> = operations
        .iter()
        .map(|(kind, body, _)| (*kind, body.clone()))
        .collect();
    let made = VectorFile::success("team_operation", condition, comment);
    file(made.with_all(lines.collect()), named(&bodies))
}

fn of_messages_and_files() -> Vec<VectorFile> {
    let made = made_item();
    let item = hex(&ITEM);
    let (dots, shown) = two_dots();
    let attachment = cat(&[&string("plan.pdf"), &content(3)]);
    let listed = cat(&[&varint(1 << 30), &[0x3f; 32], &[1, 1], &chunk(9000)]);
    let listed_line = format!(
        "{} {} list [{}/{}/9000]",
        1 << 30,
        hex(&[0x3f; 32]),
        hex(&[0x1d; 32]),
        hex(&[0x2e; 32])
    );
    vec![
        success(
            "new_message",
            "A message, and an answer to it in a thread with a file.",
            &[
                (
                    0x21,
                    cat(&[&NONCE, &[0, 0, 0], b"hello"]),
                    format!(
                        "NewMessage item={made} thread=none answers=none attachments=[] text=\"hello\""
                    ),
                ),
                (
                    0x21,
                    cat(&[&NONCE, &[1, 2, 1], &attachment, "ja, أمينة".as_bytes()]),
                    format!(
                        "NewMessage item={made} thread={item} answers={} attachments=[plan.pdf {}] text=\"ja, أمينة\"",
                        hex(&OTHER),
                        shown_content(3)
                    ),
                ),
            ],
        ),
        success(
            "edit_message",
            "An edit that stands for two texts.",
            &[(
                0x22,
                cat(&[&[0], &dots, b"better"]),
                format!("EditMessage item={item} replaces={shown} text=\"better\""),
            )],
        ),
        success(
            "put_file",
            "A small file, and one whose list of chunks is a blob.",
            &[
                (
                    0x40,
                    cat(&[&NONCE, &string("a/b.txt"), &[0], &content(3)]),
                    format!(
                        "PutFile item={made} path=a/b.txt executable=false content={}",
                        shown_content(3)
                    ),
                ),
                (
                    0x40,
                    cat(&[&NONCE, &string("run"), &[1], &listed]),
                    format!("PutFile item={made} path=run executable=true content={listed_line}"),
                ),
            ],
        ),
        success(
            "empty_file",
            "A file of no bytes has no chunks.",
            &[(
                0x40,
                cat(&[&NONCE, &string("e"), &[0, 0], &[0x3f; 32], &[0, 0]]),
                format!(
                    "PutFile item={made} path=e executable=false content=0 {} []",
                    hex(&[0x3f; 32])
                ),
            )],
        ),
        success(
            "put_version",
            "A version that follows two.",
            &[(
                0x41,
                cat(&[&[0, 0], &content(4), &dots]),
                format!(
                    "PutVersion item={item} executable=false content={} replaces={shown}",
                    shown_content(4)
                ),
            )],
        ),
        success(
            "move_file",
            "A placing that stands for two.",
            &[(
                0x42,
                cat(&[&[0], &string("c/d"), &dots]),
                format!("MoveFile item={item} path=c/d replaces={shown}"),
            )],
        ),
        success(
            "remove_file",
            "A removal of two versions.",
            &[(
                0x43,
                cat(&[&[0], &dots]),
                format!("RemoveFile item={item} versions={shown}"),
            )],
        ),
        success(
            "later_version",
            "Kinds that are not known stand between others.",
            &[
                (0x7f, b"later".to_vec(), "of a later version".to_owned()),
                (
                    0x43,
                    cat(&[&[0, 0]]),
                    format!("RemoveFile item={item} versions=[]"),
                ),
                (0xc0, Vec::new(), "of a later version".to_owned()),
            ],
        ),
    ]
}

fn of_records() -> Vec<VectorFile> {
    let item = hex(&ITEM);
    let (dots, shown) = two_dots();
    let person = cat(&[&[8], &CAROL.id()]);
    let values: [(&[u8], String); 10] = [
        (&[0], "none".to_owned()),
        (b"\x01some text", "text \"some text\"".to_owned()),
        (&[2, 5], "integer -3".to_owned()),
        (&[2, 0x80, 1], "integer 64".to_owned()),
        (&[3, 1, 0xfa, 1], "decimal 12.5".to_owned()),
        (&[4, 0xb0, 0xc4, 2], "date 2026-11-03".to_owned()),
        (&[5, 2], "choice 2".to_owned()),
        (&[6], "no".to_owned()),
        (&[7], "yes".to_owned()),
        (&person, format!("person {}", hex(&CAROL.id()))),
    ];
    let set: Vec<_> = values
        .iter()
        .map(|(value, line)| {
            let body = cat(&[&[0], &varint(300), &[0], value]);
            (
                0x51,
                body,
                format!("SetField item={item} field=300 replaces=[] value={line}"),
            )
        })
        .collect();
    vec![
        success(
            "create_record",
            "An empty record of a schema.",
            &[(
                0x50,
                cat(&[&NONCE, &[1]]),
                format!("CreateRecord item={} schema={}", made_item(), hex(&OTHER)),
            )],
        ),
        success(
            "set_field",
            "A field is cleared, and set to a value of each type.",
            &set,
        ),
        success(
            "set_field_over_others",
            "A value that stands for two.",
            &[(
                0x51,
                cat(&[&[0, 0], &dots, &[7]]),
                format!("SetField item={item} field=0 replaces={shown} value=yes"),
            )],
        ),
        success(
            "add_tag",
            "A tag.",
            &[(
                0x52,
                cat(&[&[0, 4], &string("urgent")]),
                format!("AddTag item={item} field=4 tag=\"urgent\""),
            )],
        ),
        success(
            "remove_tag",
            "A tag goes as far as its adding was seen.",
            &[(
                0x53,
                cat(&[&[0, 4], &dots]),
                format!("RemoveTag item={item} field=4 adds={shown}"),
            )],
        ),
        success(
            "add_event",
            "An amount of -0.05, with a remark.",
            &[(
                0x54,
                cat(&[&[0, 5], &[2, 9], b"rounded"]),
                format!("AddEvent item={item} field=5 amount=-0.05 remark=\"rounded\""),
            )],
        ),
    ]
}

/// A schema with a field of each type, and how it is shown.
fn schema() -> (Vec<u8>, String) {
    let field = |number: u64, name: &str, rest: &[u8]| cat(&[&varint(number), &string(name), rest]);
    let options = cat(&[&[0, 5, 2, 0], &string("open"), &[7], &string("done")]);
    let sum = cat(&[&[0, 9, 2], &string("h")]);
    let fields = [
        field(0, "a", &[0, 1]),
        field(1, "b", &[1, 2]),
        field(2, "c", &[0, 3, 18]),
        field(3, "d", &[0, 4]),
        field(4, "e", &options),
        field(5, "f", &[0, 6]),
        field(6, "g", &[0, 7]),
        field(7, "h", &[0, 8]),
        field(65_535, "i", &sum),
        field(8, "j", &[0, 9, 0, 0]),
    ];
    let shown = "name=\"Task\" fields=[0 a Text, 1 b Integer retired, 2 c Decimal 18, 3 d Date, \
                 4 e Choice 0 open 7 done, 5 f YesNo, 6 g Person, 7 h Tags, 65535 i Sum 2 h, 8 j Sum 0]";
    (
        cat(&[&string("Task"), &[10], &fields.concat()]),
        shown.to_owned(),
    )
}

fn of_notes_and_schemas() -> Vec<VectorFile> {
    let item = hex(&ITEM);
    let (dots, shown) = two_dots();
    let (schema, schema_line) = schema();
    let dot = cat(&[&[1], &varint(SEEN), &[0]]);
    let dot_line = format!("{}/3/0", hex(&BILAL.id()));
    vec![
        success(
            "create_note",
            "An empty note.",
            &[(
                0x60,
                cat(&[&NONCE, &string("Plan")]),
                format!("CreateNote item={} title=\"Plan\"", made_item()),
            )],
        ),
        success(
            "rename_note",
            "A title that stands for two.",
            &[(
                0x61,
                cat(&[&[0], &string("Plan B"), &dots]),
                format!("RenameNote item={item} title=\"Plan B\" replaces={shown}"),
            )],
        ),
        success(
            "edit_note",
            "A change of a note.",
            &[(
                0x62,
                cat(&[&[0], &varint(u64::MAX), b"change"]),
                format!(
                    "EditNote item={item} branch={} update={}",
                    u64::MAX,
                    hex(b"change")
                ),
            )],
        ),
        success(
            "propose_edit",
            "A change that a suggester proposes.",
            &[(
                0x28,
                cat(&[&[0, 7], &string("why"), b"change"]),
                format!(
                    "ProposeEdit item={item} branch=7 remark=\"why\" update={}",
                    hex(b"change")
                ),
            )],
        ),
        success(
            "decide_proposal",
            "An approver merges, and refuses.",
            &[
                (
                    0x88,
                    cat(&[&[0], &dot, &[1]]),
                    format!("DecideProposal item={item} proposal={dot_line} merge remark=\"\""),
                ),
                (
                    0x88,
                    cat(&[&[0], &dot, &[0], b"no"]),
                    format!("DecideProposal item={item} proposal={dot_line} refuse remark=\"no\""),
                ),
            ],
        ),
        success(
            "define_schema",
            "A field of each type.",
            &[(
                0x80,
                cat(&[&NONCE, &schema]),
                format!("DefineSchema item={} {schema_line}", made_item()),
            )],
        ),
        success(
            "revise_schema",
            "A revision that stands for two.",
            &[(
                0x81,
                cat(&[&[0], &schema, &dots]),
                format!("ReviseSchema item={item} {schema_line} replaces={shown}"),
            )],
        ),
    ]
}
