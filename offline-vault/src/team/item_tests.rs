//! What people write in a space of two vaults, with a folder that stands for the stick.

use std::fs;
use std::path::Path;

use team_content::index::ItemKind;
use team_content::limits::CHUNKS_INLINE_MAX;
use team_content::schema::{ChoiceOption, Field, FieldType, SchemaVersion};
use team_core::blob::CHUNK_BYTES_MAX;
use team_core::control::{Control, Reason};
use team_core::name::Name;

use super::TeamError;
use super::delivery::DeliveryState;
use super::explain::explain;
use super::files::{self, AddRequest, Added, FileChange, FileList, ListRequest};
use super::items::{ItemReference, delete};
use super::messages::{self, MessageList, MessageRequest};
use super::readers::readers;
use super::records::{self, RecordChange};
use super::session::in_space;
use super::tests::shared;
use crate::clock::UnixTime;
use crate::vault::Vault;
use crate::work::Special;
use crate::work::tests::{NOW, Place, cross};

fn item(text: &str) -> ItemReference {
    ItemReference::parse(text).unwrap()
}

fn request<'a>(text: &'a str, reply_to: Option<&'a ItemReference>) -> MessageRequest<'a> {
    MessageRequest {
        space: "desk",
        text,
        thread: None,
        reply_to,
        attachments: &[],
        compartment: None,
    }
}

fn say(vault: &Vault, text: &str, reply_to: Option<&ItemReference>) -> String {
    let asked = request(text, reply_to);
    messages::send(vault, &asked, NOW, &mut |_| true)
        .unwrap()
        .item
}

fn listed(vault: &Vault) -> MessageList {
    messages::list(vault, "desk", None, 100).unwrap()
}

fn summaries(vault: &Vault) -> Vec<(usize, String)> {
    let messages = listed(vault).messages.into_iter();
    messages.map(|it| (it.depth, it.summary)).collect()
}

/// Everything that one has written is with the other, and each knows that.
fn cross_both(one: &Vault, other: &Vault, place: &Place) {
    for vault in [one, other, one, other] {
        cross(vault, &place.stick());
    }
}

fn add(vault: &Vault, path: &Path) -> Added {
    let asked = AddRequest {
        space: "desk",
        paths: &[path.to_path_buf()],
        folder: Some("work"),
        compartment: None,
        special: Special::Refuse,
    };
    files::add(vault, &asked, NOW, &mut |_| true).unwrap()
}

fn file_list(vault: &Vault, removed: bool) -> FileList {
    let asked = ListRequest {
        space: "desk",
        folder: None,
        removed,
        limit: 100,
        with_delivery: true,
    };
    files::list(vault, &asked).unwrap()
}

/// Bytes that do not compress and of which no two places are alike.
fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut bytes = vec![0; len];
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_be_bytes());
    hasher.finalize_xof().fill(&mut bytes);
    bytes
}

#[test]
fn replies_stand_below_what_they_answer_and_are_unread_until_shown() {
    let place = Place::new();
    let (amina, bilal) = shared(&place);
    let first = say(&amina, "We meet on Tuesday.", None);
    cross_both(&amina, &bilal, &place);
    let answer = say(&bilal, "Why not Wednesday?", Some(&item(&first)));
    say(&bilal, "Something else.", None);
    cross_both(&bilal, &amina, &place);
    say(&amina, "Because.", Some(&item(&answer)));
    let below = [
        (0, "We meet on Tuesday."),
        (1, "Why not Wednesday?"),
        (2, "Because."),
    ];
    let summaries = summaries(&amina);
    for (depth, text) in below.into_iter().chain([(0, "Something else.")]) {
        assert!(
            summaries.contains(&(depth, text.to_owned())),
            "{summaries:?}"
        );
    }
    let unread = |vault: &Vault| listed(vault).messages.iter().filter(|it| it.unread).count();
    assert_eq!(unread(&amina), 2);
    let shown = messages::show(&amina, &item(&answer)).unwrap();
    assert_eq!(shown.texts[0].text, "Why not Wednesday?");
    assert_eq!(shown.reply_to.as_deref(), Some(first.as_str()));
    assert_eq!(unread(&amina), 1);
    let thread = messages::list(&amina, "desk", Some(&item(&answer)), 100).unwrap();
    assert_eq!(thread.messages.len(), 3);
}

