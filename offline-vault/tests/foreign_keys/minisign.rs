//! Secret keys that minisign made, and ours that it reads.

use std::fs;
use std::path::Path;

use data_encoding::BASE64;
use offline_vault::foreign_keys::CostError;
use offline_vault::foreign_keys::minisign::{MinisignSecretKey, MinisignSecretKeyError};
use pack_format::advice::Advice as _;
use pack_format::secret::Secret32;
use signing_format::minisign::{
    MinisignKeyId, MinisignPublicKey, MinisignSignature, TrustedComment, UntrustedComment,
    digest_of,
};
use tempfile::TempDir;

use super::{passphrase, ran};

/// An unprotected key by minisign and its public half.
fn made() -> (TempDir, Vec<u8>, MinisignPublicKey) {
    let folder = tempfile::tempdir().unwrap();
    let args = ["-G", "-W", "-p", "key.pub", "-s", "key.sec"];
    ran(folder.path(), "minisign", &args, "");
    let (file, public) = read(folder.path());
    (folder, file, public)
}

fn read(folder: &Path) -> (Vec<u8>, MinisignPublicKey) {
    let public = fs::read_to_string(folder.join("key.pub")).unwrap();
    let file = fs::read(folder.join("key.sec")).unwrap();
    (file, MinisignPublicKey::parse(&public).unwrap())
}

fn import(file: &[u8], text: Option<&str>) -> Result<MinisignSecretKey, MinisignSecretKeyError> {
    MinisignSecretKey::import(file, text.map(passphrase).as_ref())
}

/// The second line of a key file, changed.
fn changed(file: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let text = std::str::from_utf8(file).unwrap();
    let (comment, base64) = text.trim_end().split_once('\n').unwrap();
    let mut bytes = BASE64.decode(base64.as_bytes()).unwrap();
    change(&mut bytes);
    format!("{comment}\n{}\n", BASE64.encode(&bytes)).into_bytes()
}

/// What libsodium is asked for, and what it makes of it.
struct Asked {
    operations: u64,
    memory_bytes: u64,
    log_n: u8,
    passes: u32,
}

/// One pass over a mebibyte.
const SMALL: Asked = Asked {
    operations: 32_768,
    memory_bytes: 1 << 20,
    log_n: 10,
    passes: 1,
};

/// An unprotected key file, protected with the passphrase `x` at a cost that tests can bear.
fn protected(file: &[u8], asked: &Asked) -> Vec<u8> {
    use blake2::{Blake2b256, Digest as _};
    changed(file, |bytes| {
        let sum = Blake2b256::new()
            .chain_update(b"Ed")
            .chain_update(&bytes[54..126]);
        bytes[126..158].copy_from_slice(&sum.finalize());
        bytes[2..4].copy_from_slice(b"Sc");
        bytes[6..38].copy_from_slice(&[5; 32]);
        bytes[38..46].copy_from_slice(&asked.operations.to_le_bytes());
        bytes[46..54].copy_from_slice(&asked.memory_bytes.to_le_bytes());
        let params = scrypt::Params::new(asked.log_n, 8, asked.passes).unwrap();
        let mut stream = [0; 104];
        scrypt::scrypt(b"x", &[5; 32], &params, &mut stream).unwrap();
        for (to, from) in bytes[54..].iter_mut().zip(stream) {
            *to ^= from;
        }
    })
}

/// Signs with a key file through minisign, and checks with the public half through minisign.
fn sign_and_check(folder: &Path, secret: &str, public: &MinisignPublicKey, typed: &str) {
    fs::write(folder.join("message"), "message").unwrap();
    fs::write(folder.join("ours.pub"), public.to_file()).unwrap();
    let args = ["-S", "-s", secret, "-m", "message", "-t", "t", "-c", "c"];
    ran(folder, "minisign", &args, typed);
    let args = ["-V", "-p", "ours.pub", "-m", "message"];
    ran(folder, "minisign", &args, "");
}

