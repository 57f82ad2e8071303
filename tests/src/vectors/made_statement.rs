//! Vectors of statements and invitations.

use data_encoding::BASE64URL_NOPAD;
use pack_format::codec::{Wire, Writer};
use pack_format::relay::{
    Acknowledgement, ContentId, FetchToken, Invitation, OpenMailbox, PublicKey, RelayAddress,
    Signed, Statement, StoredReceipt, Ticket,
};
use pack_format::secret::Secret32;

use super::file::VectorFile;
use super::run::{hash, out, out_hex};
use super::signatures::{EMPTY_SIGNATURE, SMALL_ORDER_KEY, unreduced};

const RELAY_SEED: [u8; 32] = [60; 32];
const SEND_SEED: [u8; 32] = [70; 32];
const ACK_SEED: [u8; 32] = [71; 32];

pub(super) fn relay() -> RelayAddress {
    RelayAddress::new("https://relay.example", key(&RELAY_SEED)).unwrap()
}

fn key(seed: &[u8; 32]) -> PublicKey {
    PublicKey::of_seed(&Secret32::new(*seed))
}

fn sign<S: Statement>(statement: S, seed: &[u8; 32]) -> Signed<S> {
    statement.sign(&Secret32::new(*seed))
}

fn plain_ticket() -> Ticket {
    Ticket {
        relay_key: key(&RELAY_SEED),
        send_key: key(&SEND_SEED),
        content_id: ContentId::of(b"bundle"),
        size_bytes: 6,
    }
}

pub(super) fn ticket() -> Signed<Ticket> {
    sign(plain_ticket(), &SEND_SEED)
}

pub(super) fn acknowledgement() -> Signed<Acknowledgement> {
    let statement = Acknowledgement {
        relay_key: key(&RELAY_SEED),
        ack_key: key(&ACK_SEED),
        content_ids: vec![ContentId::of(b"one"), ContentId::of(b"two")],
    };
    sign(statement, &ACK_SEED)
}

pub(super) fn open_mailbox() -> Signed<OpenMailbox> {
    let statement = OpenMailbox {
        relay_key: key(&RELAY_SEED),
        code: [5; 16],
        send_key: key(&SEND_SEED),
        fetch_id: FetchToken(Secret32::new([81; 32])).id(),
        ack_key: key(&ACK_SEED),
    };
    sign(statement, &ACK_SEED)
}

pub(super) fn stored_receipt() -> Signed<StoredReceipt> {
    let statement = StoredReceipt {
        relay_key: key(&RELAY_SEED),
        send_key: key(&SEND_SEED),
        content_id: ContentId::of(b"bundle"),
        sequence: 1,
    };
    sign(statement, &RELAY_SEED)
}

pub(super) fn all() -> Vec<VectorFile> {
    let mut files = accepted();
    files.extend(refused_signatures());
    files.extend(refused_forms());
    files.extend(invitations());
    files
}

fn named(vector: VectorFile, statement: &str) -> VectorFile {
    vector.with("statement", statement)
}

fn success<S: Statement>(condition: &str, statement: &str, signed: &Signed<S>) -> VectorFile {
    let vector = VectorFile::success("statement", condition, "Signed by the key that it names.");
    let body = signed.peek_statement();
    named(vector, statement).with_all(vec![
        out_hex("signer", &body.signer().0),
        out("blake3", hash(&body.to_wire())),
    ])
}

fn accepted() -> Vec<VectorFile> {
    let header = ticket().to_wire();
    vec![
        success("ticket", "ticket", &ticket()).bytes(ticket().to_wire()),
        success("acknowledgement", "acknowledgement", &acknowledgement())
            .bytes(acknowledgement().to_wire()),
        success("open_mailbox", "open-mailbox", &open_mailbox()).bytes(open_mailbox().to_wire()),
        success("stored_receipt", "stored-receipt", &stored_receipt())
            .bytes(stored_receipt().to_wire()),
        success("ticket_header", "ticket", &ticket()).text(&BASE64URL_NOPAD.encode(&header)),
    ]
}

fn refused_signatures() -> Vec<VectorFile> {
    let refused = |condition, statement, comment, bytes: Vec<u8>| {
        let vector = VectorFile::failure("statement", condition, "bad-signature", comment);
        named(vector, statement).bytes(bytes)
    };
    let altered = |mut bytes: Vec<u8>, at: usize| {
        bytes[at] ^= 1;
        bytes
    };
    let right = ticket().to_wire();
    let (body, signature) = right.split_last_chunk::<64>().unwrap();
    let small_order = Ticket {
        send_key: PublicKey(SMALL_ORDER_KEY),
        ..plain_ticket()
    };
    let other_label = {
        let identity = bundle_format::identity::Identity::from_seed(Secret32::new(SEND_SEED));
        identity.sign("causeway/relay/v1 stored receipt", body)
    };
    vec![
        refused(
            "ticket_for_another_relay",
            "ticket",
            "Altered: the relay it is meant for.",
            altered(right.clone(), 0),
        ),
        refused(
            "ticket_altered_content_id",
            "ticket",
            "Altered: the bundle it admits.",
            altered(right.clone(), 64),
        ),
        refused(
            "ticket_altered_size",
            "ticket",
            "Altered: the size it admits.",
            altered(right.clone(), 103),
        ),
        refused(
            "ticket_by_another",
            "ticket",
            "Signed by a key that it does not name.",
            sign(plain_ticket(), &ACK_SEED).to_wire(),
        ),
        refused(
            "ticket_other_label",
            "ticket",
            "The same bytes, signed as another statement.",
            [body, &other_label].concat(),
        ),
        refused(
            "ticket_signature_not_reduced",
            "ticket",
            "S + L in place of S.",
            [body, &unreduced(signature)].concat(),
        ),
        refused(
            "ticket_key_of_small_order",
            "ticket",
            "A mailbox whose key lets everybody send.",
            [small_order.to_wire().as_slice(), &EMPTY_SIGNATURE].concat(),
        ),
        refused(
            "acknowledgement_altered_id",
            "acknowledgement",
            "Altered: what may be forgotten.",
            altered(acknowledgement().to_wire(), 68),
        ),
        refused(
            "open_mailbox_altered_fetch_id",
            "open-mailbox",
            "Altered: who may fetch.",
            altered(open_mailbox().to_wire(), 80),
        ),
        refused(
            "stored_receipt_altered_sequence",
            "stored-receipt",
            "Altered: the place.",
            altered(stored_receipt().to_wire(), 103),
        ),
        refused(
            "stored_receipt_as_ticket",
            "ticket",
            "Two statements of one length are not one.",
            stored_receipt().to_wire(),
        ),
    ]
}

