//! Spaces as people use them: several vaults, folders for sticks, couriers and a relay, and
//! nothing but the programs that are shipped.

mod attackers;
mod canaries;
mod clones;
mod content;
mod deletion;
mod kills;
mod laptops;
mod organisations;
mod removal;
mod spaces;
mod unlinkable;

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use serde_json::Value;
use tempfile::TempDir;

use crate::people::{Relay, Site, text_of};

/// Several people, each with a vault. They know and are paired with whom the test says.
struct Team {
    sites: Vec<Site>,
    relay: Option<Relay>,
    /// Where couriers reach it.
    relay_url: String,
    /// Bundles may come for a vault or a space that is not there any more. They are refused, and
    /// nothing else is.
    expects_stale: Cell<bool>,
    dir: TempDir,
}

impl Team {
    /// People with vaults, who do not know each other yet.
    fn of<const COUNT: usize>(names: [&str; COUNT]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path();
        let sites = thread::scope(|scope| {
            let made = names.map(|name| {
                scope.spawn(move || Site::new(folder, name, &format!("four words of {name}")))
            });
            made.map(|site| site.join().unwrap())
        });
        Self {
            sites: sites.into(),
            relay: None,
            relay_url: String::new(),
            expects_stale: Cell::new(false),
            dir,
        }
    }

    /// Everybody knows the first and is paired with them, and nobody knows anybody else.
    fn around_the_first<const COUNT: usize>(names: [&str; COUNT]) -> Self {
        let team = Self::of(names);
        for other in 1..COUNT {
            team.pair(0, other);
        }
        team
    }

    fn site(&self, at: usize) -> &Site {
        &self.sites[at]
    }

    /// Two people compare their words and pair their vaults.
    fn pair(&self, one: usize, other: usize) {
        let (first, second) = (self.site(one), self.site(other));
        first.meet(second);
        second.meet(first);
        first.pair_vault(second);
        fs::create_dir(self.stick(one, other)).unwrap();
    }

    /// The stick that goes between two vaults.
    fn stick(&self, one: usize, other: usize) -> PathBuf {
        let (low, high) = (one.min(other), one.max(other));
        self.dir.path().join(format!("stick{low}{high}"))
    }

    /// The stick goes from one to the other and back.
    fn cross(&self, one: usize, other: usize) {
        let stick = self.stick(one, other);
        for at in [one, other, one] {
            let crossed = self.site(at).vault_sync(&stick);
            if crossed.exit != 0 && self.expects_stale.get() {
                crossed.failed(3, "bundles-refused");
            } else {
                crossed.ok();
            }
        }
    }

    /// Sticks go between the first and everybody else until nothing is left to say.
    fn settle(&self) {
        for _ in 0..ROUNDS {
            for other in 1..self.sites.len() {
                if self.stick(0, other).exists() {
                    self.cross(0, other);
                }
            }
        }
    }

    /// An invitation, its answer and the first bundle, over the stick between two.
    fn admit(&self, inviter: usize, guest: usize, space: &str, role: &str) {
        let (host, site) = (self.site(inviter), self.site(guest));
        host.invite(space, site, role);
        self.cross(inviter, guest);
        site.join_newest(&[]);
        self.cross(guest, inviter);
        assert_eq!(site.space_state(space), "member", "{}", site.name);
    }

    /// A space of the first, into which the others came with these roles.
    fn space(&self, space: &str, roles: &[&str]) {
        self.site(0).create_space(space, &[]);
        for (at, role) in roles.iter().enumerate() {
            self.admit(0, at + 1, space, role);
        }
        self.settle();
    }

    /// A relay, and for everybody a courier that serves it. `url_of` gives the address under
    /// which it is reached, perhaps through somebody.
    fn with_relay(&mut self, url_of: impl FnOnce(&Relay) -> String) {
        let relay = Relay::start(&self.dir.path().join("relay"), &[]);
        self.relay_url = url_of(&relay);
        for site in &self.sites {
            site.pair_courier(&self.relay_url);
        }
        self.relay = Some(relay);
    }

    /// A new invitation of the relay's operator; no two mailboxes have the same one.
    fn relay_invitation(&self, name: &str) -> PathBuf {
        let path = self.dir.path().join(format!("{name}-invitation"));
        let relay = self.relay.as_ref().unwrap();
        relay.invite(&self.relay_url, &path);
        path
    }

    /// Everybody's courier opens the mailboxes. Whoever is first has bundles for others that are
    /// not open yet, and says so.
    fn open_mailboxes(&self) {
        for site in &self.sites {
            site.vault_sync(&site.stick()).ok();
            site.courier_sync(&site.stick()).exits(&[0, 1]);
        }
    }

    /// Everybody's courier makes the trip out and in, so often that answers arrive.
    fn courier_rounds(&self, rounds: usize) {
        for _ in 0..rounds {
            for site in &self.sites {
                site.carry_out();
            }
            for site in &self.sites {
                site.carry_in();
            }
        }
    }

    /// A file with these bytes, beside the vaults.
    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    /// All of these see the same members, messages, files and states.
    fn agree(&self, space: &str, sites: &[usize]) {
        let views: Vec<Value> = sites
            .iter()
            .map(|at| self.site(*at).view_of(space))
            .collect();
        for (at, view) in sites.iter().zip(&views) {
            assert_eq!(*view, views[0], "{} differs", self.site(*at).name);
        }
        let writer = self.site(sites[0]);
        writer.vault(&["space", "checkpoint", space]).ok();
        self.settle();
        let shown = writer.vault(&["space", "show", space]).ok();
        let newest = &shown["checkpoints"][0];
        assert_eq!(newest["contradicted"], serde_json::json!([]), "{newest}");
        assert_eq!(newest["open"], serde_json::json!([]), "{newest}");
    }
}

