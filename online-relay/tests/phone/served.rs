//! What the server gives out under `/phone/`.

use std::path::Path;
use std::process::Command;

use crate::common::TestRelay;

const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; \
     connect-src 'self'; style-src 'self'; img-src 'self' blob:; \
     media-src 'self' blob: mediastream:; manifest-src 'self'; worker-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The page without its decoder, which comes from a package.
fn page(folder: &Path) {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("phone/src");
    std::fs::create_dir_all(folder.join("zxing/full")).unwrap();
    for entry in std::fs::read_dir(sources).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
    }
    for name in [
        "full/index.js",
        "share.js",
        "full/zxing_full.wasm",
        "LICENSE",
    ] {
        std::fs::write(folder.join("zxing").join(name), b"stands for it").unwrap();
    }
}

fn relay_with_page() -> (TestRelay, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    page(folder.path());
    let path = folder.path().to_owned();
    let relay = TestRelay::start_with(|config| config.phone_page = Some(path));
    (relay, folder)
}

#[test]
fn every_answer_allows_the_page_nothing_but_itself() {
    let (relay, _folder) = relay_with_page();
    let bare = TestRelay::start();
    for answer in [
        relay.call("GET", "/phone/", &[], b""),
        relay.call("GET", "/phone/worker.js", &[], b""),
        relay.call("GET", "/phone/no-such-file", &[], b""),
        relay.call("GET", "/phone/%ff", &[], b""),
        relay.call("POST", "/phone/", &[], b""),
        relay.call("GET", "/phone", &[], b""),
        bare.call("GET", "/phone/", &[], b""),
    ] {
        for (name, value) in [
            ("content-security-policy", POLICY),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-embedder-policy", "require-corp"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{}", answer.head);
        }
        assert!(answer.header("date").is_none() && answer.header("set-cookie").is_none());
    }
}

#[test]
fn files_of_the_list_are_served_with_their_types_and_no_others() {
    let (relay, folder) = relay_with_page();
    std::fs::write(folder.path().join("secret.txt"), b"not of the page").unwrap();
    for (path, kind) in [
        ("", "text/html; charset=utf-8"),
        ("index.html", "text/html; charset=utf-8"),
        ("app.js", "text/javascript; charset=utf-8"),
        ("manifest.webmanifest", "application/manifest+json"),
        ("zxing/full/zxing_full.wasm", "application/wasm"),
    ] {
        let answer = relay.call("GET", &format!("/phone/{path}"), &[], b"");
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("content-type"), Some(kind), "{path}");
    }
    for path in [
        "secret.txt",
        "../relay-key",
        "%2e%2e/relay-key",
        "..%2frelay-key",
        "zxing/",
        "APP.JS",
        "app.js/",
        "%ff",
    ] {
        let answer = relay.call("GET", &format!("/phone/{path}"), &[], b"");
        assert_eq!(answer.status, 404, "{path}");
    }
    assert_eq!(relay.call("POST", "/phone/", &[], b"").status, 405);
    let moved = relay.call("GET", "/phone", &[], b"");
    assert_eq!(
        (moved.status, moved.header("location")),
        (308, Some("phone/"))
    );
}

#[test]
fn a_file_that_the_browser_has_is_not_sent_again() {
    let (relay, _folder) = relay_with_page();
    let answer = relay.call("GET", "/phone/app.js", &[], b"");
    let tag = answer.header("etag").unwrap();
    let again = relay.call("GET", "/phone/app.js", &[("if-none-match", tag)], b"");
    assert_eq!((again.status, again.body.len()), (304, 0));
    let other = relay.call("GET", "/phone/view.js", &[("if-none-match", tag)], b"");
    assert_eq!(other.status, 200);
}

#[test]
fn a_relay_without_the_page_says_so() {
    let relay = TestRelay::start();
    let answer = relay.call("GET", "/phone/", &[], b"");
    assert_eq!(answer.status, 404);
    assert!(String::from_utf8_lossy(&answer.body).contains("has not installed the phone page"));
}

#[test]
fn a_page_that_is_not_whole_is_refused_before_serving() {
    let (folder, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    page(folder.path());
    std::fs::remove_file(folder.path().join("carry.js")).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_online-relay"))
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(data.path())
        .arg("--phone-page")
        .arg(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("error [phone-page-unreadable]"), "{text}");
    assert!(text.contains("carry.js"), "{text}");
}