fn refused_forms() -> Vec<VectorFile> {
    let refused = |condition, statement, kind, reason, comment| {
        let vector = VectorFile::failure("statement", condition, kind, comment);
        named(vector.with("reason", reason), statement)
    };
    let right = ticket().to_wire();
    let header = BASE64URL_NOPAD.encode(&right);
    let huge = Ticket {
        size_bytes: (128 << 30) + 1,
        ..plain_ticket()
    };
    let mut ids = Writer::new();
    ids.put(&key(&RELAY_SEED).0)
        .put(&key(&ACK_SEED).0)
        .u32(1001);
    let not_base64 = "the text is not base64url";
    vec![
        refused(
            "ticket_over_128_gib",
            "ticket",
            "over-limit",
            "bundle size",
            "One byte too large.",
        )
        .bytes(sign(huge, &SEND_SEED).to_wire()),
        refused(
            "ticket_cut_in_body",
            "ticket",
            "truncated",
            "content id",
            "The body ends early.",
        )
        .bytes(&right[..70]),
        refused(
            "ticket_cut_in_signature",
            "ticket",
            "truncated",
            "ticket",
            "The last byte is missing.",
        )
        .bytes(&right[..right.len() - 1]),
        refused(
            "ticket_trailing_byte",
            "ticket",
            "trailing-bytes",
            "ticket",
            "A byte behind the signature.",
        )
        .bytes([right.as_slice(), &[0]].concat()),
        refused(
            "acknowledgement_over_1000_ids",
            "acknowledgement",
            "over-limit",
            "acknowledged ids",
            "A count over the limit is refused before an id is read.",
        )
        .bytes(ids.into_bytes()),
        refused(
            "header_with_padding",
            "ticket",
            "rule",
            not_base64,
            "Headers have no padding.",
        )
        .text(&format!("{header}=")),
        refused(
            "header_in_white_space",
            "ticket",
            "rule",
            not_base64,
            "A header is trimmed by HTTP, not here.",
        )
        .text(&format!(" {header}")),
        refused(
            "header_other_alphabet",
            "ticket",
            "rule",
            not_base64,
            "base64url has no plus.",
        )
        .text(&format!("+{}", &header[1..])),
    ]
}

fn invitations() -> Vec<VectorFile> {
    let invitation = Invitation {
        relay: relay(),
        code: [5; 16],
    };
    let line = invitation.to_text();
    let outs = vec![
        out("url", "https://relay.example"),
        out_hex("relay-key", &key(&RELAY_SEED).0),
        out_hex("code", &[5; 16]),
    ];
    let success = |condition, comment| {
        VectorFile::success("invitation", condition, comment).with_all(outs.clone())
    };
    let refused = |condition, kind, reason, comment| {
        VectorFile::failure("invitation", condition, kind, comment).with("reason", reason)
    };
    let armoured =
        |bytes: &[u8]| format!("causeway-invitation-1:{}", BASE64URL_NOPAD.encode(bytes));
    let bytes = invitation.to_wire();
    let with_url = |url: &[u8]| {
        let mut writer = Writer::new();
        writer.u16(u16::try_from(url.len()).unwrap()).put(url);
        writer.put(&key(&RELAY_SEED).0).put(&[5; 16]);
        armoured(&writer.into_bytes())
    };
    let url_rule = "relay URL is not http(s)://host without a final slash";
    vec![
        success("https", "What an operator hands over.").text(&line),
        success("in_white_space", "White space around it is ignored.")
            .text(&format!(" \n{line}\r\n")),
        refused("other_prefix", "unknown", "invitation", "Another version.")
            .text(&line.replace("-1:", "-2:")),
        refused("card", "unknown", "invitation", "A card is no invitation.")
            .text("causeway-card-1:AAAA"),
        refused(
            "not_base64url",
            "rule",
            "the text is not base64url",
            "A stray character.",
        )
        .text(&format!("{line}!")),
        refused(
            "cut",
            "truncated",
            "invitation code",
            "The last byte is missing.",
        )
        .text(&armoured(&bytes[..bytes.len() - 1])),
        refused(
            "trailing_byte",
            "trailing-bytes",
            "invitation",
            "A byte behind the code.",
        )
        .text(&armoured(&[bytes.as_slice(), &[0]].concat())),
        refused(
            "url_of_256_bytes",
            "over-limit",
            "relay URL",
            "One byte too long.",
        )
        .text(&with_url(format!("https://{}", "u".repeat(248)).as_bytes())),
        refused(
            "url_not_utf8",
            "rule",
            "text is not UTF-8",
            "A URL is ASCII.",
        )
        .text(&with_url(b"http://\xff")),
        refused(
            "url_with_line_break",
            "rule",
            url_rule,
            "A URL must not forge a line of HTTP.",
        )
        .text(&with_url(b"http://a\r\nHost:b")),
    ]
}
