//! What is written is read.

use note_protocol::{Change, Document, Mark, MarkKind};

use crate::author::{Author, client, document, part, span};

#[test]
fn a_note_without_a_word_opens() {
    let opened = client().open(Document::default()).unwrap();
    assert_eq!(opened.content.text(), "");
    assert_eq!(opened.version.iter().count(), 0);
    let again = Document {
        snapshot: opened.snapshot,
        updates: Vec::new(),
    };
    assert_eq!(client().open(again).unwrap().content, opened.content);
}

#[test]
fn a_text_is_read_as_it_was_written() {
    let mut amina = Author::new(1);
    let texts = [
        "Grüße 👋🏽\n\n\tשלום\r\n",
        "",
        "x",
        &"long line\n".repeat(5000),
    ];
    let mut updates = Vec::new();
    for text in texts {
        updates.push(amina.write(text));
        assert_eq!(amina.content().text(), text);
        let opened = client().open(document(&updates)).unwrap();
        assert_eq!(opened.content.text(), text);
    }
}

#[test]
fn a_snapshot_stands_for_the_updates_that_it_was_made_of() {
    let mut amina = Author::new(1);
    let first = amina.write("one");
    let opened = client().open(document(&[first])).unwrap();
    let kept = Document {
        snapshot: opened.snapshot.clone(),
        updates: Vec::new(),
    };
    let again = client().open(kept.clone()).unwrap();
    assert_eq!(
        (again.content, again.version),
        (opened.content, opened.version)
    );
    assert_eq!(again.snapshot, None, "the one that was given still stands");
    let added = Document {
        updates: vec![amina.write("one two")],
        ..kept
    };
    let opened = client().open(added).unwrap();
    assert_eq!(opened.content.text(), "one two");
    assert!(opened.snapshot.is_some());
}

#[test]
fn writing_what_is_there_makes_no_update() {
    let mut amina = Author::new(1);
    amina.write("same");
    assert_eq!(amina.change(vec![Change::Text("same".to_owned())]), None);
    assert_eq!(amina.content().text(), "same");
}

#[test]
fn an_update_is_as_small_as_the_difference() {
    let mut amina = Author::new(1);
    amina.write(&"All work and no play. ".repeat(1000));
    let mut text = amina.content().text().to_owned();
    text.insert_str(11_000, "dull ");
    let update = amina.write(&text);
    assert!(update.bytes.len() < 200, "{} bytes", update.bytes.len());
}

#[test]
fn marks_are_read_as_they_were_made() {
    let mut amina = Author::new(1);
    amina.write("Title\nsome bold words\nitem");
    let link = Mark::Link("https://example.org/ü".to_owned());
    amina.change(vec![
        Change::Mark(part(1, 2), Mark::Heading(1)),
        Change::Mark(part(11, 15), Mark::Bold),
        Change::Mark(part(13, 21), Mark::Italic),
        Change::Mark(part(6, 10), link.clone()),
        Change::Mark(part(22, 22), Mark::ListItem(0)),
    ]);
    let spans = [
        span(11, 15, Mark::Bold),
        span(13, 21, Mark::Italic),
        span(0, 5, Mark::Heading(1)),
        span(6, 10, link),
        span(22, 26, Mark::ListItem(0)),
    ];
    assert_eq!(amina.content().spans(), spans);
    amina.change(vec![
        Change::Clear(part(0, 26), MarkKind::Link),
        Change::Clear(part(13, 15), MarkKind::Bold),
        Change::Clear(part(3, 3), MarkKind::Heading),
        Change::Mark(part(24, 25), Mark::ListItem(3)),
    ]);
    let spans = [
        span(11, 13, Mark::Bold),
        span(13, 21, Mark::Italic),
        span(22, 26, Mark::ListItem(3)),
    ];
    assert_eq!(amina.content().spans(), spans);
}

#[test]
fn marks_follow_what_is_written_at_their_edge() {
    let mut amina = Author::new(1);
    amina.write("Title\nbold link");
    amina.mark(part(0, 5), Mark::Heading(2));
    amina.mark(part(6, 10), Mark::Bold);
    amina.mark(part(11, 15), Mark::Link("to".to_owned()));
    amina.write("A Titles\nboldest linked");
    let spans = [
        span(9, 16, Mark::Bold),
        span(0, 8, Mark::Heading(2)),
        span(17, 21, Mark::Link("to".to_owned())),
    ];
    assert_eq!(amina.content().spans(), spans);
    amina.write("before\nA Titles\nafter\nboldest linked");
    assert_eq!(amina.content().spans()[1], span(7, 15, Mark::Heading(2)));
}

#[test]
fn a_text_of_another_author_altogether_is_written_in_time() {
    let mut random = crate::random::Random::new(7);
    let mut text = |len: usize| -> String {
        let letters = (0..len).map(|_| char::from(b'a' + u8::try_from(random.below(26)).unwrap()));
        letters.collect()
    };
    let (first, second) = (text(300_000), text(300_000));
    let mut amina = Author::new(1);
    amina.write(&first);
    amina.write(&second);
    assert_eq!(amina.content().text(), second);
}

#[test]
fn a_proposal_is_shown_before_it_is_merged() {
    let mut amina = Author::new(1);
    amina.write("We meet on Monday.");
    let mut badr = Author {
        peer: 2.into(),
        ..amina.clone()
    };
    let proposal = badr.write("We meet on Tuesday.");
    amina.write("We all meet on Monday.");
    let previewed = client()
        .preview(amina.note.clone(), proposal.clone())
        .unwrap();
    assert_eq!(previewed.before.text(), "We all meet on Monday.");
    assert_eq!(previewed.after.content.text(), "We all meet on Tuesday.");
    assert_eq!(amina.content().text(), "We all meet on Monday.");
    amina.take_in(&proposal);
    let merged = client().open(amina.note).unwrap();
    assert_eq!(merged.content, previewed.after.content);
    assert_eq!(merged.version, previewed.after.version);
}
