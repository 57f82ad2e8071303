//! Vectors of signing requests that are refused: one for each rule.

use super::file::VectorFile;
use super::made_request::{
    AS_CLEARTEXT, AS_OPENPGP, CREATED_AT, Draft, HELLO, PART, approvers, as_minisign, as_ssh,
    certify, decrypt, file, git, minisign, openpgp, right, sign, ssh, text, unseen, unseen_blake2b,
    whole,
};
use super::made_signing::{approval_by, described, seal_content};
use super::people::noise;
use super::signatures::{EMPTY_SIGNATURE, SMALL_ORDER_KEY, unreduced};

pub(super) fn all() -> Vec<VectorFile> {
    let mut files = signatures();
    files.extend(lives());
    files.extend(keys());
    files.extend(unknown());
    files.extend(texts());
    files.extend(sources());
    files.extend(git_and_certify());
    files.extend(ends());
    files.extend(approvals());
    files
}

fn refused(condition: &str, kind: &str, reason: &str, comment: &str, bytes: Vec<u8>) -> VectorFile {
    VectorFile::failure(PART, condition, kind, comment)
        .with("reason", reason)
        .bytes(bytes)
}

fn rule(condition: &str, reason: &str, comment: &str, draft: &Draft) -> VectorFile {
    refused(condition, "rule", reason, comment, draft.parcel())
}

fn signatures() -> Vec<VectorFile> {
    let bad = |condition, comment, bytes: Vec<u8>| {
        VectorFile::failure(PART, condition, "bad-signature", comment).bytes(bytes)
    };
    let draft = right();
    let parcel = draft.parcel();
    let altered = |at: usize| {
        let mut bytes = parcel.clone();
        bytes[at] ^= 1;
        bytes
    };
    let (signed, count) = parcel.split_last_chunk::<4>().unwrap();
    let (body, signature) = signed.split_last_chunk::<64>().unwrap();
    let other_label = sign("causeway/signing/v1 approval", body);
    let weak = Draft {
        requester_key: SMALL_ORDER_KEY,
        ..draft.clone()
    };
    let other_key = Draft {
        requester_key: [72; 32],
        ..draft
    };
    // version 1, id 16, times 16, requester 2 + 14, requester's key 32.
    let reply_key = 1 + 16 + 16 + 2 + 14 + 32;
    vec![
        bad("altered_id", "Altered: its name.", altered(1)),
        bad(
            "altered_reply_key",
            "Altered: who reads the reply.",
            altered(reply_key),
        ),
        bad(
            "altered_key",
            "Altered: which key is to sign.",
            altered(reply_key + 32 + 1),
        ),
        bad(
            "altered_reason",
            "Altered: why.",
            altered(reply_key + 32 + 21 + 2),
        ),
        bad(
            "altered_content_id",
            "Altered: what is signed.",
            altered(body.len() - 104),
        ),
        bad(
            "altered_signature",
            "Altered: the signature.",
            altered(body.len() + 1),
        ),
        bad(
            "signature_not_reduced",
            "S + L in place of S.",
            [body, &unreduced(signature), count].concat(),
        ),
        bad(
            "other_label",
            "The same bytes, signed as an approval.",
            [other_label.as_slice(), count].concat(),
        ),
        bad(
            "by_another",
            "Signed by a desk that it does not name.",
            other_key.parcel(),
        ),
        bad(
            "key_of_small_order",
            "A desk for which everybody can sign.",
            [weak.body().as_slice(), &EMPTY_SIGNATURE, count].concat(),
        ),
    ]
}

fn lives() -> Vec<VectorFile> {
    let reason = "a request lives longer than it may, or not at all";
    let ends = |expires_at: u64| Draft {
        expires_at,
        ..right()
    };
    vec![
        rule(
            "life_zero",
            reason,
            "It ends as it begins.",
            &ends(CREATED_AT),
        ),
        rule(
            "life_backwards",
            reason,
            "It ends before it begins.",
            &ends(CREATED_AT - 1),
        ),
        rule(
            "life_over_30_days",
            reason,
            "One second too long.",
            &ends(CREATED_AT + 30 * 24 * 60 * 60 + 1),
        ),
    ]
}

