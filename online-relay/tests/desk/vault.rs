//! A vault that says what the test wants.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use carriers::stick::Stick;
use crossing::{Host, HostError, Lane, LaneId, Options, Quiet};
use ed25519_dalek::{Signer as _, SigningKey};
use pack_format::chunked::ReadAt;
use pack_format::codec::Wire as _;
use pack_format::item::{Item, SigningBytes};
use pack_format::pack::{BundleSource, PlannedItem};
use pack_format::ratchet::Side;
use pack_format::relay::{ContentId, PublicKey, Statement as _};
use pack_format::secret::Secret32;
use pack_format::words::PairingCode;
use signing_format::approval::Approval;
use signing_format::content::SealedContent;
use signing_format::git::GitContent;
use signing_format::minisign::{
    MinisignKeyId, MinisignSignature, TrustedComment, UntrustedComment, digest_of,
};
use signing_format::reply::{GitSignatures, Reply, SealedReply};
use signing_format::request::{Request, RequestParcel};
use signing_format::ssh::{HashAlgorithm, MessageDigest, Namespace, SshSignature, signed_data};
use signing_format::subject::{FileForm, FileSource, FileSubject, Subject};
use tempfile::TempDir;

use super::keys::{minisign_public, signing_key, ssh_public};

/// One vault with its end of a pairing, and the stick that goes between.
pub(super) struct Vault {
    pub(super) name: String,
    pub(super) stick: PathBuf,
    lanes: Vec<Lane>,
    memory: Memory,
    salt: u8,
}

#[derive(Default)]
struct Memory {
    contents: BTreeMap<ContentId, Vec<u8>>,
    requests: Vec<Vec<u8>>,
    due: Vec<PlannedItem>,
    delivered: Vec<PlannedItem>,
    spool: Option<TempDir>,
}

impl Vault {
    pub(super) fn new(name: &str, words: &str, stick: &Path) -> Self {
        let root = PairingCode::from_words(words).unwrap().root();
        let memory = Memory {
            spool: Some(tempfile::tempdir().unwrap()),
            ..Memory::default()
        };
        Self {
            name: name.to_owned(),
            stick: stick.to_owned(),
            lanes: vec![Lane::new(LaneId([7; 16]), &root, Side::Typed)],
            memory,
            salt: 0,
        }
    }

    /// Takes in what the stick has brought, and writes what is due.
    pub(super) fn sync(&mut self) {
        let stick = Stick::open(&self.stick).unwrap();
        let (lanes, host) = (&mut self.lanes, &mut self.memory);
        crossing::sync_stick(&stick, lanes, host, &mut Quiet, &Options::default()).unwrap();
    }

    /// How many requests have come, each counted as often as it came.
    pub(super) fn request_count(&self) -> usize {
        self.memory.requests.len()
    }

    /// The last request, if its signature verifies.
    pub(super) fn last(&self) -> RequestParcel {
        let parcel = RequestParcel::from_wire(self.memory.requests.last().unwrap()).unwrap();
        parcel.verify().unwrap();
        parcel
    }

    /// What is asked about.
    pub(super) fn content(&self, content: &SealedContent) -> Vec<u8> {
        let sealed = &self.memory.contents[&content.content_id];
        let opened = content.open(sealed.as_slice()).unwrap();
        let len = usize::try_from(content.plain_bytes).unwrap();
        let plain = opened.read(0, len).unwrap().to_vec();
        assert_eq!(*blake3::hash(&plain).as_bytes(), content.plain_hash);
        plain
    }

    pub(super) fn has_content(&self, content: &SealedContent) -> bool {
        self.memory.contents.contains_key(&content.content_id)
    }

    /// Seals a reply to a request; it goes with the next trip.
    pub(super) fn reply(&mut self, to: &RequestParcel, reply: &Reply) -> SealedReply {
        let request = to.request.peek_statement();
        let key = &request.reply_key;
        self.salt += 1;
        let salt = [self.salt; 24];
        let sealed = SealedReply::seal(reply, request.id, &to.hash(), key, &salt).unwrap();
        self.send(sealed.to_wire());
        sealed
    }

    /// Sends bytes as a reply.
    pub(super) fn send(&mut self, bytes: Vec<u8>) {
        let item = Item::Reply(SigningBytes::new(bytes).unwrap());
        self.memory.due.push(PlannedItem::small(&item));
    }

    /// Signs the last request with the test's keys, as a vault that approves does.
    pub(super) fn approve_last(&mut self) {
        let parcel = self.last();
        let reply = self.honest_reply(parcel.request.peek_statement());
        self.reply(&parcel, &reply);
    }

    /// What an honest vault says to a request for an SSH or minisign key.
    pub(super) fn honest_reply(&self, request: &Request) -> Reply {
        match &request.subject {
            Subject::File(file) => Reply::File(sign_file(file, &self.bytes_of(file))),
            Subject::Git(git) => {
                let content = GitContent::decode(&self.content(&git.content)).unwrap();
                assert_eq!(content.to_sign().len(), git.object_count as usize);
                Reply::Git(GitSignatures::Ssh(sign_chain(&content)))
            }
            other => panic!("{other:?}"),
        }
    }