#[test]
fn only_its_author_changes_a_message() {
    let place = Place::new();
    let (amina, bilal) = shared(&place);
    let first = item(&say(&amina, "Tuesday.", None));
    cross_both(&amina, &bilal, &place);
    let refused = messages::edit(&bilal, &first, "Never.", NOW);
    assert!(matches!(refused, Err(TeamError::StateAdvised { .. })));
    messages::edit(&amina, &first, "Wednesday.", NOW).unwrap();
    cross_both(&amina, &bilal, &place);
    let line = &listed(&bilal).messages[0];
    assert_eq!((line.summary.as_str(), line.edited), ("Wednesday.", true));
}

#[test]
fn an_item_says_how_far_it_got_until_it_is_confirmed() {
    let place = Place::new();
    let (amina, bilal) = shared(&place);
    let first = item(&say(&amina, "Tuesday.", None));
    let state = |vault: &Vault| {
        let shown = messages::show(vault, &first).unwrap();
        shown.delivery.devices[0].state
    };
    assert_eq!(state(&amina), DeliveryState::Ready);
    cross(&amina, &place.stick());
    assert_eq!(state(&amina), DeliveryState::OnStick);
    let told = explain(&amina, &first).unwrap();
    assert!(told.known.iter().any(|it| it.contains("Bilal: on stick")));
    cross(&bilal, &place.stick());
    cross(&amina, &place.stick());
    assert_eq!(state(&amina), DeliveryState::Confirmed);
    let told = explain(&amina, &first).unwrap();
    assert_eq!(told.next, ["nothing: everybody has it."]);
    assert_eq!(
        told.delivery.summary(),
        "confirmed by 1 of 1 device",
        "{told:?}"
    );
}

#[test]
fn deleting_destroys_a_message_everywhere_and_counts_who_did() {
    let place = Place::new();
    let (amina, bilal) = shared(&place);
    let secret = item(&say(&bilal, "the secret words", None));
    let own = item(&say(&amina, "not yours", None));
    cross_both(&amina, &bilal, &place);
    let refused = delete(&bilal, &own, ItemKind::Message, NOW);
    assert!(matches!(refused, Err(TeamError::RoleNeeded { .. })));
    let deletion = delete(&bilal, &secret, ItemKind::Message, NOW).unwrap();
    assert_eq!((deletion.asked, deletion.confirmed), (2, 1));
    cross_both(&bilal, &amina, &place);
    cross_both(&bilal, &amina, &place);
    for vault in [&amina, &bilal] {
        let messages = listed(vault).messages;
        let line = messages.iter().find(|it| it.deletion.is_some()).unwrap();
        let deletion = line.deletion.unwrap();
        assert_eq!((deletion.asked, deletion.confirmed), (2, 2));
        assert_eq!(line.summary, "");
        assert!(messages::show(vault, &secret).unwrap().texts.is_empty());
        let who = readers(vault, &secret).unwrap();
        assert_eq!(who.title, "");
    }
}

#[test]
fn a_file_crosses_in_pieces_and_is_saved_whole_or_not_at_all() {
    let place = Place::new();
    let (amina, bilal) = shared(&place);
    let bytes = noise(3 * CHUNK_BYTES_MAX, 1);
    let path = place.file("report.bin", &bytes);
    let added = add(&amina, &path);
    assert_eq!(added.files[0].change, FileChange::New);
    let which = item(&added.files[0].item);
    cross_both(&amina, &bilal, &place);
    let to = place.stick().join("../saved");
    let saved = files::save(&bilal, &which, None, &to).unwrap();
    assert_eq!(fs::read(&saved[0]).unwrap(), bytes);
    assert!(saved[0].ends_with("report.bin"));
    // The same file again is no new version, and a changed one carries only what changed.
    assert_eq!(add(&amina, &path).files[0].change, FileChange::Same);
    let mut changed = bytes.clone();
    changed.extend_from_slice(b"one more line");
    let path = place.file("report.bin", &changed);
    let added = add(&amina, &path);
    assert_eq!(added.files[0].change, FileChange::Version);
    assert!(added.new_piece_count < 4, "{}", added.new_piece_count);
    cross_both(&amina, &bilal, &place);
    let shown = files::show(&bilal, &which).unwrap();
    assert_eq!(shown.versions.len(), 2);
    let again = place.stick().join("../again");
    let saved = files::save(&bilal, &which, None, &again).unwrap();
    assert_eq!(fs::read(&saved[0]).unwrap(), changed);
    let first = place.stick().join("../first");
    let saved = files::save(&bilal, &which, Some(1), &first).unwrap();
    assert_eq!(fs::read(&saved[0]).unwrap(), bytes);
}

