//! Runs the vectors of signing requests, of what they carry, and of what is said to them.

use data_encoding::HEXLOWER;
use pack_format::codec::Wire;
use pack_format::relay::Signed;
use pack_format::secret::Secret32;
use signing_format::approval::Approval;
use signing_format::content::SealedContent;
use signing_format::digest_state::Sha512State;
use signing_format::git::GitContent;
use signing_format::key_reference::KeyReference;
use signing_format::openpgp::{
    self, CompactSignature, EDDSA_LEGACY, SignatureFrame, SignatureType,
};
use signing_format::reply::{GitSignatures, Reply, SealedReply};
use signing_format::request::{Request, RequestHash, RequestId, RequestParcel};
use signing_format::ssh::{Namespace, SshPublicKey, SshSignature};
use signing_format::subject::{FileForm, FileSource, FileSubject, GitForm, Subject};

use super::file::VectorFile;
use super::kind::Failure;
use super::run::{Outcome, decode, hash, out, out_hex};

type Outs = Vec<(String, String)>;

/// A request with its approvals.
pub(super) fn request(_: &VectorFile, payload: &[u8]) -> Outcome {
    let parcel: RequestParcel = decode(payload)?;
    let request = parcel.verify()?;
    let mut outs = head(request, parcel.hash());
    outs.extend(subject(&request.subject));
    for approval in &parcel.approvals {
        let stated = approval.peek_statement();
        let verdict = match approval.verify() {
            Ok(_) => "verifies",
            Err(_) => "does not verify",
        };
        let approver = HEXLOWER.encode(&stated.approver.0);
        let line = format!("{approver} {} {verdict}", stated.approved_at);
        outs.push(out("approval", line));
    }
    Ok(outs)
}

fn head(request: &Request, hash: RequestHash) -> Outs {
    vec![
        out_hex("request-hash", &hash.0),
        out_hex("id", &request.id.0),
        out("created-at", request.created_at),
        out("expires-at", request.expires_at),
        out("requester", request.requester.escape_default()),
        out_hex("requester-key", &request.requester_key.0),
        out_hex("reply-key", request.reply_key.expose()),
        out("key", key(&request.key)),
        out("reason", request.reason.escape_default()),
    ]
}

fn key(key: &KeyReference) -> String {
    match key {
        KeyReference::OpenPgpV4(fingerprint) => format!("openpgp-4 {}", hex(fingerprint)),
        KeyReference::OpenPgpV6(fingerprint) => format!("openpgp-6 {}", hex(fingerprint)),
        KeyReference::Ssh(key) => format!("ssh {}", hex(key)),
        KeyReference::Minisign { key_id, key } => format!("minisign {} {}", hex(key_id), hex(key)),
    }
}

fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

fn subject(subject: &Subject) -> Outs {
    match subject {
        Subject::File(subject) => file(subject),
        Subject::Git(git) => {
            let form = match git.form {
                GitForm::OpenPgp => "openpgp",
                GitForm::Ssh => "ssh",
            };
            let mut outs = vec![
                out("subject", "git"),
                out("repository", git.repository.escape_default()),
                out("reference", git.reference.escape_default()),
                out("form", form),
                out("objects", git.object_count),
            ];
            outs.extend(sealed(&git.content));
            outs
        }
        Subject::Certify(certify) => {
            let mut outs = vec![out("subject", "certify")];
            let ids = certify.user_ids.iter();
            outs.extend(ids.map(|id| out("user-id", id.escape_default())));
            outs.extend(sealed(&certify.content));
            outs
        }
        Subject::Decrypt(decrypt) => {
            let name = out("name", decrypt.name.escape_default());
            let mut outs = vec![out("subject", "decrypt"), name];
            outs.extend(sealed(&decrypt.content));
            outs
        }
        _ => panic!("a subject that has no vector"),
    }
}

fn file(file: &FileSubject) -> Outs {
    let form = match &file.form {
        FileForm::OpenPgp => "openpgp".to_owned(),
        FileForm::OpenPgpClear => "openpgp-clear".to_owned(),
        FileForm::Minisign { trusted_comment } => {
            format!("minisign {}", trusted_comment.escape_default())
        }
        FileForm::Ssh { namespace } => format!("ssh {}", namespace.escape_default()),
    };
    let mut outs = vec![
        out("subject", "file"),
        out("name", file.name.escape_default()),
        out("bytes", file.size_bytes),
        out("form", form),
    ];
    match &file.source {
        FileSource::Content(content) => outs.extend(sealed(content)),
        FileSource::Sha512(state) => outs.push(out_hex("sha512", &state.digest())),
        FileSource::Blake2b(hash) => outs.push(out_hex("blake2b", hash)),
    }
    outs
}

fn sealed(content: &SealedContent) -> Outs {
    vec![
        out_hex("content-id", &content.content_id.0),
        out_hex("content-key", content.key.expose()),
        out("content-bytes", content.plain_bytes),
        out_hex("content-hash", &content.plain_hash),
    ]
}

/// An approval by itself.
pub(super) fn approval(_: &VectorFile, payload: &[u8]) -> Outcome {
    let signed: Signed<Approval> = decode(payload)?;
    approved(&signed)
}

fn approved(signed: &Signed<Approval>) -> Result<Outs, Failure> {
    let approval = signed.verify()?;
    Ok(vec![
        out_hex("request-hash", &approval.request_hash.0),
        out_hex("approver", &approval.approver.0),
        out("approved-at", approval.approved_at),
    ])
}

