//! Vectors of signing requests that are accepted, and the draft that all of them are made from.

use pack_format::codec::Writer;
use pack_format::relay::PublicKey;
use pack_format::secret::Secret32;

use super::file::VectorFile;
use super::made_signing::{
    APPROVED_AT, CONTENT_KEY, approval_by, seal_content, sealed_content, state_of,
};
use super::people::{AMINA, BILAL, CAROL, Person, noise};
use super::run::{out, out_hex};

pub(super) const PART: &str = "signing_request";
/// The seed of the desk's key.
pub(super) const DESK_SEED: [u8; 32] = [64; 32];
pub(super) const REPLY_KEY: [u8; 32] = [65; 32];
pub(super) const REQUEST_ID: [u8; 16] = [66; 16];
pub(super) const CREATED_AT: u64 = 1_800_000_000;
const LIFE_SECS: u64 = 7 * 24 * 60 * 60;

/// A request with every field open to be wrong, written from the specification.
#[derive(Clone)]
pub(super) struct Draft {
    pub(super) version: u8,
    pub(super) created_at: u64,
    pub(super) expires_at: u64,
    pub(super) requester: Vec<u8>,
    pub(super) requester_key: [u8; 32],
    pub(super) key: Vec<u8>,
    pub(super) reason: Vec<u8>,
    pub(super) subject: Vec<u8>,
}

impl Draft {
    pub(super) fn new(key: Vec<u8>, subject: Vec<u8>) -> Self {
        Self {
            version: 1,
            created_at: CREATED_AT,
            expires_at: CREATED_AT + LIFE_SECS,
            requester: b"Amina's laptop".to_vec(),
            requester_key: desk_key(),
            key,
            reason: b"release 1.0".to_vec(),
            subject,
        }
    }

    pub(super) fn body(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.u8(self.version).put(&REQUEST_ID);
        writer.u64(self.created_at).u64(self.expires_at);
        writer.put(&text(&self.requester));
        writer.put(&self.requester_key).put(&REPLY_KEY);
        writer.put(&self.key).put(&text(&self.reason));
        writer.put(&self.subject);
        writer.into_bytes()
    }

    pub(super) fn signed(&self) -> Vec<u8> {
        sign("causeway/signing/v1 request", &self.body())
    }

    /// The request without approvals.
    pub(super) fn parcel(&self) -> Vec<u8> {
        self.parcel_with(&[])
    }

    pub(super) fn parcel_with(&self, approvals: &[Vec<u8>]) -> Vec<u8> {
        let count = u32::try_from(approvals.len()).unwrap().to_be_bytes();
        [self.signed(), count.to_vec(), approvals.concat()].concat()
    }

    pub(super) fn hash(&self) -> [u8; 32] {
        blake3::derive_key("causeway/signing/v1 request hash", &self.signed())
    }

    fn outs(&self, key: &str) -> Vec<(String, String)> {
        let shown = |bytes: &[u8]| {
            let text = std::str::from_utf8(bytes).unwrap();
            text.escape_default().to_string()
        };
        vec![
            out_hex("request-hash", &self.hash()),
            out_hex("id", &REQUEST_ID),
            out("created-at", self.created_at),
            out("expires-at", self.expires_at),
            out("requester", shown(&self.requester)),
            out_hex("requester-key", &self.requester_key),
            out_hex("reply-key", &REPLY_KEY),
            out("key", key),
            out("reason", shown(&self.reason)),
        ]
    }
}

/// What the desk of the vectors can sign: any body of a request, with no approvals.
#[must_use]
pub fn desk_signs(body: &[u8]) -> Vec<u8> {
    [sign("causeway/signing/v1 request", body), vec![0; 4]].concat()
}

/// `body || signature` by the desk.
pub(super) fn sign(label: &str, body: &[u8]) -> Vec<u8> {
    let desk = bundle_format::identity::Identity::from_seed(Secret32::new(DESK_SEED));
    [body, &desk.sign(label, body)].concat()
}

fn desk_key() -> [u8; 32] {
    PublicKey::of_seed(&Secret32::new(DESK_SEED)).0
}

/// A text of any bytes.
pub(super) fn text(bytes: &[u8]) -> Vec<u8> {
    let len = u16::try_from(bytes.len()).unwrap().to_be_bytes();
    [len.as_slice(), bytes].concat()
}

