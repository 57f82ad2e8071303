//! Every command is killed (SIGKILL) at points that a seed chooses and run again until it is
//! done: nothing is lost, doubled or left over, and the vault opens.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::people::{
    AMINA, AMINAS_PASSPHRASE, Chance, Ran, Site, World, chance, entries, files_below,
    init_arguments, noise, run, run_interrupted, run_killed, text_of,
};

/// Kills that have to hit each command.
const HITS: u32 = 6;
/// How many of them come early.
const EARLY_HITS: u32 = 2;
/// Tries to hit it: a command may get its work done in spite of them.
const TRIES_MAX: u32 = 24;
const LARGE_BYTES: u64 = 60_000_000;

/// Chooses the moments. Another one is another test: give it in `CAUSEWAY_SEED`.
fn seed() -> u64 {
    let given = std::env::var("CAUSEWAY_SEED").ok();
    given.map_or(20_261_122, |seed| seed.parse().unwrap())
}

/// When a kill comes: after a while, or once a folder has grown to so many bytes.
enum Moment<'a> {
    After(Duration),
    Grown(&'a Path, u64),
}

impl Moment<'_> {
    fn kill(&self, what: &str, command: &mut Command) -> Option<Ran> {
        let begun = Instant::now();
        let ran = match self {
            Self::After(delay) => run_killed(command, || begun.elapsed() >= *delay),
            Self::Grown(folder, bytes) => run_killed(command, || size_of(folder) >= *bytes),
        };
        let when = match self {
            Self::After(delay) => format!("after {delay:?}"),
            Self::Grown(_, bytes) => format!("at {bytes} bytes"),
        };
        let outcome = if ran.is_some() {
            "had ended before"
        } else {
            "killed"
        };
        println!("{what}: {outcome}, {when} (seed {})", seed());
        ran
    }
}

/// All bytes below a folder; files come and go meanwhile.
fn size_of(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(facts) if facts.is_dir() => size_of(&entry.path()),
        Ok(facts) => facts.len(),
        Err(_) => 0,
    });
    sizes.sum()
}

/// A command that is killed.
struct Job<'a> {
    what: &'a str,
    /// Within this time it opens what it works on.
    early: Duration,
    /// The folder that it fills with the large bundle.
    growing: Option<&'a Path>,
}

impl<'a> Job<'a> {
    fn vault(what: &'a str, growing: Option<&'a Path>) -> Self {
        Self {
            what,
            early: Duration::from_millis(120),
            growing,
        }
    }

    fn courier(what: &'a str, growing: &'a Path) -> Self {
        Self {
            what,
            early: Duration::from_millis(12),
            growing: Some(growing),
        }
    }

    /// A few early moments, then one in each further quarter of the work.
    fn moment(&self, hits: u32, chance: &mut Chance) -> Moment<'a> {
        let quarter = LARGE_BYTES / 4;
        match self.growing {
            Some(folder) if hits >= EARLY_HITS => {
                let from = u64::from(hits - EARLY_HITS) * quarter;
                Moment::Grown(folder, from + 1 + chance.below(quarter))
            }
            _ => {
                let early_micros = u64::try_from(self.early.as_micros()).unwrap();
                Moment::After(Duration::from_micros(chance.below(early_micros)))
            }
        }
    }

    /// Kills the command at chosen moments. `before` makes each attempt a new one where the one
    /// before got everything done; `after` looks at what a kill has left. The last run, which
    /// nobody kills, has to go well.
    fn run(
        mut self,
        command: impl Fn() -> Command,
        mut before: impl FnMut(),
        mut after: impl FnMut(),
    ) {
        let mut chance = chance(seed() ^ self.what.len() as u64);
        let mut hits = 0;
        for _ in 0..TRIES_MAX {
            if hits >= HITS {
                break;
            }
            before();
            let moment = self.moment(hits, &mut chance);
            match moment.kill(self.what, &mut command()) {
                None => hits += 1,
                Some(ran) => {
                    assert_eq!(ran.exit, 0, "{}: {ran:#?}", self.what);
                    // What was to grow has grown.
                    self.growing = None;
                }
            }
            after();
        }
        assert!(hits >= HITS, "{}: only {hits} kills hit it", self.what);
        before();
        let last = run(&mut command());
        assert_eq!(last.exit, 0, "{}: {last:#?}", self.what);
        after();
    }
}