fn keys() -> Vec<VectorFile> {
    let unfit = |condition, comment, key: Vec<u8>, subject: Vec<u8>| {
        let reason = "the named key cannot make what is asked for";
        rule(condition, reason, comment, &Draft::new(key, subject))
    };
    let hello = |form: &[u8]| file(b"notes.txt", HELLO.len() as u64, form, &whole(HELLO));
    vec![
        unfit(
            "ssh_key_for_openpgp",
            "An SSH key makes no OpenPGP signature.",
            ssh(),
            hello(AS_OPENPGP),
        ),
        unfit(
            "ssh_key_for_openpgp_clear",
            "An SSH key makes no cleartext signature.",
            ssh(),
            hello(AS_CLEARTEXT),
        ),
        unfit(
            "ssh_key_for_minisign",
            "Both are Ed25519, and yet another key.",
            ssh(),
            hello(&as_minisign(b"")),
        ),
        unfit(
            "minisign_key_for_ssh",
            "Both are Ed25519, and yet another key.",
            minisign(),
            hello(&as_ssh(b"file")),
        ),
        unfit(
            "openpgp_key_for_ssh",
            "An OpenPGP key makes no SSH signature.",
            openpgp(),
            hello(&as_ssh(b"file")),
        ),
        unfit(
            "ssh_key_for_git_openpgp",
            "git's format and the key differ.",
            ssh(),
            git(1, 1),
        ),
        unfit(
            "minisign_key_for_git",
            "git knows no minisign.",
            minisign(),
            git(2, 1),
        ),
        unfit(
            "ssh_key_for_certify",
            "Only OpenPGP keys certify.",
            ssh(),
            certify(&[b"Amina"]),
        ),
        unfit(
            "minisign_key_for_decrypt",
            "Only OpenPGP keys open messages.",
            minisign(),
            decrypt(b"mail.asc"),
        ),
    ]
}

fn unknown() -> Vec<VectorFile> {
    let unknown = |condition, reason, draft: Draft| {
        let comment = "Not a value of this version.";
        refused(condition, "unknown", reason, comment, draft.parcel())
    };
    let len = HELLO.len() as u64;
    let version = |version| Draft { version, ..right() };
    let key = |kind: u8| Draft {
        key: [[kind].as_slice(), &[67; 20]].concat(),
        ..right()
    };
    let subject = |subject| Draft { subject, ..right() };
    let other_kind = [[5].as_slice(), &text(b"mail.asc")].concat();
    let nothing = [[0].as_slice(), &text(b"mail.asc")].concat();
    let source = [[4].as_slice(), &[0; 104]].concat();
    vec![
        unknown("version_0", "request version", version(0)),
        unknown("version_2", "request version", version(2)),
        unknown("key_kind_0", "kind of key", key(0)),
        unknown("key_kind_5", "kind of key", key(5)),
        unknown("subject_0", "kind of request", subject(nothing)),
        unknown("subject_5", "kind of request", subject(other_kind)),
        unknown(
            "form_5",
            "form of signature",
            subject(file(b"a", len, &[5], &whole(HELLO))),
        ),
        unknown(
            "source_4",
            "source of the file",
            subject(file(b"a", len, AS_OPENPGP, &source)),
        ),
        unknown("git_form_3", "format of git signatures", subject(git(3, 1))),
    ]
}