#[test]
fn a_file_whose_pieces_have_not_come_says_how_many() {
    let place = Place::new();
    let (amina, bilal) = shared(&place);
    let path = place.file("report.bin", &noise(2 * CHUNK_BYTES_MAX, 2));
    let which = item(&add(&amina, &path).files[0].item);
    cross_both(&amina, &bilal, &place);
    // One piece is lost: the disk forgets it.
    bilal
        .store()
        .write(|changes| {
            let space = changes.spaces()?.remove(0);
            let listed = changes.items(
                space.id,
                Some(ItemKind::File),
                &crate::store::ItemFilter::default(),
                1,
            )?;
            let operation = changes.operations_of_item(listed[0].id)?.remove(0);
            let chunk = changes.chunks_of_segment(operation.segment)?.remove(0);
            changes.set_chunk_file(space.id, chunk.id, None)?;
            Ok::<_, TeamError>(())
        })
        .unwrap();
    let to = place.stick().join("../saved");
    let refused = files::save(&bilal, &which, None, &to);
    assert!(
        matches!(refused, Err(TeamError::Incomplete { missing: 1, .. })),
        "{refused:?}"
    );
    assert!(!to.exists() || fs::read_dir(&to).unwrap().count() == 0);
    assert_eq!(file_list(&bilal, false).files[0].pieces.missing, 1);
    let told = explain(&bilal, &which).unwrap();
    assert!(told.known.iter().any(|it| it.starts_with("1 of the")));
    // It is asked for, and comes with the next bundle.
    cross_both(&bilal, &amina, &place);
    cross_both(&bilal, &amina, &place);
    files::save(&bilal, &which, None, &to).unwrap();
}

#[test]
fn a_file_of_very_many_pieces_is_named_by_a_list() {
    let place = Place::new();
    let (amina, bilal) = shared(&place);
    let bytes = noise((CHUNKS_INLINE_MAX + 60) * CHUNK_BYTES_MAX / 3, 3);
    let path = place.file("film.bin", &bytes);
    let which = item(&add(&amina, &path).files[0].item);
    let count = file_list(&amina, false).files[0].pieces;
    assert!(count.total > CHUNKS_INLINE_MAX, "{count:?}");
    // The list and what it names come with one stick.
    cross(&amina, &place.stick());
    cross(&bilal, &place.stick());
    let to = place.stick().join("../saved");
    let saved = files::save(&bilal, &which, None, &to).unwrap();
    assert!(fs::read(&saved[0]).unwrap() == bytes);
    let deletion = delete(&amina, &which, ItemKind::File, NOW).unwrap();
    assert_eq!(deletion.confirmed, 1);
    cross_both(&amina, &bilal, &place);
    for vault in [&amina, &bilal] {
        let kept = vault.store().read().bundle_files().unwrap();
        assert!(kept.len() < 20, "{}", kept.len());
        assert!(file_list(vault, false).files.is_empty());
        assert!(file_list(vault, true).files[0].deletion.is_some());
    }
}

