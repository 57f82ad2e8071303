//! What a new key for 300 devices costs, beside what others would pay.
//!
//! `cargo bench -p team-core --bench rekey` prints bytes, which are the same each time, and the
//! least CPU time of one thread in several runs. The peers, on the same machine in the same run:
//! the bare HPKE operation with X-Wing that each wrap rests on, and the X25519 recipients of age,
//! which are not safe against a quantum computer.

#![allow(
    clippy::unwrap_used,
    reason = "a measurement that cannot go on must stop"
)]

use std::hint::black_box;
use std::time::Duration;

use bundle_format::identity::{DecapsulationKey, EncapsulationKey, Identity};
use bundle_format::random::HedgedRng;
use chacha20poly1305::aead::{Aead as _, KeyInit as _};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use hkdf::Hkdf;
use hpke::aead::ChaCha20Poly1305 as HpkeAead;
use hpke::kdf::KdfShake256;
use hpke::kem::XWing;
use hpke::{Deserializable as _, Kem, OpModeS};
use pack_format::secret::Secret32;
use rustix::time::{ClockId, clock_gettime};
use sha2::Sha256;
use team_core::control::{Control, encode_operations};
use team_core::epoch::{Binding, Recipient, mint, unwrap};
use team_core::ids::{CompartmentId, DeviceId, EpochId, OperationId, SegmentHash, SpaceId};
use team_core::segment::{HeaderFields, Kind};
use x25519_dalek::{PublicKey, StaticSecret};

const DEVICES: u64 = 300;
const RUNS: usize = 7;
const SPACE: SpaceId = SpaceId([1; 32]);

struct Device {
    id: DeviceId,
    prekey: DecapsulationKey,
    public: EncapsulationKey,
}

fn main() {
    let devices: Vec<_> = (0..DEVICES).map(device).collect();
    let bytes = rekey(&devices);
    let ours = least(|| rekey(&devices));
    let bare = bare_hpke(&devices);
    let age = age_x25519();
    println!("a new key for {DEVICES} devices, least CPU time of {RUNS} runs");
    println!(
        "segments, signed and encoded: {bytes} bytes, {:.1} ms",
        millis(ours)
    );
    line("HPKE with X-Wing alone", DEVICES * 1168, bare, ours);
    line("age, X25519 recipients", DEVICES * (32 + 32), age, ours);
    let one = unwrap_one(&devices);
    println!("getting the key out of one wrap: {:.3} ms", millis(one));
    assert!(bytes <= 360_000);
}

fn line(peer: &str, bytes: u64, time: Duration, ours: Duration) {
    let ratio = ours.as_secs_f64() / time.as_secs_f64();
    println!(
        "{peer}: {bytes} bytes, {:.1} ms; ours takes {ratio:.2} times that",
        millis(time)
    );
}

fn device(number: u64) -> Device {
    let mut rng = rng(1 << 32 | number);
    let prekey = DecapsulationKey::from_seed(rng.secret());
    Device {
        id: DeviceId(Identity::from_seed(rng.secret()).key().0),
        public: prekey.encapsulation_key(),
        prekey,
    }
}

fn recipients(devices: &[Device]) -> Vec<Recipient<'_>> {
    let recipients = devices.iter().map(|device| Recipient {
        device: device.id,
        prekey_number: 1,
        prekey: &device.public,
    });
    recipients.collect()
}

/// Everything that the author does: mint, wrap, encode, hash, sign. Returns the bytes.
fn rekey(devices: &[Device]) -> usize {
    let author = Identity::from_seed(Secret32::new([9; 32]));
    let recipients = recipients(devices);
    let minted = mint(SPACE, CompartmentId::WHOLE, &recipients, &mut rng(1));
    let mut bytes = 0;
    let mut previous = SegmentHash([0; 32]);
    let mut write = |operation: Control, number: u64| {
        let payload = encode_operations(&[operation]);
        let fields = HeaderFields {
            device: DeviceId(author.key().0),
            number,
            previous,
            deps: Vec::new(),
            claimed_at: 0,
            kind: Kind::Control,
            payload_bytes: u32::try_from(payload.len()).unwrap(),
            payload_hash: *blake3::hash(&payload).as_bytes(),
        };
        let header = fields.sign(SPACE, &author);
        previous = header.hash();
        bytes += header.to_wire().len() + payload.len();
        previous
    };
    let segment = write(Control::Epoch(minted.epoch.clone()), 1);
    let epoch = EpochId::of(OperationId { segment, index: 0 });
    for (share, number) in minted.into_shares(epoch).into_iter().zip(2..) {
        write(Control::ShareEpoch(share), number);
    }
    bytes
}

fn unwrap_one(devices: &[Device]) -> Duration {
    let minted = mint(
        SPACE,
        CompartmentId::WHOLE,
        &recipients(devices),
        &mut rng(1),
    );
    let binding = Binding {
        space: SPACE,
        compartment: CompartmentId::WHOLE,
        commitment: minted.key.commitment(),
    };
    let wrap = minted.epoch.wraps.first().unwrap();
    let device = devices
        .iter()
        .find(|device| wrap.is_for(device.id))
        .unwrap();
    least(|| unwrap(wrap, &binding, device.id, |_| Some(&device.prekey)).is_ok())
}

/// One encapsulation and one sealed key for each device, and nothing around it.
fn bare_hpke(devices: &[Device]) -> Duration {
    let keys = devices
        .iter()
        .map(|device| <XWing as Kem>::PublicKey::from_bytes(device.public.as_bytes()).unwrap());
    let keys: Vec<_> = keys.collect();
    least(|| {
        let mut rng = rng(2);
        for key in &keys {
            let (encapsulated, mut context) = hpke::setup_sender_with_rng::<
                HpkeAead,
                KdfShake256,
                XWing,
            >(&OpModeS::Base, key, b"peer", &mut rng)
            .unwrap();
            black_box((encapsulated, context.seal(&[7; 32], b"").unwrap()));
        }
    })
}

/// age.md, "The X25519 recipient type": a share, HKDF-SHA-256, ChaCha20-Poly1305 of a file key of
/// 16 bytes.
fn age_x25519() -> Duration {
    let keys: Vec<_> = (0..DEVICES)
        .map(|number| PublicKey::from(&StaticSecret::from(*rng(number).secret().expose())))
        .collect();
    least(|| {
        let mut rng = rng(3);
        for key in &keys {
            let ephemeral = StaticSecret::from(*rng.secret().expose());
            let share = PublicKey::from(&ephemeral);
            let salt = [share.as_bytes().as_slice(), key.as_bytes()].concat();
            let shared = ephemeral.diffie_hellman(key);
            let mut wrap_key = [0; 32];
            Hkdf::<Sha256>::new(Some(&salt), shared.as_bytes())
                .expand(b"age-encryption.org/v1/X25519", &mut wrap_key)
                .unwrap();
            let cipher = ChaCha20Poly1305::new((&wrap_key).into());
            let body = cipher.encrypt(&Nonce::from([0; 12]), [7; 16].as_slice());
            black_box((share, body.unwrap()));
        }
    })
}

fn rng(counter: u64) -> HedgedRng {
    HedgedRng::new(&Secret32::new([1; 32]), &Secret32::new([2; 32]), counter)
}

fn least<T>(mut run: impl FnMut() -> T) -> Duration {
    let times = (0..RUNS).map(|_| {
        let before = cpu_time();
        black_box(run());
        cpu_time().saturating_sub(before)
    });
    times.min().unwrap_or_default()
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// CPU time of this thread: other programs on the machine do not count.
fn cpu_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(now).unwrap_or_default()
}