fn texts() -> Vec<VectorFile> {
    let len = HELLO.len() as u64;
    let over = |condition, reason, draft: Draft| {
        let comment = "One byte too long.";
        refused(condition, "over-limit", reason, comment, draft.parcel())
    };
    let hello = |name: &[u8]| file(name, len, AS_OPENPGP, &whole(HELLO));
    let named =
        |key: Vec<u8>, form: &[u8]| Draft::new(key, file(b"notes.txt", len, form, &whole(HELLO)));
    let namespace = "a namespace is empty or not visible ASCII";
    let comment = "a trusted comment holds a control character";
    let ids: [&[u8]; 1] = [&[b'u'; 2049]];
    vec![
        over(
            "requester_over_255",
            "requester",
            Draft {
                requester: vec![b'r'; 256],
                ..right()
            },
        ),
        over(
            "reason_over_4096",
            "reason",
            Draft {
                reason: vec![b'r'; 4097],
                ..right()
            },
        ),
        over(
            "name_over_255",
            "file name",
            Draft::new(openpgp(), hello(&[b'n'; 256])),
        ),
        over(
            "message_name_over_255",
            "file name",
            Draft::new(openpgp(), decrypt(&[b'n'; 256])),
        ),
        over(
            "comment_over_1024",
            "trusted comment",
            named(minisign(), &as_minisign(&[b'c'; 1025])),
        ),
        over(
            "namespace_over_255",
            "namespace",
            named(ssh(), &as_ssh(&[b'n'; 256])),
        ),
        over(
            "user_id_over_2048",
            "user id",
            Draft::new(openpgp(), certify(&ids)),
        ),
        rule(
            "requester_not_utf8",
            "text is not UTF-8",
            "Texts are UTF-8.",
            &Draft {
                requester: vec![0xff],
                ..right()
            },
        ),
        rule(
            "name_not_utf8",
            "text is not UTF-8",
            "A desk has to write such a name otherwise.",
            &Draft::new(openpgp(), hello(&[0xff])),
        ),
        rule(
            "namespace_empty",
            namespace,
            "A signature that is good for nothing in particular.",
            &named(ssh(), &as_ssh(b"")),
        ),
        rule(
            "namespace_with_space",
            namespace,
            "ssh-keygen would make two of it.",
            &named(ssh(), &as_ssh(b"a b")),
        ),
        rule(
            "namespace_that_hides",
            namespace,
            "A mark that turns the direction of text.",
            &named(ssh(), &as_ssh("git\u{202e}".as_bytes())),
        ),
        rule(
            "comment_of_two_lines",
            comment,
            "It would forge a line of the signature file.",
            &named(minisign(), &as_minisign(b"a\nb")),
        ),
    ]
}

fn sources() -> Vec<VectorFile> {
    let hash = "this form of signature cannot be made from that hash";
    let sizes = "the file has two sizes";
    let plain = noise(300);
    let of = |key: Vec<u8>, len: u64, form: &[u8], source: &[u8]| {
        Draft::new(key, file(b"disk.img", len, form, source))
    };
    let too_large = described(&seal_content(HELLO), (1 << 30) + 1, HELLO);
    let too_large = [[1].as_slice(), &too_large].concat();
    let mut no_state = unseen(b"hello");
    no_state[1] ^= 1;
    vec![
        rule(
            "state_for_minisign",
            hash,
            "minisign signs a BLAKE2b-512.",
            &of(minisign(), 300, &as_minisign(b""), &unseen(&plain)),
        ),
        rule(
            "state_for_openpgp_clear",
            hash,
            "A text that nobody sees is not signed as text.",
            &of(openpgp(), 300, AS_CLEARTEXT, &unseen(&plain)),
        ),
        rule(
            "blake2b_for_openpgp",
            hash,
            "OpenPGP signs a SHA-512.",
            &of(openpgp(), 300, AS_OPENPGP, &unseen_blake2b()),
        ),
        rule(
            "blake2b_for_ssh",
            hash,
            "SSHSIG signs a SHA-512.",
            &of(ssh(), 300, &as_ssh(b"file"), &unseen_blake2b()),
        ),
        rule(
            "two_sizes_of_content",
            sizes,
            "One for the person, one for the content.",
            &of(openpgp(), 7, AS_OPENPGP, &whole(HELLO)),
        ),
        rule(
            "two_sizes_of_state",
            sizes,
            "One for the person, one for the hash.",
            &of(openpgp(), 299, AS_OPENPGP, &unseen(&plain)),
        ),
        rule(
            "state_of_no_file",
            "not a state of SHA-512",
            "A file that fills no block leaves the first words as they are.",
            &of(openpgp(), 5, AS_OPENPGP, &no_state),
        ),
        refused(
            "content_over_1_gib",
            "over-limit",
            "content size",
            "One byte too large: it crosses as a hash.",
            of(openpgp(), (1 << 30) + 1, AS_OPENPGP, &too_large).parcel(),
        ),
    ]
}