#[test]
fn versions_put_at_the_same_time_are_both_kept() {
    let place = Place::new();
    let (amina, bilal) = shared(&place);
    let which = item(&add(&amina, &place.file("a.txt", b"first")).files[0].item);
    cross_both(&amina, &bilal, &place);
    add(&amina, &place.file("a.txt", b"of Amina"));
    add(&bilal, &place.file("a.txt", b"of Bilal"));
    cross_both(&amina, &bilal, &place);
    let to = place.stick().join("../saved");
    let refused = files::save(&amina, &which, None, &to);
    assert!(matches!(refused, Err(TeamError::StateAdvised { .. })));
    assert!(file_list(&amina, false).files[0].conflict);
    let mut texts = Vec::new();
    for version in [2, 3] {
        let to = place.stick().join(format!("../saved-{version}"));
        let saved = files::save(&amina, &which, Some(version), &to).unwrap();
        texts.push(fs::read_to_string(&saved[0]).unwrap());
    }
    texts.sort();
    assert_eq!(texts, ["of Amina", "of Bilal"]);
    add(&amina, &place.file("a.txt", b"of both"));
    assert!(!file_list(&amina, false).files[0].conflict);
}

#[test]
fn a_file_is_moved_removed_and_put_back() {
    let place = Place::new();
    let (amina, bilal) = shared(&place);
    let path = place.file("a.txt", b"first");
    let which = item(&add(&amina, &path).files[0].item);
    let taken = files::move_to(&amina, &which, "work/a.txt/b.txt", NOW);
    assert!(matches!(taken, Err(TeamError::StateAdvised { .. })));
    files::move_to(&amina, &which, "old/b.txt", NOW).unwrap();
    cross_both(&amina, &bilal, &place);
    assert_eq!(file_list(&bilal, false).files[0].path, "old/b.txt");
    files::remove(&bilal, &which, NOW).unwrap();
    cross_both(&amina, &bilal, &place);
    assert!(file_list(&amina, false).files.is_empty());
    let to = place.stick().join("../saved");
    files::save(&amina, &which, Some(1), &to).unwrap();
}

#[test]
fn attachments_are_saved_and_belong_to_their_message() {
    let place = Place::new();
    let (amina, bilal) = shared(&place);
    let attachments = [place.file("photo.bin", &noise(70_000, 4))];
    let asked = MessageRequest {
        attachments: &attachments,
        ..request("As you asked.", None)
    };
    let sent = messages::send(&amina, &asked, NOW, &mut |_| true).unwrap();
    cross_both(&amina, &bilal, &place);
    let which = item(&sent.item);
    let shown = messages::show(&bilal, &which).unwrap();
    assert_eq!(shown.attachments[0].name, "photo.bin");
    let to = place.stick().join("../saved");
    let saved = messages::save(&bilal, &which, &to).unwrap();
    assert_eq!(fs::read(&saved[0]).unwrap(), noise(70_000, 4));
    assert!(file_list(&bilal, false).files.is_empty());
}

#[test]
fn who_was_removed_is_named_among_those_who_keep_what_they_had() {
    let place = Place::new();
    let (amina, bilal) = shared(&place);
    let before = item(&say(&amina, "before", None));
    cross_both(&amina, &bilal, &place);
    in_space(&amina, "desk", NOW, |session| {
        let member = session.view.find_member("Bilal")?.id;
        session.write_control(&[Control::RemoveMember(member, Reason::Unsaid)])
    })
    .unwrap();
    let after = item(&say(&amina, "after", None));
    let names = |which: &ItemReference| {
        let found = readers(&amina, which).unwrap();
        let now: Vec<_> = found.now.into_iter().map(|it| it.who).collect();
        let kept: Vec<_> = found.before.into_iter().map(|it| it.who).collect();
        (now, kept)
    };
    let (amina_only, bilal_too) = (vec!["Amina".to_owned()], vec!["Bilal".to_owned()]);
    assert_eq!(names(&before), (amina_only.clone(), bilal_too));
    assert_eq!(names(&after), (amina_only, Vec::new()));
}

fn field(number: u16, name: &str, field_type: FieldType) -> Field {
    Field {
        number,
        name: Name::new(name).unwrap(),
        retired: false,
        field_type,
    }
}