    fn bytes_of(&self, file: &FileSubject) -> Vec<u8> {
        match &file.source {
            FileSource::Content(content) => self.content(content),
            other => panic!("{other:?}"),
        }
    }

    /// Approves the last request with the identity of this vault.
    pub(super) fn give_approval(&mut self, seed: u8) {
        let parcel = self.last();
        let seed = Secret32::new([seed; 32]);
        let approval = Approval {
            request_hash: parcel.hash(),
            approver: PublicKey::of_seed(&seed),
            approved_at: 1,
        };
        self.reply(&parcel, &Reply::Approved(approval.sign(&seed)));
    }
}

/// The signature of bytes in the form that was asked for.
pub(super) fn sign_file(file: &FileSubject, bytes: &[u8]) -> Vec<u8> {
    match &file.form {
        FileForm::Ssh { namespace } => ssh_signature(namespace, bytes).to_armor().into_bytes(),
        FileForm::Minisign { trusted_comment } => {
            let comment = TrustedComment::new(trusted_comment).unwrap();
            minisign_signature(&digest_of(bytes), comment)
        }
        other => panic!("{other:?}"),
    }
}

pub(super) fn minisign_signature(digest: &[u8; 64], comment: TrustedComment) -> Vec<u8> {
    let key_id = MinisignKeyId(minisign_public().key_id().0);
    let untrusted = UntrustedComment::default();
    let signature = MinisignSignature::sign(&signing_key(), key_id, digest, comment, untrusted);
    signature.to_file().into_bytes()
}

pub(super) fn ssh_signature(namespace: &str, bytes: &[u8]) -> SshSignature {
    let digest = MessageDigest::of(HashAlgorithm::Sha512, bytes);
    ssh_signature_of(namespace, &digest)
}

pub(super) fn ssh_signature_of(namespace: &str, digest: &MessageDigest) -> SshSignature {
    let namespace = Namespace::new(namespace).unwrap();
    let raw = signing_key()
        .sign(&signed_data(&namespace, digest))
        .to_bytes();
    SshSignature::from_raw(*ssh_public().key(), namespace, raw)
}

/// The signatures of a chain of git objects.
pub(super) fn sign_chain(content: &GitContent) -> Vec<[u8; 64]> {
    sign_chain_with(content, &signing_key())
}

pub(super) fn sign_chain_with(content: &GitContent, key: &SigningKey) -> Vec<[u8; 64]> {
    let mut chain = content.chain();
    let mut signatures = Vec::new();
    while let Some(payload) = chain.next_payload() {
        let digest = MessageDigest::of(HashAlgorithm::Sha512, payload.bytes());
        let raw = key
            .sign(&signed_data(&Namespace::git(), &digest))
            .to_bytes();
        let signature = SshSignature::from_raw(*ssh_public().key(), Namespace::git(), raw);
        chain.accept(&payload, &signature.to_armor()).unwrap();
        signatures.push(raw);
    }
    signatures
}

impl BundleSource for Memory {
    fn bundle(&self, _: &ContentId) -> io::Result<Box<dyn ReadAt + '_>> {
        Err(io::ErrorKind::NotFound.into())
    }
}

impl Host for Memory {
    fn take_bundle(&mut self, _: LaneId, size_bytes: u64, body: &mut dyn Read) -> io::Result<()> {
        let mut bytes = Vec::new();
        body.read_to_end(&mut bytes)?;
        assert_eq!(bytes.len() as u64, size_bytes);
        self.contents.insert(ContentId::of(&bytes), bytes);
        Ok(())
    }

    fn take_item(&mut self, _: LaneId, item: Item) -> io::Result<()> {
        match item {
            Item::Request(bytes) => self.requests.push(bytes.expose().to_vec()),
            other => panic!("a courier sent {other:?}"),
        }
        Ok(())
    }

    fn commit_pack(&mut self, lane: &Lane) -> Result<(), HostError> {
        self.save_lane(lane)
    }

    fn discard_pack(&mut self) {
        self.delivered.clear();
    }

    fn delivered(&mut self, _: LaneId, items: &[PlannedItem]) -> Result<(), HostError> {
        self.delivered.extend_from_slice(items);
        Ok(())
    }

    fn save_lane(&mut self, _: &Lane) -> Result<(), HostError> {
        let delivered = std::mem::take(&mut self.delivered);
        self.due.retain(|item| !delivered.contains(item));
        Ok(())
    }

    fn due(&mut self, _: LaneId) -> Result<Vec<PlannedItem>, HostError> {
        Ok(self.due.clone())
    }

    fn spool_dir(&self) -> &Path {
        self.spool.as_ref().unwrap().path()
    }
}