impl Site {
    /// What others call this person's contact.
    fn nickname(&self) -> String {
        self.name.to_lowercase()
    }

    /// Shows a pairing code here and types it there.
    fn pair_vault(&self, other: &Self) {
        let (here, there) = (self.nickname(), other.nickname());
        let show = ["pair", "show", "--name", &there, "--contact", &there];
        let shown = self.vault(&show).ok();
        let words: Vec<&str> = strings(&shown["code"]);
        let file = other.secret_file("vault-pairing-words", &words.join(" "));
        let typed = ["pair", "type", "--name", &here, "--contact", &here];
        let typed = [&typed[..], &["--code-file", text_of(&file)]].concat();
        other.vault(&typed).ok();
    }

    /// Begins a space, with mailboxes of its own where there are invitations for them.
    fn create_space(&self, space: &str, relays: &[&Path]) {
        let create = ["space", "create", space, "--as", &self.name];
        self.vault(&with_relays(&create, relays)).ok();
    }

    fn invite(&self, space: &str, guest: &Self, role: &str) {
        let (guest, role) = (guest.nickname(), ["--role", role]);
        let invite = ["space", "invite", space, "--to", &guest];
        self.vault(&[&invite[..], &role].concat()).ok();
    }

    /// Accepts the newest invitation that came.
    fn join_newest(&self, relays: &[&Path]) {
        let listed = self.vault(&["space", "list"]).ok();
        let invitations = listed["invitations"].as_array().unwrap();
        let numbers = invitations
            .iter()
            .map(|it| it["invitation"].as_i64().unwrap());
        let number = numbers.max().unwrap_or_else(|| panic!("{listed}"));
        let number = number.to_string();
        let join = ["space", "join", &number, "--as", &self.name];
        self.vault(&with_relays(&join, relays)).ok();
    }

    /// What `space list` says of a space.
    fn space_line(&self, space: &str) -> Value {
        let listed = self.vault(&["space", "list"]).ok();
        let spaces = listed["spaces"].as_array().unwrap();
        let found = spaces.iter().find(|it| it["space"] == space);
        found.unwrap_or_else(|| panic!("{listed}")).clone()
    }

    fn space_state(&self, space: &str) -> String {
        let line = self.space_line(space);
        line["state"].as_str().unwrap().to_owned()
    }

    /// Writes a message and returns its reference in this vault.
    fn say(&self, space: &str, text: &str) -> String {
        let sent = self.vault(&["message", "send", space, &format!("--message={text}")]);
        sent.ok()["item"].as_str().unwrap().to_owned()
    }

    /// The messages of a space as far as they have effect and are not deleted, by text.
    fn said(&self, space: &str) -> Vec<String> {
        let list = self.message_list(space);
        let lines = list.iter().filter(|line| !line["author"].is_null());
        let texts = lines.map(|line| line["summary"].as_str().unwrap_or_default().to_owned());
        let mut texts: Vec<String> = texts.collect();
        texts.sort();
        texts
    }

    fn message_list(&self, space: &str) -> Vec<Value> {
        let list = self.vault(&["message", "list", space]).ok();
        list["messages"].as_array().unwrap().clone()
    }

    /// The files of a space.
    fn file_list(&self, space: &str) -> Vec<Value> {
        let list = self.vault(&["file", "list", space]).ok();
        list["files"].as_array().unwrap().clone()
    }

    /// Everybody who is or was a member.
    fn members(&self, space: &str) -> Vec<Value> {
        let list = self.vault(&["member", "list", space]).ok();
        list["members"].as_array().unwrap().clone()
    }

    /// The role of somebody in a space, in this vault's view; empty without one.
    fn role_of(&self, space: &str, name: &str) -> String {
        let members = self.members(space);
        let found = members.iter().find(|member| member["name"] == name);
        let found = found.unwrap_or_else(|| panic!("{name} is not in {members:?}"));
        found["role"].as_str().unwrap_or_default().to_owned()
    }

    /// What two vaults with the same knowledge show alike.
    fn view_of(&self, space: &str) -> Value {
        let mut members: Vec<String> = self
            .members(space)
            .iter()
            .map(|it| format!("{} {} {}", it["id"], it["name"], it["role"]))
            .collect();
        members.sort();
        let line_of = |it: &Value, what: &str| format!("{} {}", it["id"], it[what]);
        let messages = self.message_list(space);
        let mut messages: Vec<String> = messages
            .iter()
            .map(|it| format!("{} {}", line_of(it, "summary"), it["versions"]))
            .collect();
        messages.sort();
        let files = self.file_list(space);
        let mut files: Vec<String> = files
            .iter()
            .map(|it| {
                let missing = &it["missing_pieces"];
                format!("{} {} {missing}", line_of(it, "path"), it["bytes"])
            })
            .collect();
        files.sort();
        serde_json::json!({ "members": members, "messages": messages, "files": files })
    }

    /// Everything that `explain` and `sync` and `space show` say is missing of a space.
    fn missing(&self, space: &str) -> Value {
        self.vault(&["space", "show", space]).ok()["missing"].clone()
    }
}

fn with_relays<'a>(arguments: &[&'a str], relays: &[&'a Path]) -> Vec<&'a str> {
    let relays = relays.iter().flat_map(|file| ["--relay", text_of(file)]);
    arguments.iter().copied().chain(relays).collect()
}

/// An array of texts.
fn strings(array: &Value) -> Vec<&str> {
    let array = array.as_array().unwrap().iter();
    array.map(|it| it.as_str().unwrap()).collect()
}

/// Crossings after which everybody has everything: out, on to the others, and the answers back.
const ROUNDS: usize = 2;
