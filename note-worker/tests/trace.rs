//! How somebody writes a paper: 260,000 letters and deletions, of which 100,000 letters remain.

use loro::LoroDoc;

use crate::random::Random;

/// How many operations the paper takes.
pub(crate) const EDIT_COUNT: usize = 260_000;

/// Writes the paper as `peer`, and calls `pause` after every `edits_between` operations.
///
/// The text is written in runs of some forty letters, mostly behind what was written last; every
/// so often the writer goes back to another place, or takes back a few letters.
pub(crate) fn write(peer: u64, edits_between: usize, mut pause: impl FnMut(&LoroDoc)) -> LoroDoc {
    let doc = LoroDoc::new();
    doc.set_peer_id(peer).unwrap();
    let text = doc.get_text("text");
    let mut random = Random::new(peer);
    let (mut at, mut len, mut edits) = (0, 0, 0);
    while edits < EDIT_COUNT {
        if random.below(4) == 0 {
            at = random.below(len + 1);
        }
        let run = 1 + random.below(80);
        let is_deletion = random.below(100) < 31;
        for _ in 0..run.min(EDIT_COUNT - edits) {
            if is_deletion && at > 0 {
                at -= 1;
                len -= 1;
                text.delete(at, 1).unwrap();
            } else {
                let letter = LETTERS[random.below(LETTERS.len())];
                text.insert(at, letter).unwrap();
                at += 1;
                len += 1;
            }
            edits += 1;
            if edits % edits_between == 0 {
                doc.commit();
                pause(&doc);
            }
        }
    }
    doc.commit();
    doc
}

const LETTERS: [&str; 16] = [
    "e", "t", "a", "o", "i", "n", "s", "r", "h", "l", " ", " ", " ", "é", ".", "\n",
];