#[test]
fn an_unprotected_key_is_imported() {
    let (_folder, file, public) = made();
    for given in [None, Some("not needed")] {
        let key = import(&file, given).unwrap();
        assert_eq!(key.public(), public);
        assert_eq!(key.key_id(), public.key_id());
        assert_eq!(format!("{key:?}"), "[redacted]");
    }
}

#[test]
fn a_key_protected_by_minisign_is_imported_and_ours_is_accepted_by_it() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["-G", "-p", "key.pub", "-s", "key.sec"];
    ran(folder.path(), "minisign", &args, "päss word\npäss word\n");
    let (file, public) = read(folder.path());
    let none = import(&file, None).unwrap_err();
    assert_eq!(none, MinisignSecretKeyError::PassphraseNeeded);
    let key = import(&file, Some("päss word")).unwrap();
    assert_eq!(key.public(), public);

    let text = key.export(&passphrase("other word"), &[9; 32]).unwrap();
    assert_eq!(text.len(), file.len());
    fs::write(folder.path().join("ours.sec"), text.as_bytes()).unwrap();
    sign_and_check(folder.path(), "ours.sec", &public, "other word\n");
    let theirs = fs::read(folder.path().join("message.minisig")).unwrap();
    let ours = MinisignSignature::sign(
        &key.signing_key(),
        key.key_id(),
        &digest_of(b"message"),
        TrustedComment::new("t").unwrap(),
        UntrustedComment::new("c").unwrap(),
    );
    assert_eq!(ours.to_file().as_bytes(), theirs);
}

#[test]
fn the_cost_of_a_file_is_understood_as_minisign_understands_it() {
    let (folder, file, public) = made();
    let cases = [
        SMALL,
        Asked {
            operations: 0,
            ..SMALL
        },
        // Three passes over the same memory.
        Asked {
            operations: 3 * 32_768,
            passes: 3,
            ..SMALL
        },
        // Little work for the memory that is allowed: the work decides.
        Asked {
            operations: 1 << 16,
            memory_bytes: 1 << 30,
            log_n: 11,
            passes: 1,
        },
        // Not a power of two.
        Asked {
            operations: 70_000,
            memory_bytes: 3 << 19,
            log_n: 10,
            passes: 2,
        },
    ];
    for asked in cases {
        let file = protected(&file, &asked);
        fs::write(folder.path().join("small.sec"), &file).unwrap();
        sign_and_check(folder.path(), "small.sec", &public, "x\n");
        assert_eq!(import(&file, Some("x")).unwrap().public(), public);
        let wrong = import(&file, Some("y")).unwrap_err();
        assert_eq!(wrong, MinisignSecretKeyError::WrongPassphrase);
    }
}

#[test]
fn a_key_whose_passphrase_was_taken_off_is_imported() {
    let (folder, file, public) = made();
    fs::write(folder.path().join("key.sec"), protected(&file, &SMALL)).unwrap();
    let args = ["-C", "-W", "-s", "key.sec"];
    ran(folder.path(), "minisign", &args, "x\n");
    let (file, _) = read(folder.path());
    assert_eq!(import(&file, None).unwrap().public(), public);
}

#[test]
fn a_file_cannot_ask_for_endless_work_or_memory() {
    let (_folder, file, _) = made();
    let file = protected(&file, &SMALL);
    let with = |operations: u64, memory_bytes: u64| {
        let file = changed(&file, |bytes| {
            bytes[38..46].copy_from_slice(&operations.to_le_bytes());
            bytes[46..54].copy_from_slice(&memory_bytes.to_le_bytes());
        });
        match import(&file, Some("x")) {
            Err(MinisignSecretKeyError::Cost(err)) => err,
            other => panic!("{other:?}"),
        }
    };
    assert!(matches!(
        with(1 << 40, 1 << 35),
        CostError::OverMemory { .. }
    ));
    assert!(matches!(
        with(u64::MAX, u64::MAX),
        CostError::OverMemory { .. }
    ));
    assert!(matches!(with(1 << 30, 1 << 20), CostError::Passes { .. }));
    assert!(with(1 << 30, 1 << 20).next_step().contains("minisign -C"));
}