fn git_and_certify() -> Vec<VectorFile> {
    let ids = |ids: &[&[u8]]| Draft::new(openpgp(), certify(ids));
    let names: Vec<String> = (0..65).map(|number| format!("{number:02}")).collect();
    let many: Vec<&[u8]> = names.iter().map(String::as_bytes).collect();
    let order = "user ids are not in order";
    let git_name = |repository: usize, reference: usize| {
        let mut subject = vec![2];
        subject.extend(text(&vec![b'r'; repository]));
        subject.extend(text(&vec![b'r'; reference]));
        Draft::new(ssh(), subject).parcel()
    };
    vec![
        rule(
            "git_no_objects",
            "a git request names no commit and no tag",
            "Nothing to sign.",
            &Draft::new(ssh(), git(2, 0)),
        ),
        refused(
            "git_501_objects",
            "over-limit",
            "commits and tags",
            "One too many.",
            Draft::new(ssh(), git(2, 501)).parcel(),
        ),
        refused(
            "repository_over_255",
            "over-limit",
            "repository name",
            "One byte too long.",
            git_name(256, 1),
        ),
        refused(
            "reference_over_255",
            "over-limit",
            "reference name",
            "One byte too long.",
            git_name(1, 256),
        ),
        rule(
            "certify_nobody",
            "no user id is to be certified",
            "Nothing to certify.",
            &ids(&[]),
        ),
        rule(
            "certify_twice",
            order,
            "Each user id once.",
            &ids(&[b"a", b"a"]),
        ),
        rule(
            "certify_unordered",
            order,
            "There is one order.",
            &ids(&[b"b", b"a"]),
        ),
        refused(
            "certify_65",
            "over-limit",
            "user ids",
            "One too many.",
            ids(&many).parcel(),
        ),
    ]
}

fn ends() -> Vec<VectorFile> {
    let cut = |condition, reason, comment, bytes: &[u8]| {
        refused(condition, "truncated", reason, comment, bytes.to_vec())
    };
    let draft = right();
    let parcel = draft.parcel();
    let body = draft.body().len();
    vec![
        cut("empty", "request version", "No byte at all.", &[]),
        cut(
            "cut_in_id",
            "request id",
            "Its name ends early.",
            &parcel[..16],
        ),
        cut(
            "cut_in_content",
            "content hash",
            "The description of the content ends early.",
            &parcel[..body - 1],
        ),
        cut(
            "cut_in_signature",
            "signing request",
            "The signature ends early.",
            &parcel[..body + 63],
        ),
        cut(
            "cut_before_approvals",
            "approvals",
            "No approvals is a count of zero.",
            &parcel[..body + 64],
        ),
        refused(
            "trailing_byte",
            "trailing-bytes",
            "signing request",
            "A byte behind the approvals.",
            [parcel.as_slice(), &[0]].concat(),
        ),
    ]
}

fn approvals() -> Vec<VectorFile> {
    let draft = right();
    let hash = draft.hash();
    let people = approvers();
    let by = |at: usize| approval_by(&people[at], &hash);
    let order = "approvals are not in order";
    let refuse = |condition, kind, reason, comment, approvals: &[Vec<u8>]| {
        refused(
            condition,
            kind,
            reason,
            comment,
            draft.parcel_with(approvals),
        )
    };
    let nine: Vec<Vec<u8>> = (0..9).map(|_| by(0)).collect();
    let mut cut = by(0);
    cut.pop();
    vec![
        refuse(
            "approvals_unordered",
            "rule",
            order,
            "There is one order.",
            &[by(1), by(0)],
        ),
        refuse(
            "approved_twice",
            "rule",
            order,
            "Each approver once.",
            &[by(0), by(0)],
        ),
        refuse(
            "approval_of_another_request",
            "rule",
            "an approval is for another request",
            "It would be shown as one of this request.",
            &[approval_by(&people[0], &[73; 32])],
        ),
        refuse(
            "nine_approvals",
            "over-limit",
            "approvals",
            "A count over the limit is refused before an approval is read.",
            &nine,
        ),
        refuse(
            "approval_cut",
            "truncated",
            "approval",
            "The last byte is missing.",
            &[cut],
        ),
    ]
}