/// The kinds of key, as a request names them.
pub(super) fn openpgp() -> Vec<u8> {
    [[1].as_slice(), &[67; 20]].concat()
}

fn openpgp_6() -> Vec<u8> {
    [[2].as_slice(), &[67; 32]].concat()
}

pub(super) fn ssh() -> Vec<u8> {
    [[3].as_slice(), &[68; 32]].concat()
}

pub(super) fn minisign() -> Vec<u8> {
    [[4].as_slice(), &[69; 8], &[70; 32]].concat()
}

/// `1 || name || bytes || form || source`
pub(super) fn file(name: &[u8], len: u64, form: &[u8], source: &[u8]) -> Vec<u8> {
    let len = len.to_be_bytes();
    [[1].as_slice(), &text(name), &len, form, source].concat()
}

pub(super) const AS_OPENPGP: &[u8] = &[1];
pub(super) const AS_CLEARTEXT: &[u8] = &[2];

pub(super) fn as_minisign(comment: &[u8]) -> Vec<u8> {
    [[3].as_slice(), &text(comment)].concat()
}

pub(super) fn as_ssh(namespace: &[u8]) -> Vec<u8> {
    [[4].as_slice(), &text(namespace)].concat()
}

pub(super) fn whole(plain: &[u8]) -> Vec<u8> {
    [[1].as_slice(), &sealed_content(plain)].concat()
}

pub(super) fn unseen(plain: &[u8]) -> Vec<u8> {
    [[2].as_slice(), &state_of(plain)].concat()
}

pub(super) fn unseen_blake2b() -> Vec<u8> {
    [[3].as_slice(), &[71; 64]].concat()
}

/// `2 || repository || reference || form || count || content`
pub(super) fn git(form: u8, count: u32) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.u8(2).put(&text(b"causeway"));
    writer.put(&text(b"refs/heads/main")).u8(form).u32(count);
    writer.put(&sealed_content(GIT));
    writer.into_bytes()
}

/// `3 || count || user ids || content`
pub(super) fn certify(user_ids: &[&[u8]]) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.u8(3).count(user_ids.len());
    for user_id in user_ids {
        writer.put(&text(user_id));
    }
    writer.put(&sealed_content(CERTIFICATE));
    writer.into_bytes()
}

/// `4 || name || content`
pub(super) fn decrypt(name: &[u8]) -> Vec<u8> {
    [[4].as_slice(), &text(name), &sealed_content(MESSAGE)].concat()
}

/// A request for one file, as most refusals begin.
pub(super) fn right() -> Draft {
    let subject = file(b"notes.txt", HELLO.len() as u64, AS_OPENPGP, &whole(HELLO));
    Draft::new(openpgp(), subject)
}

pub(super) const HELLO: &[u8] = b"hello\n";
const GIT: &[u8] = b"what a request says of its content does not depend on it";
const CERTIFICATE: &[u8] = b"a certificate";
const MESSAGE: &[u8] = b"a message";

fn sealed_outs(plain: &[u8]) -> Vec<(String, String)> {
    vec![
        out_hex("content-id", blake3::hash(&seal_content(plain)).as_bytes()),
        out_hex("content-key", &CONTENT_KEY),
        out("content-bytes", plain.len()),
        out_hex("content-hash", blake3::hash(plain).as_bytes()),
    ]
}

fn success(
    condition: &str,
    comment: &str,
    draft: &Draft,
    key: &str,
    subject: Vec<(String, String)>,
) -> VectorFile {
    VectorFile::success(PART, condition, comment)
        .with_all(draft.outs(key))
        .with_all(subject)
        .bytes(draft.parcel())
}

fn file_outs(name: &str, len: usize, form: &str) -> Vec<(String, String)> {
    vec![
        out("subject", "file"),
        out("name", name),
        out("bytes", len),
        out("form", form),
    ]
}

const OPENPGP_KEY: &str = "openpgp-4 4343434343434343434343434343434343434343";

fn ssh_key() -> String {
    format!("ssh {}", "44".repeat(32))
}

fn minisign_key() -> String {
    format!("minisign {} {}", "45".repeat(8), "46".repeat(32))
}

