//! The driver: people at sites, each with a vault, a courier and a stick, and a relay between
//! them. Everything is done with the two programs that are shipped.

mod programs;
mod relay;

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use serde_json::Value;
use tempfile::TempDir;

pub(crate) use programs::{
    Chance, Ran, chance, noise, program, run, run_interrupted, run_killed, text_of,
};
pub(crate) use relay::Relay;

/// A person's two machines, and the stick that goes between them.
pub(crate) struct Site {
    pub(crate) name: String,
    pub(crate) dir: PathBuf,
}

impl Site {
    /// A vault, without a courier yet.
    pub(crate) fn new(folder: &Path, name: &str, passphrase: &str) -> Self {
        let dir = folder.join(name);
        fs::create_dir(&dir).unwrap();
        let site = Self {
            name: name.to_owned(),
            dir,
        };
        fs::create_dir(site.stick()).unwrap();
        site.secret_file("passphrase", passphrase);
        site.vault(&init_arguments(name)).ok();
        site
    }

    /// A file that only its owner can read.
    pub(crate) fn secret_file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir.join(name);
        fs::write(&path, format!("{text}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    pub(crate) fn stick(&self) -> PathBuf {
        self.dir.join("stick")
    }

    pub(crate) fn vault_dir(&self) -> PathBuf {
        self.dir.join("vault")
    }

    pub(crate) fn courier_dir(&self) -> PathBuf {
        self.dir.join("courier")
    }

    /// A command of the vault, with its answer as JSON.
    pub(crate) fn vault(&self, arguments: &[&str]) -> Ran {
        run(self.vault_command(arguments).arg("--json"))
    }

    /// A command of the vault, as a person gives it.
    pub(crate) fn vault_as_text(&self, arguments: &[&str]) -> Ran {
        run(&mut self.vault_command(arguments))
    }

    pub(crate) fn vault_command(&self, arguments: &[&str]) -> Command {
        let mut command = program("offline-vault");
        command.arg("--vault").arg(self.vault_dir());
        let passphrase = self.dir.join("passphrase");
        command.arg("--passphrase-file").arg(passphrase);
        command.args(arguments);
        command
    }

    /// A command of the courier, with its answer as JSON.
    pub(crate) fn courier(&self, arguments: &[&str]) -> Ran {
        run(&mut self.courier_command(arguments))
    }

    pub(crate) fn courier_command(&self, arguments: &[&str]) -> Command {
        let mut command = program("online-relay");
        command.args(["--json", "courier"]).args(arguments);
        command.arg("--courier").arg(self.courier_dir());
        command
    }

    /// One crossing of the vault with any folder as the stick.
    pub(crate) fn vault_sync(&self, stick: &Path) -> Ran {
        self.vault(&["sync", "--stick", text_of(stick)])
    }

    /// One trip of the courier with any folder as the stick.
    pub(crate) fn courier_sync(&self, stick: &Path) -> Ran {
        self.courier(&["sync", "--stick", text_of(stick)])
    }

    /// Out: the vault writes the stick, the courier takes it to the relay.
    pub(crate) fn carry_out(&self) {
        self.vault_sync(&self.stick()).ok();
        self.courier_sync(&self.stick()).ok();
    }

    /// In: the courier fetches, the vault takes in.
    pub(crate) fn carry_in(&self) {
        self.courier_sync(&self.stick()).ok();
        self.vault_sync(&self.stick()).ok();
    }

    /// Sends a message and returns the item's name.
    pub(crate) fn send(&self, to: &str, text: &str) -> String {
        let sent = self.vault(&["send", "--to", to, &format!("--message={text}")]);
        sent.ok()["item"].as_str().unwrap().to_owned()
    }

    /// Sends one file and returns the item's name.
    pub(crate) fn send_file(&self, to: &str, file: &Path) -> String {
        let sent = self.vault(&["send", "--to", to, text_of(file)]);
        sent.ok()["item"].as_str().unwrap().to_owned()
    }

    /// Everything in the inbox.
    pub(crate) fn inbox(&self) -> Vec<Value> {
        self.vault(&["inbox"]).ok()["items"]
            .as_array()
            .unwrap()
            .clone()
    }

    /// The texts of the messages that came, oldest first.
    pub(crate) fn messages(&self) -> Vec<String> {
        let items = self.inbox();
        let texts = items.iter().map(|item| {
            let shown = self.vault(&["show", item["item"].as_str().unwrap()]).ok();
            shown["message"].as_str().unwrap_or_default().to_owned()
        });
        texts.collect()
    }

    /// How far an item of the outbox got, for its first reader.
    pub(crate) fn state_of(&self, item: &str) -> String {
        let outbox = self.vault(&["outbox"]).ok();
        let items = outbox["items"].as_array().unwrap();
        let found = items.iter().find(|it| it["item"] == item).unwrap();
        found["readers"][0]["state"].as_str().unwrap().to_owned()
    }

    /// Keeps the card of `other` and compares the words.
    pub(crate) fn meet(&self, other: &Self) {
        self.add_card_of(other);
        let words = words_of(other);
        let nickname = other.name.to_lowercase();
        let verify = ["contact", "verify", nickname.as_str(), "--how", "by phone"];
        self.vault(&[&verify[..], &["--words", &words]].concat())
            .ok();
    }

    pub(crate) fn add_card_of(&self, other: &Self) {
        let path = other.dir.join("card.txt");
        if !path.exists() {
            other.vault(&["card", "--output", text_of(&path)]).ok();
        }
        self.vault(&["contact", "add", text_of(&path)]).ok();
    }

    /// Makes the courier and pairs it with the vault.
    pub(crate) fn pair_courier(&self, url: &str) {
        self.courier(&["init", "--server", url]).ok();
        let shown = self.vault(&["pair", "show", "--name", COURIER]).ok();
        let words = self.secret_file("pairing-words", &joined(&shown["code"]));
        let mut typing = self.courier_command(&["pair", "type", "--name", VAULT]);
        typing.args(["--code-file", "-"]).stdin(Stdio::piped());
        programs::run_with_input(&mut typing, &fs::read(words).unwrap()).ok();
    }
}

/// The eight words that a person reads out.
pub(crate) fn words_of(site: &Site) -> String {
    joined(&site.vault(&["card", "--words"]).ok()["words"])
}

fn joined(words: &Value) -> String {
    let words = words.as_array().unwrap().iter();
    let words: Vec<_> = words.map(|word| word.as_str().unwrap()).collect();
    words.join(" ")
}

/// Arguments of `init` with a passphrase hash that does not hold the tests up.
pub(crate) fn init_arguments(name: &str) -> [&str; 7] {
    let fast = ["--kdf-memory-mib", "64", "--kdf-passes", "1"];
    ["init", "--name", name, fast[0], fast[1], fast[2], fast[3]]
}

/// Two sites and a relay. The mailboxes of both are open.
pub(crate) struct World {
    pub(crate) amina: Site,
    pub(crate) bilal: Site,
    pub(crate) relay: Relay,
    pub(crate) dir: TempDir,
}

impl World {
    /// Amina and Bilal, who know each other.
    pub(crate) fn new() -> Self {
        let world = Self::of_strangers(|relay| relay.url.clone());
        world.amina.meet(&world.bilal);
        world.bilal.meet(&world.amina);
        world
    }

