//! Vectors of replies, sealed and inside.

use pack_format::chunked::{Cobblestone, SALT_BYTES};
use pack_format::codec::Writer;
use pack_format::secret::Secret32;

use super::file::VectorFile;
use super::made_request::{REPLY_KEY, REQUEST_ID, right, text};
use super::made_signing::{APPROVED_AT, approval_by};
use super::people::{BILAL, noise};
use super::run::{hash, out, out_hex};

pub(super) fn all() -> Vec<VectorFile> {
    let mut files = accepted();
    files.extend(git());
    files.extend(refused_seals());
    files.extend(refused_content());
    files
}

/// A reply that says no, as it crosses.
pub(super) fn refusal() -> Vec<u8> {
    carried(&REQUEST_ID, &sealed(&reply(6, &text(b"not today"))))
}

const PART: &str = "signing_reply";
const SALT: [u8; SALT_BYTES] = [74; SALT_BYTES];

/// `request id || length || sealed`
fn carried(request_id: &[u8; 16], sealed: &[u8]) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.put(request_id).count(sealed.len()).put(sealed);
    writer.into_bytes()
}

fn sealed_with(key: [u8; 32], context: &[u8], request_hash: &[u8], plain: &[u8]) -> Vec<u8> {
    let context = [context, request_hash].concat();
    let cipher = Cobblestone::new(&Secret32::new(key), &SALT, &context);
    let mut bytes = cipher.prefix().to_vec();
    cipher.seal_run(0, plain, true, &mut bytes);
    bytes
}

fn sealed(plain: &[u8]) -> Vec<u8> {
    sealed_with(REPLY_KEY, CONTEXT, &right().hash(), plain)
}

const CONTEXT: &[u8] = b"causeway/reply/v1";

fn asked(vector: VectorFile) -> VectorFile {
    vector
        .with_hex("request-id", &REQUEST_ID)
        .with_hex("request-hash", &right().hash())
        .with_hex("reply-key", &REPLY_KEY)
}

fn success(
    condition: &str,
    comment: &str,
    outs: Vec<(String, String)>,
    plain: &[u8],
) -> VectorFile {
    asked(VectorFile::success(PART, condition, comment))
        .with_all(outs)
        .bytes(carried(&REQUEST_ID, &sealed(plain)))
}

/// `version || kind || rest`
fn reply(kind: u8, rest: &[u8]) -> Vec<u8> {
    [&[1, kind], rest].concat()
}

/// `length || bytes`
fn long(bytes: &[u8]) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.count(bytes.len()).put(bytes);
    writer.into_bytes()
}

fn accepted() -> Vec<VectorFile> {
    let named = |kind: &str, bytes: &[u8]| vec![out("reply", kind), out("blake3", hash(bytes))];
    let signature = b"-----BEGIN SSH SIGNATURE-----\n";
    let packets = noise(200);
    let request_hash = right().hash();
    let reason = vec![b'r'; 4096];
    vec![
        success(
            "file",
            "The signature as its own tools expect it.",
            named("file", signature),
            &reply(1, &long(signature)),
        ),
        success(
            "certifications",
            "Packets for the certificate.",
            named("certifications", &packets),
            &reply(3, &long(&packets)),
        ),
        success(
            "opened_in_vault",
            "The message stays there.",
            vec![out("reply", "opened in vault")],
            &reply(4, &[]),
        ),
        success(
            "approved",
            "The approval of a vault whose key does not sign.",
            vec![
                out("reply", "approved"),
                out_hex("request-hash", &request_hash),
                out_hex("approver", &BILAL.identity().key().0),
                out("approved-at", APPROVED_AT),
            ],
            &reply(5, &approval_by(&BILAL, &request_hash)),
        ),
        success(
            "refused",
            "With the longest reason.",
            vec![out("reply", "refused"), out("reason", "r".repeat(4096))],
            &reply(6, &text(&reason)),
        ),
        success(
            "refused_without_reason",
            "Nobody has to say why.",
            vec![out("reply", "refused"), out("reason", "")],
            &reply(6, &text(b"")),
        ),
    ]
}