fn nothing() {}

/// A stick holds whole parts, whatever happened to the programs.
fn no_leftovers(stick: &Path) {
    let left = entries(stick);
    let is_part = |path: &&std::path::PathBuf| path.extension().is_some_and(|it| it == "part");
    assert_eq!(left.iter().find(is_part), None, "{left:?}");
}

/// The bundles that a vault has as files, and that no other file is left there.
fn bundle_files(site: &Site) -> usize {
    // Opening it tidies up.
    site.vault(&["status"]).ok();
    let spooled = files_below(&site.vault_dir().join("spool"));
    assert_eq!(spooled, Vec::<std::path::PathBuf>::new());
    let known = ["bundles", "lock", "spool", "vault.db", "vault.key"];
    for path in entries(&site.vault_dir()) {
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(known.contains(&name), "left over: {}", path.display());
    }
    entries(&site.vault_dir().join("bundles")).len()
}

#[test]
fn init_that_is_killed_can_be_run_again() {
    let dir = tempfile::tempdir().unwrap();
    let site = Site {
        name: "Nadia".to_owned(),
        dir: dir.path().join("nadia"),
    };
    fs::create_dir(&site.dir).unwrap();
    site.secret_file("passphrase", AMINAS_PASSPHRASE);
    let made = |site: &Site| site.vault_dir().join("vault.key").exists();
    let renew = || {
        if made(&site) {
            fs::remove_dir_all(site.vault_dir()).unwrap();
        }
    };
    let arguments = init_arguments("Nadia");
    let command = || site.vault_command(&arguments);
    Job::vault("init", None).run(command, renew, nothing);
    assert_eq!(bundle_files(&site), 0);
    assert_eq!(site.vault(&["status"]).ok()["name"], "Nadia");
}

#[test]
fn a_killed_change_of_the_passphrase_leaves_the_old_or_the_new_one() {
    let dir = tempfile::tempdir().unwrap();
    let site = Site::new(dir.path(), AMINA, AMINAS_PASSPHRASE);
    let other = site.secret_file("other", "another one with four words");
    let passphrase = site.dir.join("passphrase");
    let opens = || {
        let opened = site.vault(&["status"]);
        opened.exits(&[0, 3]);
        opened.exit == 0
    };
    let exchange = || {
        fs::rename(&passphrase, site.dir.join("x")).unwrap();
        fs::rename(&other, &passphrase).unwrap();
        fs::rename(site.dir.join("x"), &other).unwrap();
    };
    let change = || {
        let arguments = [
            "change-passphrase",
            "--new-passphrase-file",
            text_of(&other),
        ];
        site.vault_command(&arguments)
    };
    // Whichever of the two is in force becomes the first.
    let settle = || {
        if !opens() {
            exchange();
            assert!(opens(), "neither passphrase opens the vault");
        }
    };
    Job::vault("change-passphrase", None).run(change, nothing, settle);
    assert_eq!(bundle_files(&site), 0);
}

/// One large bundle on its way through everything, with every program on it killed again and
/// again.
#[test]
fn a_large_bundle_crosses_once_although_every_program_is_killed_on_the_way() {
    let world = World::new();
    let bytes = noise(seed(), usize::try_from(LARGE_BYTES).unwrap());
    let large = world.file("large.tar", &bytes);
    sends(&world, &large);
    writes_the_stick(&world);
    courier_takes_in(&world);
    uploads(&world);
    downloads(&world);
    courier_writes_the_stick(&world);
    vault_takes_in(&world);
    saves(&world, &bytes);
    world.round();
    world.round();
    assert_eq!(world.amina.state_of("out-1"), "Confirmed (signed receipt)");
    assert_eq!(world.bilal.inbox().len(), 1);
    assert_eq!(bundle_files(&world.amina), 0, "the sender's copy is freed");
    assert_eq!(bundle_files(&world.bilal), 1);
    for site in [&world.amina, &world.bilal] {
        no_leftovers(&site.stick());
        offline(site);
        let kept = ["blobs", "incoming"].map(|name| files_below(&site.courier_dir().join(name)));
        assert!(kept.concat().is_empty(), "{kept:?}");
    }
}

