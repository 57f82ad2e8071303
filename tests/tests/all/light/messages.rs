//! Contact cards and pairing codes by light.

use serde_json::Value;

use super::desktop::{Desktop, Theme};
use super::pair::words;
use super::screens::{run_until_escape, wait_until_ended};
use crate::people::{
    AMINA, AMINAS_PASSPHRASE, BILAL, BILALS_PASSPHRASE, Relay, Site, text_of, words_of,
};

fn contacts(site: &Site) -> Value {
    site.vault(&["contact", "list"]).ok()["contacts"].clone()
}

#[test]
fn card_is_taken_off_its_picture() {
    let dir = tempfile::tempdir().unwrap();
    let amina = Site::new(dir.path(), AMINA, AMINAS_PASSPHRASE);
    let bilal = Site::new(dir.path(), BILAL, BILALS_PASSPHRASE);
    let picture = dir.path().join("card.png");
    bilal.vault(&["card", "--qr", text_of(&picture)]).ok();
    let added = amina.vault(&["contact", "add", "--camera", text_of(&picture)]);
    assert_eq!(words(&added.ok()["words"]), words_of(&bilal));
}

#[test]
fn card_is_filmed_off_a_dark_terminal() {
    let Some(desktop) = Desktop::start_with_terminals() else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let amina = Site::new(dir.path(), AMINA, AMINAS_PASSPHRASE);
    let bilal = Site::new(dir.path(), BILAL, BILALS_PASSPHRASE);
    let showing = bilal.vault_command(&["card", "--terminal"]);
    let terminal = desktop.terminal(Theme::Dark, &showing);
    // How many pictures a code takes depends on how busy the machine is.
    let added = [60, 120, 240].iter().find_map(|picture_count| {
        let shots = dir.path().join(format!("shots-{picture_count}"));
        desktop.film(&shots, *picture_count);
        let added = amina.vault(&["contact", "add", "--camera", text_of(&shots)]);
        (added.exit == 0).then(|| added.ok())
    });
    drop(terminal);
    wait_until_ended(&bilal.vault_dir());
    assert_eq!(words(&added.unwrap()["words"]), words_of(&bilal));
    assert_eq!(contacts(&amina).as_array().unwrap().len(), 1);
}

#[test]
fn pairing_code_is_filmed_off_a_window_and_serves() {
    let Some(desktop) = Desktop::start() else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let relay = Relay::start(&dir.path().join("relay"), &[]);
    let amina = Site::new(dir.path(), AMINA, AMINAS_PASSPHRASE);
    let invitation = dir.path().join("invitation");
    relay.invite(&relay.url, &invitation);
    amina.vault(&["relay", "add", text_of(&invitation)]).ok();
    amina.courier(&["init", "--server", &relay.url]).ok();
    let shots = dir.path().join("shots");
    let arguments = ["pair", "show", "--name", "boat", "--screen", "--json"];
    let showing = amina.vault_command(&arguments);
    let shown = run_until_escape(&desktop, showing, || {
        desktop.film_until_still(&shots);
    });
    assert_eq!(shown.ok()["code"].as_array().unwrap().len(), 13);

    let arguments = ["pair", "type", "--name", "cellar", "--camera"];
    let arguments = [&arguments[..], &[text_of(&shots)]].concat();
    amina.courier(&arguments).ok();
    let wrong = ["sync", "--offline", "--camera", text_of(&shots)];
    let wrong = amina.courier(&wrong);
    wrong.failed(1, "crossing-light-nothing");
    assert!(wrong.stderr.contains("`pair type`"), "{wrong:?}");
    // The vault asks its courier for a mailbox.
    amina.vault_sync(&amina.stick()).ok();
    let taken = amina.courier_sync(&amina.stick()).ok();
    assert_eq!(taken["vaults"][0]["packs_taken"], 1, "{taken}");
}