fn raw(signatures: &[[u8; 64]]) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.count(signatures.len());
    for signature in signatures {
        writer.put(signature);
    }
    writer.into_bytes()
}

fn git() -> Vec<VectorFile> {
    let signatures = [[75; 64], [76; 64]];
    let lines = || signatures.iter().map(|it| out("signature", hash(it)));
    let form = |name: &str| vec![out("reply", "git"), out("form", name)];
    let mut ssh = form("ssh");
    ssh.extend(lines());
    let mut compact = form("openpgp-compact");
    compact.push(out("created-at", 1_800_000_200));
    compact.push(out_hex("issuer", &[77; 20]));
    compact.extend(lines());
    let packets = [noise(70), noise(80)];
    let mut whole = form("openpgp");
    whole.extend(packets.iter().map(|it| out("signature", hash(it))));
    let mut frame = Writer::new();
    frame.u8(2).u32(1_800_000_200).put(&[77; 20]);
    let mut many = Writer::new();
    many.u8(3)
        .count(2)
        .put(&long(&packets[0]))
        .put(&long(&packets[1]));
    vec![
        success(
            "git_ssh",
            "64 bytes for each object.",
            ssh,
            &reply(2, &[[1].as_slice(), &raw(&signatures)].concat()),
        ),
        success(
            "git_openpgp_compact",
            "One time and one issuer for all.",
            compact,
            &reply(2, &[frame.into_bytes(), raw(&signatures)].concat()),
        ),
        success(
            "git_openpgp",
            "Whole packets.",
            whole,
            &reply(2, &many.into_bytes()),
        ),
    ]
}

fn refused_seals() -> Vec<VectorFile> {
    let refused = |condition, kind, comment, bytes: Vec<u8>| {
        asked(VectorFile::failure(PART, condition, kind, comment)).bytes(bytes)
    };
    let plain = reply(4, &[]);
    let right_seal = sealed(&plain);
    let whole = carried(&REQUEST_ID, &right_seal);
    let altered = |at: usize| {
        let mut bytes = right_seal.clone();
        bytes[at] ^= 1;
        carried(&REQUEST_ID, &bytes)
    };
    let hash = right().hash();
    let other_hash = sealed_with(REPLY_KEY, CONTEXT, &[78; 32], &plain);
    let other_key = sealed_with([79; 32], CONTEXT, &hash, &plain);
    let other_context = sealed_with(REPLY_KEY, b"causeway/request-content/v1", &hash, &plain);
    let mut over = Writer::new();
    over.put(&REQUEST_ID).u32(61_421);
    vec![
        refused(
            "to_another_request",
            "not-recognised",
            "Its name leads to another key.",
            carried(&[80; 16], &right_seal),
        ),
        refused(
            "other_request_hash",
            "commitment",
            "Of a request with this name and key, one byte of which was another.",
            carried(&REQUEST_ID, &other_hash),
        ),
        refused(
            "other_key",
            "commitment",
            "Made by somebody who did not see the request.",
            carried(&REQUEST_ID, &other_key),
        ),
        refused(
            "other_context",
            "commitment",
            "The right key, and sealed as content.",
            carried(&REQUEST_ID, &other_context),
        ),
        refused(
            "altered_salt",
            "commitment",
            "One bit of the salt.",
            altered(0),
        ),
        refused(
            "altered",
            "chunk-altered",
            "One bit of the reply.",
            altered(56),
        ),
        refused(
            "sealed_bytes_cut",
            "chunk-altered",
            "One byte less, and a length that says so.",
            carried(&REQUEST_ID, &right_seal[..right_seal.len() - 1]),
        ),
        refused(
            "sealed_prefix_cut",
            "length",
            "Shorter than the prefix.",
            carried(&REQUEST_ID, &right_seal[..55]),
        ),
        refused(
            "cut",
            "truncated",
            "The last byte is missing.",
            whole[..whole.len() - 1].to_vec(),
        )
        .with("reason", "sealed reply"),
        refused(
            "trailing_byte",
            "trailing-bytes",
            "A byte behind what is sealed.",
            [whole.as_slice(), &[0]].concat(),
        )
        .with("reason", "sealed reply"),
        refused(
            "over_60_kib",
            "over-limit",
            "With what stands in front, one byte more than an item has.",
            over.into_bytes(),
        )
        .with("reason", "sealed reply"),
    ]
}