#[test]
fn a_relay_that_is_killed_during_uploads_stores_once() {
    let mut world = World::new();
    let bytes = noise(seed() + 1, usize::try_from(LARGE_BYTES).unwrap());
    world
        .amina
        .send_file("bilal", &world.file("large.tar", &bytes));
    world.amina.vault_sync(&world.amina.stick()).ok();
    offline(&world.amina);
    uploads_to_a_relay_that_is_killed(&mut world);
    let stored = files_below(&world.relay.data.join("blobs"));
    assert_eq!(stored.len(), 1, "{stored:?}");
    world.round();
    assert_eq!(world.bilal.inbox().len(), 1);
    assert_eq!(world.amina.state_of("out-1"), "Confirmed (signed receipt)");
}

fn uploads_to_a_relay_that_is_killed(world: &mut World) {
    let mut chance = chance(seed());
    for hit in 0..HITS {
        let step = LARGE_BYTES / u64::from(HITS);
        let moment = u64::from(hit) * step + chance.below(step);
        let (amina, relay) = (&world.amina, &mut world.relay);
        let exit = thread::scope(|scope| {
            let courier = scope.spawn(|| amina.courier(&["sync"]));
            while !courier.is_finished() && size_of(&relay.data) < moment {
                thread::sleep(Duration::from_millis(1));
            }
            relay.kill();
            courier.join().unwrap().exit
        });
        println!(
            "serve: killed at {moment} bytes (seed {}), courier {exit}",
            seed()
        );
        assert!(exit == 0 || exit == 1, "{exit}");
        relay.start_again(&[]);
    }
    world.amina.courier(&["sync"]).ok();
}

#[test]
fn ctrl_c_ends_a_command_in_order_and_nothing_is_lost() {
    let world = World::new();
    let (amina, bilal) = (&world.amina, &world.bilal);
    let bytes = noise(seed() + 2, usize::try_from(LARGE_BYTES).unwrap());
    let large = world.file("large.tar", &bytes);
    let bundles = amina.vault_dir().join("bundles");
    let send = ["send", "--to", "bilal", text_of(&large)];
    interrupted(&mut amina.vault_command(&send), &bundles);
    assert_eq!(bundle_files(amina), 0);
    amina.vault(&send).ok();
    interrupted(&mut sync_command(amina), &amina.stick());
    run(&mut sync_command(amina)).exits(&[0]);
    let blobs = amina.courier_dir().join("blobs");
    interrupted(&mut offline_command(amina), &blobs);
    offline(amina);
    interrupted(&mut amina.courier_command(&["sync"]), &world.relay.data);
    amina.courier(&["sync"]).ok();
    let incoming = bilal.courier_dir().join("incoming");
    interrupted(&mut bilal.courier_command(&["sync"]), &incoming);
    bilal.courier(&["sync"]).ok();
    offline(bilal);
    interrupted(&mut sync_command(bilal), &bilal.vault_dir().join("bundles"));
    world.round();
    assert_eq!(bilal.inbox().len(), 1);
    assert_eq!(amina.state_of("out-1"), "Confirmed (signed receipt)");
    let saved = world.dir.path().join("saved");
    let save = ["save", "in-1", "--to", text_of(&saved)];
    interrupted(&mut bilal.vault_command(&save), &saved);
    assert_eq!(entries(&saved), Vec::<std::path::PathBuf>::new());
    bilal.vault(&save).ok();
    assert!(fs::read(saved.join("large.tar")).unwrap() == bytes);
}

/// Sends SIGINT once the folder begins to fill. A command that was too fast for that has done its
/// work; any other says that it was stopped.
fn interrupted(command: &mut Command, growing: &Path) {
    let before = size_of(growing);
    let ran = run_interrupted(command, || size_of(growing) > before + 1_000_000);
    ran.exits(&[0, 1]);
    println!("{command:?}: exit {}", ran.exit);
    if ran.exit == 1 {
        assert_eq!(ran.codes, ["cancelled"], "{ran:#?}");
    }
}

