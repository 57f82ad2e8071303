//! A desk that lies: a request that the honest desk has made, opened, changed and signed again.
//! It goes to the vault as requests of other desks do.

use std::fs;
use std::path::Path;

use pack_format::chunked::SALT_BYTES;
use pack_format::codec::Wire as _;
use pack_format::relay::{PublicKey, Statement as _};
use pack_format::secret::Secret32;
use signing_format::content::{ContentSealer, SealedContent};
use signing_format::git::{GitContent, RawObject};
use signing_format::request::{Request, RequestId, RequestParcel, parcel_wire};
use signing_format::subject::{FileSource, GitSubject, Subject};

use super::room::{Room, VAULT};
use crate::people::{Ran, text_of};

/// What a request's file holds.
pub(super) struct Forgery {
    pub(super) request: Request,
    /// The content as it crosses.
    pub(super) sealed: Vec<u8>,
    /// Bytes of the request as it crosses.
    pub(super) request_bytes: usize,
}

impl Forgery {
    /// Takes a request of the honest desk, which forgets it.
    pub(super) fn of(room: &Room, id: &str) -> Self {
        let forgery = Self::copy_of(room, id);
        room.desk(&["cancel", id]).ok();
        forgery
    }

    /// Reads a request of the honest desk.
    pub(super) fn copy_of(room: &Room, id: &str) -> Self {
        let path = room.path(&format!("request-{id}"));
        room.desk(&["export", id, "--to", text_of(&path)]).ok();
        let bytes = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let (head, rest) = bytes.split_at(MAGIC.len());
        assert_eq!(head, MAGIC);
        let (len, rest) = rest.split_first_chunk::<4>().unwrap();
        let request_bytes = usize::try_from(u32::from_be_bytes(*len)).unwrap();
        let (parcel, sealed) = rest.split_at(request_bytes);
        let again = RequestParcel::from_wire(parcel).unwrap();
        let request = Request::from_wire(&again.request.peek_statement().to_wire()).unwrap();
        Self {
            request,
            sealed: sealed.to_vec(),
            request_bytes,
        }
    }

    /// The content before sealing.
    pub(super) fn plain(&self) -> Vec<u8> {
        let content = self.request.subject.content().unwrap();
        let len = usize::try_from(content.plain_bytes).unwrap();
        let opened = content.open(self.sealed.as_slice()).unwrap();
        opened.read(0, len).unwrap().to_vec()
    }

    /// The git objects of the content.
    pub(super) fn objects(&self) -> GitContent {
        GitContent::decode(&self.plain()).unwrap()
    }

    /// Puts other content in, honestly described.
    pub(super) fn put(&mut self, plain: &[u8]) {
        let mut sealer = ContentSealer::new(Secret32::new([11; 32]), &[12; SALT_BYTES]);
        self.sealed = sealer.push(plain).unwrap();
        let (last, content) = sealer.finish();
        self.sealed.extend(last);
        *self.content() = content;
    }

    /// Puts other git objects in.
    pub(super) fn put_objects(&mut self, to_sign: &[RawObject], material: Vec<RawObject>) {
        let format = self.objects().format();
        let content = GitContent::new(format, to_sign, material).unwrap();
        self.put(&content.encode().unwrap());
        self.git().object_count = u32::try_from(to_sign.len()).unwrap();
    }

    /// What the request says of its content.
    pub(super) fn content(&mut self) -> &mut SealedContent {
        match &mut self.request.subject {
            Subject::File(file) => match &mut file.source {
                FileSource::Content(content) => content,
                other => panic!("{other:?}"),
            },
            Subject::Git(git) => &mut git.content,
            Subject::Certify(certify) => &mut certify.content,
            Subject::Decrypt(decrypt) => &mut decrypt.content,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn git(&mut self) -> &mut GitSubject {
        match &mut self.request.subject {
            Subject::Git(git) => git,
            other => panic!("{other:?}"),
        }
    }

    /// Gives it another name, as a desk does that asks for something new.
    pub(super) fn rename(&mut self, name: u8) {
        self.request.id = RequestId([name; 16]);
    }

    /// Signs it with a key of the forger's own, and hands it to the courier.
    pub(super) fn hand_in(mut self, room: &Room) -> Ran {
        let seed = Secret32::new([99; 32]);
        self.request.requester_key = PublicKey::of_seed(&seed);
        let id = self.request.id;
        let wire = parcel_wire(&self.request.sign(&seed), &[]);
        let path = room.path(&format!("forged-{id}"));
        write(&path, &wire, &self.sealed);
        let import = ["import", text_of(&path), "--vault", VAULT];
        room.desk(&import)
    }

    /// The same, and the stick takes it to the vault.
    pub(super) fn cross(self, room: &Room) {
        self.hand_in(room).ok();
        room.courier_plug().ok();
        room.vault_plug().ok();
    }
}

fn write(path: &Path, parcel: &[u8], sealed: &[u8]) {
    let len = u32::try_from(parcel.len()).unwrap().to_be_bytes();
    fs::write(path, [MAGIC, &len, parcel, sealed].concat()).unwrap();
}

/// What a request's file begins with.
const MAGIC: &[u8] = b"causeway request file 1\n";