#[test]
fn a_generated_key_has_the_seed_and_the_number_that_were_given() {
    let key_id = MinisignKeyId([1, 2, 3, 4, 5, 6, 7, 8]);
    let key = MinisignSecretKey::from_seed(Secret32::new([7; 32]), key_id);
    assert_eq!(key.seed().expose(), &[7; 32]);
    assert_eq!(key.public().key_id(), key_id);
    assert_eq!(
        key.public().as_bytes(),
        key.signing_key().verifying_key().as_bytes()
    );
}

#[test]
fn a_passphrase_that_minisign_could_not_take_is_refused() {
    let key_id = MinisignKeyId([1; 8]);
    let key = MinisignSecretKey::from_seed(Secret32::new([7; 32]), key_id);
    let export = |text: &str| key.export(&passphrase(text), &[9; 32]).unwrap_err();
    assert_eq!(export(""), MinisignSecretKeyError::EmptyPassphrase);
    let long = "x".repeat(1024);
    for untypable in ["a\nb", "a\rb", long.as_str()] {
        assert_eq!(
            export(untypable),
            MinisignSecretKeyError::UntypablePassphrase
        );
    }
}

#[test]
fn each_damage_is_refused_by_its_name() {
    use MinisignSecretKeyError as E;
    let (folder, file, _) = made();
    let refused = |change: fn(&mut Vec<u8>)| import(&changed(&file, change), None).unwrap_err();
    assert!(matches!(refused(|bytes| bytes[0] = b'X'), E::Damaged(_)));
    assert!(matches!(refused(|bytes| bytes[2] = b'X'), E::Damaged(_)));
    assert!(matches!(refused(|bytes| bytes[4] = b'X'), E::Damaged(_)));
    assert!(matches!(refused(|bytes| bytes.push(0)), E::Damaged(_)));
    assert!(matches!(
        refused(|bytes| bytes.truncate(157)),
        E::Damaged(_)
    ));
    assert_eq!(refused(|bytes| bytes[157] ^= 1), E::Checksum);
    assert_eq!(refused(|bytes| bytes[62] ^= 1), E::HalvesDiffer);
    let public = fs::read(folder.path().join("key.pub")).unwrap();
    assert!(matches!(import(&public, None), Err(E::Damaged(_))));
    let twice = [file.as_slice(), &file].concat();
    for no_key in [b"", &file[1..], &twice, &[0xff; 10], &[b'x'; 70_000]] {
        assert_eq!(import(no_key, None).unwrap_err(), E::NotAKey);
    }
}

#[test]
fn no_changed_byte_gives_another_key_or_a_panic() {
    let (_folder, open, public) = made();
    let closed = protected(&open, &SMALL);
    for (file, is_protected) in [(open, false), (closed, true)] {
        for position in 0..158 {
            let flipped = changed(&file, |bytes| bytes[position] ^= 0x40);
            if let Ok(key) = import(&flipped, Some("x")) {
                assert_eq!(
                    key.public().as_bytes(),
                    public.as_bytes(),
                    "byte {position}"
                );
                // minisign leaves the checksum out of keys that it does not protect.
                assert!(!is_protected || key.public() == public, "byte {position}");
            }
            let cut = changed(&file, |bytes| bytes.truncate(position));
            assert!(import(&cut, Some("x")).is_err(), "cut at {position}");
        }
        for position in 0..file.len() {
            let mut flipped = file.clone();
            flipped[position] ^= 4;
            if let Ok(key) = import(&flipped, Some("x")) {
                assert_eq!(
                    key.public().as_bytes(),
                    public.as_bytes(),
                    "text {position}"
                );
            }
        }
    }
}
