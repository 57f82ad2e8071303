//! OpenPGP signatures that are good and yet not what was asked for, and keys that have changed.

use signing_format::reply::Reply;

use super::keys::GnuPg;
use super::world::{World, done, finish_code, text};

const USER_ID: &str = "Amina <amina@example.org>";

#[test]
fn a_signature_over_text_is_not_taken_for_one_over_bytes() {
    // This process can check neither of the two by itself.
    for (algorithm, digest) in [("rsa2048", "SHA512"), ("ed25519", "SHA256")] {
        let mut world = World::new();
        let gnupg = GnuPg::new(algorithm, USER_ID);
        world.add_key("amina", &gnupg.certificate());
        let file = world.write("notes.txt", b"one\r\ntwo\n");
        let id = world.ask(&file, &["--key", "amina"]);
        world.carry_out();
        let digest = format!("--digest-algo={digest}");
        let options = [digest.as_str(), "--armor", "--detach-sign"];
        let of_text = [&["--textmode"], options.as_slice()].concat();
        let parcel = world.vault.last();
        let lie = gnupg.run(&of_text, b"one\r\ntwo\n");
        world.vault.reply(&parcel, &Reply::File(lie));
        let trip = world.carry_back();
        assert_eq!(finish_code(&trip), "signature-wrong", "{}", text(&trip));
        assert_eq!(world.state(&id), "failed");
        assert!(!world.path("notes.txt.asc").exists());

        world.ask(&file, &["--key", "amina"]);
        world.carry_out();
        let parcel = world.vault.last();
        let honest = gnupg.run(&options, b"one\r\ntwo\n");
        world.vault.reply(&parcel, &Reply::File(honest));
        done(&world.carry_back());
        assert!(world.path("notes.txt.asc").exists());
    }
}

#[test]
fn a_reply_by_a_rotated_key_waits_for_the_new_certificate() {
    let mut world = World::new();
    let gnupg = GnuPg::new("ed25519", USER_ID);
    world.add_key("amina", &gnupg.certificate());
    let file = world.write("notes.txt", b"text");
    let id = world.ask(&file, &["--key", "amina"]);
    world.carry_out();
    let add = ["--quick-add-key", &gnupg.fingerprint(), "ed25519", "sign"];
    gnupg.run(&add, b"");
    let parcel = world.vault.last();
    let signature = gnupg.sign(b"text");
    world.vault.reply(&parcel, &Reply::File(signature));
    let trip = world.carry_back();
    assert_eq!(finish_code(&trip), "signature-other-key");
    assert_eq!(world.state(&id), "replied");

    world.add_key("new", &gnupg.certificate());
    let listed = world.json(&["desk", "key", "list"]);
    let keys = listed["keys"].as_array().unwrap();
    assert_eq!((keys.len(), keys[0]["name"].as_str()), (1, Some("amina")));
    done(&world.run(&["desk", "finish", &id]));
    assert!(world.path("notes.txt.asc").exists());
}