fn expense() -> SchemaVersion {
    let options = (0..).zip(["open", "done", "void"]);
    let options = options.map(|(number, name)| ChoiceOption {
        number,
        name: Name::new(name).unwrap(),
    });
    let options = options.collect();
    SchemaVersion {
        name: Name::new("Expense").unwrap(),
        fields: vec![
            field(0, "Title", FieldType::Text),
            field(1, "State", FieldType::Choice { options }),
            field(2, "Labels", FieldType::Tags),
            field(
                3,
                "Paid",
                FieldType::Sum {
                    places: 2,
                    unit: None,
                },
            ),
        ],
    }
}

#[test]
fn a_field_set_by_two_is_a_task_until_somebody_chooses() {
    let place = Place::new();
    let (amina, bilal) = shared(&place);
    let refused = records::define(&bilal, "desk", expense(), None, None, NOW);
    assert!(matches!(refused, Err(TeamError::RoleNeeded { .. })));
    records::define(&amina, "desk", expense(), None, None, NOW).unwrap();
    let settings = [("Title", "Paper"), ("state", "open"), ("Labels", "a, b")];
    let made = records::create(&amina, "desk", "expense", &settings, None, NOW).unwrap();
    let which = item(&made);
    cross_both(&amina, &bilal, &place);
    let add = |amount| [("Paid", RecordChange::Add(amount, "cash"))];
    for (vault, state, amount) in [(&amina, "done", "12.50"), (&bilal, "void", "-2.5")] {
        let set = [("State", RecordChange::Set(state))];
        records::change(vault, &which, &set, NOW).unwrap();
        records::change(vault, &which, &add(amount), NOW).unwrap();
    }
    cross_both(&amina, &bilal, &place);
    for vault in [&amina, &bilal] {
        let tasks = records::conflicts(vault, "desk", 10).unwrap();
        let mut values: Vec<_> = tasks[0].values.iter().map(|it| it.value.as_str()).collect();
        values.sort_unstable();
        assert_eq!((tasks.len(), tasks[0].field.as_str()), (1, "State"));
        assert_eq!(values, ["done", "void"]);
        let fields = records::show(vault, &which).unwrap().fields;
        let paid = fields.iter().find(|it| it.name == "Paid").unwrap();
        assert_eq!(paid.values, ["10.00"]);
    }
    let set = [("State", RecordChange::Set("done"))];
    records::change(&bilal, &which, &set, NOW).unwrap();
    cross_both(&amina, &bilal, &place);
    assert!(records::conflicts(&amina, "desk", 10).unwrap().is_empty());
    let lines = records::history(&amina, &which).unwrap();
    let whats: Vec<_> = lines.iter().map(|it| it.what.as_str()).collect();
    assert!(whats.contains(&"set State to void"), "{whats:?}");
    assert!(
        whats.contains(&"added 12.50 to Paid: cash") || whats.contains(&"added 12.5 to Paid: cash"),
        "{whats:?}"
    );
}

#[test]
fn only_values_of_the_field_are_written() {
    let place = Place::new();
    let (amina, _) = shared(&place);
    records::define(&amina, "desk", expense(), None, None, NOW).unwrap();
    let made = records::create(&amina, "desk", "Expense", &[], None, NOW).unwrap();
    let which = item(&made);
    for (name, change) in [
        ("State", RecordChange::Set("maybe")),
        ("Paid", RecordChange::Set("3")),
        ("Paid", RecordChange::Add("1.234", "")),
        ("Labels", RecordChange::Set("a")),
        ("Labels", RecordChange::Untag("a")),
        ("Title", RecordChange::Tag("a")),
        ("Nothing", RecordChange::Set("a")),
    ] {
        let refused = records::change(&amina, &which, &[(name, change)], NOW);
        assert!(refused.is_err(), "{name} {change:?}");
    }
    let tag = [("Labels", RecordChange::Tag("a"))];
    records::change(&amina, &which, &tag, UnixTime(NOW.0 + 1)).unwrap();
    let untag = [("Labels", RecordChange::Untag("a"))];
    records::change(&amina, &which, &untag, UnixTime(NOW.0 + 2)).unwrap();
}