    /// The same, with something between the couriers and the relay: `url_of` gives the address
    /// under which it is reached.
    pub(crate) fn behind(url_of: impl FnOnce(&Relay) -> String) -> Self {
        let world = Self::of_strangers(url_of);
        world.amina.meet(&world.bilal);
        world.bilal.meet(&world.amina);
        world
    }

    /// Two people of whom neither has a card of the other.
    pub(crate) fn of_strangers(url_of: impl FnOnce(&Relay) -> String) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let relay = Relay::start(&dir.path().join("relay"), &[]);
        let url = url_of(&relay);
        let site = |name, passphrase| {
            let invitation = dir.path().join(format!("{name}-invitation"));
            relay.invite(&url, &invitation);
            let site = Site::new(dir.path(), name, passphrase);
            site.vault(&["relay", "add", text_of(&invitation)]).ok();
            site.pair_courier(&url);
            site.carry_out();
            site.vault_sync(&site.stick()).ok();
            site
        };
        let (amina, bilal) = thread::scope(|scope| {
            let amina = scope.spawn(|| site(AMINA, AMINAS_PASSPHRASE));
            let bilal = scope.spawn(|| site(BILAL, BILALS_PASSPHRASE));
            (amina.join().unwrap(), bilal.join().unwrap())
        });
        Self {
            amina,
            bilal,
            relay,
            dir,
        }
    }

    /// A file of Amina's with these bytes.
    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.dir.path().join(name);
        let mut file = fs::File::create(&path).unwrap();
        file.write_all(bytes).unwrap();
        path
    }

    /// From Amina to Bilal and the receipt back, with nobody in the way.
    pub(crate) fn round(&self) {
        self.amina.carry_out();
        self.bilal.carry_in();
        self.bilal.carry_out();
        self.amina.carry_in();
    }
}

/// Every entry of a folder, by name.
pub(crate) fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// Every file below a folder.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for path in entries(&folder) {
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Empties a stick, as somebody does who steals what is on it.
pub(crate) fn wipe(stick: &Path) {
    for path in entries(stick) {
        fs::remove_file(path).unwrap();
    }
}

/// Copies the files of a stick.
pub(crate) fn copy_stick(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for path in entries(from) {
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

pub(crate) const AMINA: &str = "Amina";
pub(crate) const BILAL: &str = "Bilal";
pub(crate) const AMINAS_PASSPHRASE: &str = "ledger violin tundra saddle";
pub(crate) const BILALS_PASSPHRASE: &str = "harbor pencil meadow copper";
/// What the vaults call their couriers.
pub(crate) const COURIER: &str = "night-ferry";
/// What the couriers call their vaults.
pub(crate) const VAULT: &str = "glass-cellar";
