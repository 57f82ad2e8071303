//! The bytes of a space, as the tables of spec/team.md say them: every field open to be wrong.

use bundle_format::identity::{DecapsulationKey, Identity};
use pack_format::secret::Secret32;

/// A device of the vectors: a key that everybody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Device(pub(super) u8);

pub(super) const AMINA: Device = Device(11);
pub(super) const BILAL: Device = Device(12);
pub(super) const CAROL: Device = Device(13);
pub(super) const DAVID: Device = Device(14);
pub(super) const ESRA: Device = Device(15);
/// The second device of somebody.
pub(super) const SECOND: Device = Device(22);

impl Device {
    pub(super) fn identity(self) -> Identity {
        Identity::from_seed(Secret32::new([self.0; 32]))
    }

    pub(super) fn id(self) -> [u8; 32] {
        self.identity().key().0
    }
}

/// The one prekey of all vectors.
pub(super) fn prekey() -> Vec<u8> {
    let key = DecapsulationKey::from_seed(Secret32::new(PREKEY_SEED));
    key.encapsulation_key().as_bytes().to_vec()
}

/// The seed of the one prekey.
pub(super) const PREKEY_SEED: [u8; 32] = [110; 32];

/// The space of the vectors whose operations are not looked at.
pub(super) const SPACE: [u8; 32] = [99; 32];

/// A length as u16 and the bytes.
pub(super) fn text(text: &[u8]) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap().to_be_bytes();
    [&length, text].concat()
}

/// A count as u32.
pub(super) fn count(count: usize) -> [u8; 4] {
    u32::try_from(count).unwrap().to_be_bytes()
}

/// A count and the values.
pub(super) fn list<T: AsRef<[u8]>>(values: &[T]) -> Vec<u8> {
    let mut bytes = count(values.len()).to_vec();
    for value in values {
        bytes.extend_from_slice(value.as_ref());
    }
    bytes
}

/// Groups of seven bits, the lowest first.
pub(super) fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value > 127 {
        bytes.push(u8::try_from(value % 128).unwrap() + 128);
        value /= 128;
    }
    bytes.push(u8::try_from(value).unwrap());
    bytes
}

/// One control operation.
pub(super) fn operation(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind], count(body.len()).as_slice(), body].concat()
}

/// One mailbox.
pub(super) fn mailbox(url: &str) -> Vec<u8> {
    [text(url.as_bytes()).as_slice(), &[61; 32], &[71; 32]].concat()
}

/// Mailboxes behind their number.
pub(super) fn routes(urls: &[&str]) -> Vec<u8> {
    let mut bytes = vec![u8::try_from(urls.len()).unwrap()];
    for url in urls {
        bytes.extend(mailbox(url));
    }
    bytes
}

/// A device card with prekey number 1.
pub(super) fn card(urls: &[&str]) -> Vec<u8> {
    [&[0, 0, 0, 1], prekey().as_slice(), &routes(urls)].concat()
}

/// The fields of a segment's header.
#[derive(Clone)]
pub(super) struct Header {
    pub(super) version: u8,
    pub(super) kind: u8,
    pub(super) device: [u8; 32],
    pub(super) number: u64,
    pub(super) previous: [u8; 32],
    pub(super) dep_count: Option<u16>,
    pub(super) deps: Vec<[u8; 32]>,
    pub(super) claimed_at: u64,
    pub(super) sealing: Option<([u8; 32], [u8; 24])>,
    pub(super) payload_bytes: u32,
    pub(super) payload_hash: [u8; 32],
}

impl Header {
    /// The first control segment of a device.
    pub(super) fn control(device: Device, payload: &[u8]) -> Self {
        Self {
            version: 1,
            kind: 1,
            device: device.id(),
            number: 1,
            previous: [0; 32],
            dep_count: None,
            deps: Vec::new(),
            claimed_at: 1_700_000_000,
            sealing: None,
            payload_bytes: u32::try_from(payload.len()).unwrap(),
            payload_hash: *blake3::hash(payload).as_bytes(),
        }
    }

    /// What `change` makes of it.
    pub(super) fn but(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// The header without its signature.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let deps = u16::try_from(self.deps.len()).unwrap();
        let mut bytes = vec![self.version, self.kind];
        bytes.extend(self.device);
        bytes.extend(self.number.to_be_bytes());
        bytes.extend(self.previous);
        bytes.extend(self.dep_count.unwrap_or(deps).to_be_bytes());
        bytes.extend(self.deps.concat());
        bytes.extend(self.claimed_at.to_be_bytes());
        if let Some((epoch, salt)) = &self.sealing {
            bytes.extend(epoch);
            bytes.extend(salt);
        }
        bytes.extend(self.payload_bytes.to_be_bytes());
        bytes.extend(self.payload_hash);
        bytes
    }

    /// The header with a signature of `device` for `space` under `label`.
    pub(super) fn signed_as(&self, device: Device, space: &[u8; 32], label: &str) -> Vec<u8> {
        let header = self.bytes();
        let message = [space.as_slice(), &header].concat();
        let signature = device.identity().sign(label, &message);
        [header.as_slice(), &signature].concat()
    }

    /// The header as its device signs it.
    pub(super) fn signed(&self, device: Device, space: &[u8; 32]) -> Vec<u8> {
        self.signed_as(device, space, SEGMENT_LABEL)
    }
}

/// The label of a segment's signature.
pub(super) const SEGMENT_LABEL: &str = "causeway/team/v1 segment";

/// The name of a segment, from its signed header.
pub(super) fn segment_hash(space: &[u8; 32], signed: &[u8]) -> [u8; 32] {
    let hashed = [space.as_slice(), signed].concat();
    blake3::derive_key("causeway/team/v1 segment hash", &hashed)
}