pub(super) fn all() -> Vec<VectorFile> {
    let mut files = whole_files();
    files.extend(unseen_files());
    files.extend(others());
    files.extend(edges());
    files.extend(approved());
    files
}

fn whole_files() -> Vec<VectorFile> {
    let len = HELLO.len();
    let made = |condition, comment, key: Vec<u8>, shown: &str, form: &[u8], named: &str| {
        let subject = file(b"notes.txt", len as u64, form, &whole(HELLO));
        let mut outs = file_outs("notes.txt", len, named);
        outs.extend(sealed_outs(HELLO));
        success(condition, comment, &Draft::new(key, subject), shown, outs)
    };
    let key_6 = format!("openpgp-6 {}", "43".repeat(32));
    vec![
        made(
            "file_openpgp",
            "A file that crosses whole.",
            openpgp(),
            OPENPGP_KEY,
            AS_OPENPGP,
            "openpgp",
        ),
        made(
            "file_openpgp_6",
            "A certificate of version 6 is named by 32 bytes.",
            openpgp_6(),
            &key_6,
            AS_OPENPGP,
            "openpgp",
        ),
        made(
            "file_openpgp_clear",
            "Text and signature in one file.",
            openpgp(),
            OPENPGP_KEY,
            AS_CLEARTEXT,
            "openpgp-clear",
        ),
        made(
            "file_minisign",
            "The signature protects a comment.",
            minisign(),
            &minisign_key(),
            &as_minisign(b"timestamp:1800000000\tfile:notes.txt\thashed"),
            "minisign timestamp:1800000000\\tfile:notes.txt\\thashed",
        ),
        made(
            "file_ssh",
            "A namespace says what the signature is good for.",
            ssh(),
            &ssh_key(),
            &as_ssh(b"file"),
            "ssh file",
        ),
    ]
}

fn unseen_files() -> Vec<VectorFile> {
    let plain = noise(300);
    let sum = <sha2::Sha512 as sha2::Digest>::digest(&plain);
    let hashed = |condition, key: Vec<u8>, shown: &str, form: &[u8], named: &str| {
        let subject = file(b"disk.img", 300, form, &unseen(&plain));
        let mut outs = file_outs("disk.img", 300, named);
        outs.push(out_hex("sha512", &sum));
        let comment = "Content not seen: the state of its SHA-512.";
        success(condition, comment, &Draft::new(key, subject), shown, outs)
    };
    let blake2b = {
        let huge = 10_u64 << 30;
        let form = as_minisign(b"");
        let subject = file(b"disk.img", huge, &form, &unseen_blake2b());
        let mut outs = file_outs("disk.img", usize::try_from(huge).unwrap(), "minisign ");
        outs.push(out_hex("blake2b", &[71; 64]));
        success(
            "file_minisign_unseen",
            "Content not seen: its BLAKE2b-512, which does not say how long it is.",
            &Draft::new(minisign(), subject),
            &minisign_key(),
            outs,
        )
    };
    vec![
        hashed(
            "file_openpgp_unseen",
            openpgp(),
            OPENPGP_KEY,
            AS_OPENPGP,
            "openpgp",
        ),
        hashed(
            "file_ssh_unseen",
            ssh(),
            &ssh_key(),
            &as_ssh(b"release@example.org"),
            "ssh release@example.org",
        ),
        blake2b,
    ]
}

fn git_outs(form: &str, count: u32) -> Vec<(String, String)> {
    let mut outs = vec![
        out("subject", "git"),
        out("repository", "causeway"),
        out("reference", "refs/heads/main"),
        out("form", form),
        out("objects", count),
    ];
    outs.extend(sealed_outs(GIT));
    outs
}