/// A sealed reply, as the desk that waits for it reads it.
pub(super) fn reply(vector: &VectorFile, payload: &[u8]) -> Outcome {
    let sealed: SealedReply = decode(payload)?;
    let id = RequestId(vector.hex("request-id").try_into().unwrap());
    if sealed.request_id != id {
        return Err(Failure::of("not-recognised"));
    }
    let hash = RequestHash(vector.hex32("request-hash"));
    let key = Secret32::new(vector.hex32("reply-key"));
    said(&sealed.open(&hash, &key)?)
}

fn said(reply: &Reply) -> Result<Outs, Failure> {
    let long = |kind, bytes: &[u8]| vec![out("reply", kind), out("blake3", hash(bytes))];
    Ok(match reply {
        Reply::File(signature) => long("file", signature),
        Reply::Git(signatures) => git_signatures(signatures),
        Reply::Certifications(packets) => long("certifications", packets),
        Reply::OpenedInVault => vec![out("reply", "opened in vault")],
        Reply::Approved(signed) => {
            let mut outs = vec![out("reply", "approved")];
            outs.extend(approved(signed)?);
            outs
        }
        Reply::Refused(reason) => vec![
            out("reply", "refused"),
            out("reason", reason.escape_default()),
        ],
        _ => panic!("a reply that has no vector"),
    })
}

fn git_signatures(signatures: &GitSignatures) -> Outs {
    let each = |signatures: &[[u8; 64]]| -> Outs {
        let lines = signatures.iter();
        lines.map(|it| out("signature", hash(it))).collect()
    };
    let mut outs = vec![out("reply", "git")];
    match signatures {
        GitSignatures::Ssh(raw) => {
            outs.push(out("form", "ssh"));
            outs.extend(each(raw));
        }
        GitSignatures::OpenPgpCompact {
            created_at,
            issuer,
            signatures,
        } => {
            outs.push(out("form", "openpgp-compact"));
            outs.push(out("created-at", created_at));
            outs.push(out_hex("issuer", issuer));
            outs.extend(each(signatures));
        }
        GitSignatures::OpenPgp(packets) => {
            outs.push(out("form", "openpgp"));
            outs.extend(packets.iter().map(|it| out("signature", hash(it))));
        }
    }
    outs
}

/// Sealed content, as the request in the header describes it.
pub(super) fn content(vector: &VectorFile, payload: &[u8]) -> Outcome {
    let content = SealedContent::from_wire(&vector.hex("sealed-content"))?;
    if *blake3::hash(payload).as_bytes() != content.content_id.0 {
        return Err(Failure::of("other-hash"));
    }
    let opened = content.open(payload)?;
    let len = usize::try_from(opened.plain_bytes()).unwrap();
    let plain = opened.read(0, len)?;
    if *blake3::hash(&plain).as_bytes() != content.plain_hash {
        return Err(Failure::of("other-hash"));
    }
    Ok(vec![out("bytes", len), out("blake3", hash(&plain))])
}

/// The armour around 64 bytes, as vault and desk build it for a git object.
pub(super) fn armor(vector: &VectorFile, payload: &[u8]) -> Outcome {
    let raw: [u8; 64] = vector.hex("signature").try_into().unwrap();
    let text = match vector.header("format").unwrap() {
        "ssh" => {
            let key = SshPublicKey::from_bytes(&vector.hex32("public-key"));
            let key = key.map_err(|_| Failure {
                kind: "rule",
                reason: Some("the SSH key is no point that is allowed"),
            })?;
            SshSignature::from_raw(key, Namespace::git(), raw).to_armor()
        }
        "openpgp" => {
            let created_at = vector.header("created-at").unwrap().parse().unwrap();
            let issuer = vector.hex("issuer").try_into().unwrap();
            let kind = SignatureType::Binary;
            let frame = SignatureFrame::v4(kind, EDDSA_LEGACY, created_at, issuer);
            let digest = frame.digest_of_bytes(payload);
            openpgp::armor(&CompactSignature(raw).packet(&frame, &digest))
        }
        other => panic!("no armour is called {other}"),
    };
    Ok(text.lines().map(|line| out("line", line)).collect())
}

/// The state of a hash.
pub(super) fn hash_state(_: &VectorFile, payload: &[u8]) -> Outcome {
    let state: Sha512State = decode(payload)?;
    Ok(vec![
        out("bytes", state.total_bytes()),
        out_hex("sha512", &state.digest()),
        out_hex("continued", &state.continue_with(b"trailer")),
    ])
}

/// The git objects of a request. Compressing has no one form, so that only what is compressed is
/// compared: it is read once more from what this code writes.
pub(super) fn git_content(_: &VectorFile, payload: &[u8]) -> Outcome {
    let content = GitContent::decode(payload)?;
    let again = GitContent::decode(&content.encode()?)?;
    assert_eq!(again, content, "git content has a second reading");
    let mut outs = vec![out("format", content.format())];
    for object in content.to_sign() {
        let kind = object.object().kind();
        outs.push(out("to-sign", format!("{kind} {}", object.id())));
    }
    for object in content.all_material() {
        let id = object.id(content.format()).unwrap();
        outs.push(out("material", format!("{} {id}", object.kind())));
    }
    outs.extend(relinked(&content));
    Ok(outs)
}

/// The ids after signing with a signature that everybody can make.
fn relinked(content: &GitContent) -> Outs {
    let mut chain = content.chain();
    let mut outs = Vec::new();
    while let Some(payload) = chain.next_payload() {
        let signed = chain.accept(&payload, EXAMPLE_ARMOR).unwrap();
        outs.push(out("signed", signed.new_id));
    }
    outs
}

/// The signature in `out-signed`: three lines that hold nothing.
pub(super) const EXAMPLE_ARMOR: &str =
    "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n";
