//! Records and notes that several people change at the same time, by sticks only.

use serde_json::Value;

use super::Team;
use crate::people::{Site, text_of};

const EXPENSE: &str = r#"{ "name": "Expense", "fields": [
    { "name": "Title", "type": "text" },
    { "name": "State", "type": "choice", "options": ["open", "done"] },
    { "name": "Labels", "type": "tags" },
    { "name": "Paid", "type": "sum", "places": 2, "unit": "EUR" } ] }"#;

/// The values of a field of a record, as texts.
fn values(site: &Site, item: &str, field: &str) -> String {
    let shown = site.vault(&["record", "show", item]).ok();
    let fields = shown["fields"].as_array().unwrap();
    let found = fields.iter().find(|it| it["name"] == field);
    found.unwrap_or_else(|| panic!("{shown}"))["values"].to_string()
}

fn conflicts(site: &Site) -> Vec<Value> {
    let listed = site.vault(&["record", "conflicts", "desk"]).ok();
    listed["conflicts"].as_array().unwrap().clone()
}

#[test]
fn a_field_that_two_people_set_at_once_is_a_task_until_somebody_chooses() {
    let team = Team::around_the_first(["Amina", "Bilal", "Carla"]);
    team.space("desk", &["editor", "editor"]);
    let (amina, bilal, carla) = (team.site(0), team.site(1), team.site(2));
    let definition = team.file("expense.json", EXPENSE.as_bytes());
    let define = ["record", "define", "desk", text_of(&definition)];
    amina.vault(&define).ok();
    let new = ["record", "new", "desk", "Expense"];
    let fields = ["Title=Paper", "State=open", "Paid=12.50"];
    let made = amina.vault(&[&new[..], &fields].concat()).ok();
    let item = made["item"].as_str().unwrap();
    team.settle();

    let set = |site: &Site, setting: &str| {
        site.vault(&["record", "set", item, setting]).ok();
    };
    set(bilal, "Title=Paper and ink");
    set(carla, "Title=Paper, A4");
    set(carla, "State=done");
    bilal.vault(&["record", "add", item, "Paid", "2.50"]).ok();
    carla.vault(&["record", "add", item, "Paid", "-1"]).ok();
    for (site, tag) in [(bilal, "urgent"), (carla, "office")] {
        site.vault(&["record", "tag", item, "Labels", tag]).ok();
    }
    team.settle();
    for site in [amina, bilal, carla] {
        let tasks = conflicts(site);
        assert_eq!(tasks.len(), 1, "{}: {tasks:?}", site.name);
        assert_eq!(tasks[0]["field"], "Title");
        let found = tasks[0]["values"].as_array().unwrap();
        let mut titles: Vec<_> = found
            .iter()
            .map(|it| it["value"].as_str().unwrap())
            .collect();
        titles.sort_unstable();
        assert_eq!(titles, ["Paper and ink", "Paper, A4"]);
        // One person alone set this, and sums and tags of all count.
        assert_eq!(values(site, item, "State"), r#"["done"]"#);
        assert_eq!(values(site, item, "Paid"), r#"["14.00 EUR"]"#);
        let labels = values(site, item, "Labels");
        assert!(
            labels.contains("urgent") && labels.contains("office"),
            "{labels}"
        );
    }
    // The command that settles it stands beside each value.
    let tasks = conflicts(amina);
    let command = tasks[0]["values"][0]["command"].as_str().unwrap();
    assert!(command.starts_with("offline-vault record set"), "{command}");
    set(amina, "Title=Paper and ink");
    team.settle();
    for site in [amina, bilal, carla] {
        assert_eq!(conflicts(site).len(), 0, "{}", site.name);
        assert_eq!(values(site, item, "Title"), r#"["Paper and ink"]"#);
    }
    team.agree("desk", &[0, 1, 2]);
}

#[test]
fn a_suggestion_is_merged_by_an_approver_and_keeps_what_others_changed_meanwhile() {
    let team = Team::around_the_first(["Amina", "Bilal", "Carla"]);
    team.space("desk", &["editor", "suggester"]);
    let (amina, bilal, carla) = (team.site(0), team.site(1), team.site(2));
    let write = |text: &str| team.file("plan.txt", text.as_bytes());
    let plan = write("We meet on Monday.\nBring the maps.\nTell nobody.\n");
    let new = ["note", "new", "desk", "Plan", "--file", text_of(&plan)];
    let made = amina.vault(&new).ok();
    let item = made["item"].as_str().unwrap();
    team.settle();

    write("We meet on Tuesday.\nBring the maps.\nTell nobody.\n");
    let refused = carla.vault(&["note", "edit", item, "--file", text_of(&plan)]);
    refused.failed(1, "space-role");
    let suggest = ["note", "suggest", item, "--file", text_of(&plan)];
    carla
        .vault(&[&suggest[..], &["--message=Tuesday suits more of us"]].concat())
        .ok();
    write("We meet on Monday.\nBring the maps and a lamp.\nTell nobody.\n");
    bilal
        .vault(&["note", "edit", item, "--file", text_of(&plan)])
        .ok();
    team.settle();

    let text = |site: &Site| {
        let shown = site.vault(&["note", "show", item]).ok();
        shown["text"].as_str().unwrap().to_owned()
    };
    let proposed = bilal.vault(&["note", "proposals", item]).ok();
    let proposals = proposed["proposals"].as_array().unwrap();
    assert_eq!(proposals.len(), 1, "{proposed}");
    let proposal = proposals[0]["proposal"].as_str().unwrap();
    bilal
        .vault(&["note", "merge", item, proposal])
        .failed(1, "space-role");
    assert!(text(amina).starts_with("We meet on Monday."));
    amina.vault(&["note", "merge", item, proposal]).ok();
    team.settle();
    let merged = "We meet on Tuesday.\nBring the maps and a lamp.\nTell nobody.\n";
    for site in [amina, bilal, carla] {
        assert_eq!(text(site), merged, "{}", site.name);
        let open = site.vault(&["note", "proposals", item]).ok();
        assert_eq!(open["proposals"], serde_json::json!([]), "{open}");
    }
    let decided = carla.vault(&["note", "proposals", item, "--all"]).ok();
    assert_eq!(decided["proposals"].as_array().unwrap().len(), 1);
    team.agree("desk", &[0, 1, 2]);
}

/// The marks of a note: their words, and of which kind they are.
fn marks(site: &Site, item: &str) -> Vec<(String, String)> {
    let shown = site.vault(&["note", "show", item]).ok();
    let text = shown["text"].as_str().unwrap();
    let at = |mark: &Value, end: &str| usize::try_from(mark[end].as_u64().unwrap()).unwrap();
    let marks = shown["marks"].as_array().unwrap().iter();
    let mut marks: Vec<_> = marks
        .map(|mark| {
            let words = &text[at(mark, "start")..at(mark, "end")];
            (words.to_owned(), mark["mark"].as_str().unwrap().to_owned())
        })
        .collect();
    marks.sort();
    marks
}

#[test]
fn words_that_one_person_marks_stay_marked_in_what_another_writes() {
    let team = Team::around_the_first(["Amina", "Bilal"]);
    team.space("desk", &["editor"]);
    let (amina, bilal) = (team.site(0), team.site(1));
    let plan = team.file("plan.txt", b"Plan\nWe meet on Monday.\nBring the maps.\n");
    let new = ["note", "new", "desk", "Plan", "--file", text_of(&plan)];
    let made = amina.vault(&new).ok();
    let item = made["item"].as_str().unwrap();
    team.settle();
    let mark =
        |site: &Site, rest: &[&str]| site.vault(&[&["note", "mark", item][..], rest].concat());
    mark(amina, &["on Monday", "--bold"]).ok();
    mark(amina, &["Plan", "--heading", "1"]).ok();
    mark(amina, &["on", "--bold"]).failed(2, "space-input");
    mark(amina, &["on Sunday", "--bold"]).failed(2, "space-input");
    let link = ["the maps", "--link", "https://maps.example"];
    team.file(
        "plan.txt",
        b"Plan\nWe meet on Monday.\nBring all the maps.\n",
    );
    let edit = ["note", "edit", item, "--file", text_of(&plan)];
    bilal.vault(&edit).ok();
    mark(bilal, &link).ok();
    team.settle();
    let expected = [
        ("Plan", "heading"),
        ("on Monday", "bold"),
        ("the maps", "link"),
    ];
    let expected = expected.map(|(words, mark)| (words.to_owned(), mark.to_owned()));
    for site in [amina, bilal] {
        assert_eq!(marks(site, item), expected, "{}", site.name);
    }
    mark(bilal, &["on Monday", "--clear", "bold"]).ok();
    team.settle();
    assert_eq!(marks(amina, item).len(), 2);
    team.agree("desk", &[0, 1]);
}