fn others() -> Vec<VectorFile> {
    let ids: [&[u8]; 2] = [b"Amina <amina@example.org>", b"Amina <amina@example.com>"];
    let certified = certify(&[ids[1], ids[0]]);
    let mut certify_outs = vec![
        out("subject", "certify"),
        out("user-id", "Amina <amina@example.com>"),
        out("user-id", "Amina <amina@example.org>"),
    ];
    certify_outs.extend(sealed_outs(CERTIFICATE));
    let mut decrypt_outs = vec![out("subject", "decrypt"), out("name", "mail.asc")];
    decrypt_outs.extend(sealed_outs(MESSAGE));
    vec![
        success(
            "git_openpgp",
            "One commit.",
            &Draft::new(openpgp(), git(1, 1)),
            OPENPGP_KEY,
            git_outs("openpgp", 1),
        ),
        success(
            "git_ssh",
            "As many as there may be.",
            &Draft::new(ssh(), git(2, 500)),
            &ssh_key(),
            git_outs("ssh", 500),
        ),
        success(
            "certify",
            "Two user ids, in the order of their bytes.",
            &Draft::new(openpgp(), certified),
            OPENPGP_KEY,
            certify_outs,
        ),
        success(
            "decrypt",
            "A message that is read in the vault.",
            &Draft::new(openpgp(), decrypt(b"mail.asc")),
            OPENPGP_KEY,
            decrypt_outs,
        ),
    ]
}

/// Values at their limits, and texts that a vault has to escape.
fn edges() -> Vec<VectorFile> {
    let outs = |name: &str| {
        let mut outs = file_outs(name, HELLO.len(), "openpgp");
        outs.extend(sealed_outs(HELLO));
        outs
    };
    let len = HELLO.len() as u64;
    let longest_name = "n".repeat(255);
    let subject = file(longest_name.as_bytes(), len, AS_OPENPGP, &whole(HELLO));
    let longest = Draft {
        requester: vec![b'r'; 255],
        reason: vec![b'r'; 4096],
        expires_at: CREATED_AT + 30 * 24 * 60 * 60,
        ..Draft::new(openpgp(), subject)
    };
    let shortest = Draft {
        requester: Vec::new(),
        reason: Vec::new(),
        expires_at: CREATED_AT + 1,
        ..Draft::new(openpgp(), file(b"", len, AS_OPENPGP, &whole(HELLO)))
    };
    let hostile_name = "a\u{202e}txt.exe\u{1b}[2J\n";
    let subject = file(hostile_name.as_bytes(), len, AS_OPENPGP, &whole(HELLO));
    vec![
        success(
            "longest_texts",
            "Every text, and the life, as long as it may be.",
            &longest,
            OPENPGP_KEY,
            outs(&longest_name),
        ),
        success(
            "empty_texts",
            "Texts may be empty; a life has at least one second.",
            &shortest,
            OPENPGP_KEY,
            outs(""),
        ),
        success(
            "hostile_text",
            "Texts are claims: they may hold anything, and are escaped when they are shown.",
            &Draft::new(openpgp(), subject),
            OPENPGP_KEY,
            outs("a\\u{202e}txt.exe\\u{1b}[2J\\n"),
        ),
    ]
}

/// Approvers in the order of their keys.
pub(super) fn approvers() -> Vec<Person> {
    let mut people = vec![AMINA, BILAL, CAROL];
    people.sort_by_key(|it| it.identity().key().0);
    people
}

fn approved() -> Vec<VectorFile> {
    let draft = right();
    let mut approvals = Vec::new();
    let mut outs = file_outs("notes.txt", HELLO.len(), "openpgp");
    outs.extend(sealed_outs(HELLO));
    let mut lines = Vec::new();
    for (at, person) in approvers().iter().enumerate() {
        let mut approval = approval_by(person, &draft.hash());
        let forged = at == 2;
        if forged {
            *approval.last_mut().unwrap() ^= 1;
        }
        approvals.push(approval);
        let key = data_encoding::HEXLOWER.encode(&person.identity().key().0);
        let verdict = if forged {
            "does not verify"
        } else {
            "verifies"
        };
        lines.push(out("approval", format!("{key} {APPROVED_AT} {verdict}")));
    }
    let vector = |condition, comment, count: usize| {
        success(condition, comment, &draft, OPENPGP_KEY, outs.clone())
            .with_all(lines[..count].to_vec())
            .bytes(draft.parcel_with(&approvals[..count]))
    };
    vec![
        vector("approved_by_one", "The hash is that without approvals.", 1),
        vector("approved_by_two", "In the order of the approvers' keys.", 2),
        vector(
            "approval_forged",
            "The request is read; an approval that does not verify does not count.",
            3,
        ),
    ]
}