/// A send that was killed has stored its bundle or left nothing; which of the two, the outbox
/// says.
fn sends(world: &World, large: &Path) {
    let amina = &world.amina;
    let arguments = ["send", "--to", "bilal", text_of(large)];
    let sent = || {
        amina.vault(&["outbox"]).ok()["items"]
            .as_array()
            .unwrap()
            .len()
    };
    let check = || assert_eq!(bundle_files(amina), sent());
    let renew = || {
        let items = amina.vault(&["outbox"]).ok()["items"].clone();
        for item in items.as_array().unwrap() {
            let item = item["item"].as_str().unwrap();
            amina.vault(&["outbox", "withdraw", item]).ok();
        }
    };
    let command = || amina.vault_command(&arguments);
    let bundles = amina.vault_dir().join("bundles");
    Job::vault("send", Some(&bundles)).run(command, renew, check);
    assert_eq!(sent(), 1);
}

fn sync_command(site: &Site) -> Command {
    let stick = site.stick();
    site.vault_command(&["sync", "--stick", text_of(&stick), "--part-mib", "16"])
}

fn writes_the_stick(world: &World) {
    let amina = &world.amina;
    let command = || sync_command(amina);
    let stick = amina.stick();
    Job::vault("sync, writing", Some(&stick)).run(command, nothing, nothing);
    no_leftovers(&amina.stick());
    assert_eq!(bundle_files(amina), 1);
}

/// The half of a courier's trip that is about the stick.
fn offline(site: &Site) {
    run(&mut offline_command(site)).ok();
}

fn offline_command(site: &Site) -> Command {
    let stick = site.stick();
    site.courier_command(&["sync", "--offline", "--stick", text_of(&stick)])
}

fn courier_takes_in(world: &World) {
    let amina = &world.amina;
    let command = || offline_command(amina);
    let blobs = amina.courier_dir().join("blobs");
    Job::courier("courier, taking in", &blobs).run(command, nothing, nothing);
    no_leftovers(&amina.stick());
    assert_eq!(files_below(&amina.courier_dir().join("blobs")).len(), 1);
    assert_eq!(amina.courier(&["status"]).ok()["bundles_here"], 1);
}

fn uploads(world: &World) {
    let command = || world.amina.courier_command(&["sync"]);
    let data = &world.relay.data;
    Job::courier("courier, uploading", data).run(command, nothing, nothing);
    let stored = files_below(&data.join("blobs"));
    assert_eq!(stored.len(), 1, "{stored:?}");
}

fn downloads(world: &World) {
    let bilal = &world.bilal;
    let command = || bilal.courier_command(&["sync"]);
    let incoming = bilal.courier_dir().join("incoming");
    Job::courier("courier, downloading", &incoming).run(command, nothing, nothing);
    assert_eq!(files_below(&bilal.courier_dir().join("blobs")).len(), 1);
    assert_eq!(files_below(&incoming).len(), 0);
}

fn courier_writes_the_stick(world: &World) {
    let bilal = &world.bilal;
    let command = || offline_command(bilal);
    let stick = bilal.stick();
    Job::courier("courier, writing", &stick).run(command, nothing, nothing);
    no_leftovers(&bilal.stick());
}

fn vault_takes_in(world: &World) {
    let bilal = &world.bilal;
    let check = || assert!(bilal.inbox().len() <= 1);
    let command = || sync_command(bilal);
    let bundles = bilal.vault_dir().join("bundles");
    Job::vault("sync, taking in", Some(&bundles)).run(command, nothing, check);
    assert_eq!(bilal.inbox().len(), 1);
    assert_eq!(bundle_files(bilal), 2, "what came, and the receipt for it");
    no_leftovers(&bilal.stick());
}

fn saves(world: &World, bytes: &[u8]) {
    let folder = world.dir.path().join("saved");
    let file = folder.join("large.tar");
    let renew = || {
        if file.exists() {
            assert!(
                fs::read(&file).unwrap() == bytes,
                "a part of a file was put into place"
            );
            fs::remove_file(&file).unwrap();
        }
    };
    let arguments = ["save", "in-1", "--to", text_of(&folder)];
    let command = || world.bilal.vault_command(&arguments);
    Job::vault("save", Some(&folder)).run(command, renew, nothing);
    assert!(fs::read(&file).unwrap() == bytes);
    assert_eq!(entries(&folder), [file], "nothing unfinished is left");
}
