//! Vectors of an epoch's key, wrapped to a device.

use super::super::file::VectorFile;
use super::super::people;
use super::super::recipe::{wrapped, wrapped_with_zero_share};
use super::super::run::out_hex;
use super::wire::{BILAL, CAROL, SPACE};

/// What a wrap is bound to.
#[derive(Clone)]
struct Binding {
    space: [u8; 32],
    compartment: [u8; 16],
    commitment: [u8; 32],
    device: [u8; 32],
    prekey_number: u32,
}

const KEY: [u8; 32] = [0x6b; 32];

fn commitment() -> [u8; 32] {
    blake3::derive_key("causeway/team/v1 epoch commitment", &KEY)
}

impl Binding {
    fn new() -> Self {
        Self {
            space: SPACE,
            compartment: [0; 16],
            commitment: commitment(),
            device: BILAL.id(),
            prekey_number: 3,
        }
    }

    fn but(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn info(&self) -> Vec<u8> {
        [
            b"causeway/team/v1 wrapped key\0".as_slice(),
            &self.space,
            &self.compartment,
            &self.commitment,
            &self.device,
            &self.prekey_number.to_be_bytes(),
        ]
        .concat()
    }

    /// A wrap of `key` to Bilal's prekey.
    fn wrap(&self, key: &[u8; 32]) -> Vec<u8> {
        let reader = people::BILAL.kem_key();
        with_head(&wrapped(&reader, &self.info(), key, &mut people::rng(500)))
    }
}

/// `device prefix || prekey number || sealed key`
fn with_head(sealed: &[u8]) -> Vec<u8> {
    [&BILAL.id()[..16], &[0, 0, 0, 3], sealed].concat()
}

fn file(file: VectorFile, payload: Vec<u8>) -> VectorFile {
    file.with_hex("own-kem-seed", &people::BILAL.kem_seed())
        .with_hex("device", &BILAL.id())
        .with_hex("space-id", &SPACE)
        .with_hex("compartment", &[0; 16])
        .with_hex("commitment", &commitment())
        .bytes(payload)
}

pub(super) fn all() -> Vec<VectorFile> {
    let right = Binding::new().wrap(&KEY);
    let failure = |condition, kind, comment, payload| {
        file(
            VectorFile::failure("team_wrap", condition, kind, comment),
            payload,
        )
    };
    let bound = |condition, comment, change: &dyn Fn(&mut Binding)| {
        let payload = Binding::new().but(change).wrap(&KEY);
        failure(condition, "does-not-open", comment, payload)
    };
    let flipped = |condition, comment, at: usize| {
        let mut payload = right.clone();
        payload[at] ^= 1;
        failure(condition, "does-not-open", comment, payload)
    };
    let mut moved = right.clone();
    moved[..16].copy_from_slice(&CAROL.id()[..16]);
    let weak = wrapped_with_zero_share(&Binding::new().info(), &KEY, &mut people::rng(501));
    let success = VectorFile::success("team_wrap", "right", "A wrap that gives its key.");
    vec![
        file(success, right.clone()).with_all(vec![out_hex("key", &KEY)]),
        bound(
            "other_space",
            "A wrap of one space is none of another.",
            &|it| it.space[0] ^= 1,
        ),
        bound(
            "other_compartment",
            "A key of one compartment does not pass for another's.",
            &|it| it.compartment[0] ^= 1,
        ),
        bound(
            "other_commitment",
            "A key of one epoch does not pass for another's.",
            &|it| it.commitment[0] ^= 1,
        ),
        bound(
            "bound_to_another_device",
            "Sealed to the right prekey in the name of another device.",
            &|it| it.device = CAROL.id(),
        ),
        flipped(
            "altered_prekey_number",
            "The number of the prekey is bound.",
            19,
        ),
        flipped(
            "altered_encapsulation",
            "A bit of the ML-KEM ciphertext.",
            20,
        ),
        flipped("altered_share", "A bit of the X25519 share.", 20 + 1088),
        flipped("altered_key", "A bit of the sealed key.", 20 + 1120),
        flipped("altered_tag", "A bit of the tag.", 1187),
        failure(
            "share_zero",
            "does-not-open",
            "The X25519 half of the secret is known to everybody.",
            with_head(&weak),
        ),
        failure(
            "other_key",
            "commitment",
            "It opens, and gives another key than the epoch's.",
            Binding::new().wrap(&[0x6c; 32]),
        ),
        failure(
            "other_prefix",
            "not-for-this-device",
            "It names another device.",
            moved,
        ),
    ]
}