fn refused_content() -> Vec<VectorFile> {
    let refused = |condition, kind, reason, comment, plain: &[u8]| {
        asked(VectorFile::failure(PART, condition, kind, comment))
            .with("reason", reason)
            .bytes(carried(&REQUEST_ID, &sealed(plain)))
    };
    let over = 48 * 1024 + 1;
    let counted = |kind: u8, numbers: &[u32]| {
        let mut writer = Writer::new();
        for number in numbers {
            writer.u32(*number);
        }
        reply(kind, &writer.into_bytes())
    };
    let git_counted = |form: u8, front: &[u8], count: u32| {
        reply(2, &[&[form], front, &count.to_be_bytes()].concat())
    };
    let mut forged = approval_by(&BILAL, &right().hash());
    *forged.last_mut().unwrap() ^= 1;
    let bad = "An approval that its approver did not sign.";
    let bad = asked(VectorFile::failure(
        PART,
        "approval_forged",
        "bad-signature",
        bad,
    ))
    .bytes(carried(&REQUEST_ID, &sealed(&reply(5, &forged))));
    let unknown = "Not a value of this version.";
    let many = "A count over the limit is refused before a signature is read.";
    vec![
        bad,
        refused("version_2", "unknown", "reply version", unknown, &[2, 4]),
        refused(
            "kind_0",
            "unknown",
            "kind of reply",
            unknown,
            &reply(0, &[]),
        ),
        refused(
            "kind_7",
            "unknown",
            "kind of reply",
            unknown,
            &reply(7, &[]),
        ),
        refused(
            "git_form_4",
            "unknown",
            "form of git signatures",
            unknown,
            &reply(2, &[4, 0, 0, 0, 0]),
        ),
        refused(
            "signature_over_48_kib",
            "over-limit",
            "signature",
            "One byte too large.",
            &counted(1, &[over]),
        ),
        refused(
            "certifications_over_48_kib",
            "over-limit",
            "certifications",
            "One byte too large.",
            &counted(3, &[over]),
        ),
        refused(
            "reason_over_4096",
            "over-limit",
            "reason",
            "One byte too long.",
            &reply(6, &text(&[b'r'; 4097])),
        ),
        refused(
            "git_ssh_501",
            "over-limit",
            "signatures",
            many,
            &git_counted(1, &[], 501),
        ),
        refused(
            "git_openpgp_compact_501",
            "over-limit",
            "signatures",
            many,
            &git_counted(2, &[0; 24], 501),
        ),
        refused(
            "git_openpgp_501",
            "over-limit",
            "signatures",
            many,
            &git_counted(3, &[], 501),
        ),
        refused(
            "git_packet_over_48_kib",
            "over-limit",
            "signature",
            "One byte too large.",
            &git_counted(3, &1_u32.to_be_bytes(), over),
        ),
        refused(
            "empty",
            "truncated",
            "reply version",
            "No byte at all.",
            &[],
        ),
        refused(
            "content_cut",
            "truncated",
            "signature",
            "The signature ends early.",
            &reply(1, &[0, 0, 0, 2, 1]),
        ),
        refused(
            "content_trailing_byte",
            "trailing-bytes",
            "reply",
            "A byte behind the reply.",
            &reply(4, &[0]),
        ),
        refused(
            "reason_not_utf8",
            "rule",
            "text is not UTF-8",
            "Texts are UTF-8.",
            &reply(6, &text(&[0xff])),
        ),
    ]
}
