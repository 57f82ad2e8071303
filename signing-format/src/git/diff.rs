//! What changed between two texts, line by line, with the lines around it.

use std::ops::Range;

use imara_diff::{Algorithm, Diff, InternedInput};

use super::limits::DIFF_LINES_MAX;

/// The lines that changed, grouped with the unchanged lines around them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextDiff {
    /// The groups, in order. Empty when the texts are the same.
    pub hunks: Vec<Hunk>,
}

/// Neighbouring changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hunk {
    /// The number of the first line in the old text, counted from one; of the line before the
    /// hunk when there are no old lines, as in git's `@@` lines.
    pub old_start: usize,
    /// How many lines of the old text there are.
    pub old_count: usize,
    /// The number of the first line in the new text, in the same way.
    pub new_start: usize,
    /// How many lines of the new text there are.
    pub new_count: usize,
    /// The lines: within a change the removed ones come first.
    pub lines: Vec<Line>,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// On which side it is.
    pub kind: LineKind,
    /// Its bytes, without the line feed. Any bytes.
    pub bytes: Vec<u8>,
    /// Whether a line feed ends it. Only the last line of a text can lack it.
    pub ended: bool,
}

/// On which side a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// On both.
    Context,
    /// Only in the old text.
    Removed,
    /// Only in the new text.
    Added,
}

impl TextDiff {
    /// Compares two texts.
    ///
    /// Whatever the search for differences finds, each line that it calls unchanged is compared
    /// here: a mistake there would hide a change. Texts of very many lines are not searched; all
    /// old lines are removed and all new ones added.
    ///
    /// `None` when more than `lines_max` lines would have to be shown.
    #[must_use]
    pub fn between(old: &[u8], new: &[u8], lines_max: usize) -> Option<Self> {
        let (old_count, new_count) = (line_count(old), line_count(new));
        let is_searched = old_count.max(new_count) <= DIFF_LINES_MAX;
        // Before there is anything in memory for each line.
        if !is_searched && old_count.saturating_add(new_count) > lines_max {
            return None;
        }
        let old: Vec<&[u8]> = lines_of(old);
        let new: Vec<&[u8]> = lines_of(new);
        let found = is_searched.then(|| checked(&old, &new, search(&old, &new)));
        let changes = found
            .flatten()
            .unwrap_or_else(|| vec![everything(&old, &new)]);
        let changes: Vec<Change> = changes.into_iter().filter(|c| !c.is_empty()).collect();
        let groups = grouped(&changes);
        let shown = groups.iter().map(|group| shown_count(group, old.len()));
        if shown.fold(0, usize::saturating_add) > lines_max {
            return None;
        }
        let hunks = groups.into_iter();
        let hunks = hunks.map(|group| hunk_of(group, &old, &new)).collect();
        Some(Self { hunks })
    }

    /// How many lines are shown, unchanged ones among them.
    #[must_use]
    pub fn line_count(&self) -> usize {
        self.hunks.iter().map(|hunk| hunk.lines.len()).sum()
    }

    /// How many lines are added.
    #[must_use]
    pub fn added_count(&self) -> usize {
        self.count(LineKind::Added)
    }

    /// How many lines are removed.
    #[must_use]
    pub fn removed_count(&self) -> usize {
        self.count(LineKind::Removed)
    }

    fn count(&self, kind: LineKind) -> usize {
        let lines = self.hunks.iter().flat_map(|hunk| &hunk.lines);
        lines.filter(|line| line.kind == kind).count()
    }
}

/// Old lines that are replaced by new ones, as ranges of indices.
#[derive(Clone, Debug)]
struct Change {
    old: Range<usize>,
    new: Range<usize>,
}

impl Change {
    fn is_empty(&self) -> bool {
        self.old.is_empty() && self.new.is_empty()
    }
}

fn lines_of(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|byte| *byte == b'\n').collect()
}

/// How many [`lines_of`] gives.
fn line_count(text: &[u8]) -> usize {
    let ended = text.iter().filter(|byte| **byte == b'\n').count();
    let is_open = text.last().is_some_and(|byte| *byte != b'\n');
    ended.saturating_add(usize::from(is_open))
}

fn everything(old: &[&[u8]], new: &[&[u8]]) -> Change {
    Change {
        old: 0..old.len(),
        new: 0..new.len(),
    }
}

fn search(old: &[&[u8]], new: &[&[u8]]) -> Vec<Change> {
    let mut input = InternedInput::default();
    input.update_before(old.iter().copied());
    input.update_after(new.iter().copied());
    let mut diff = Diff::compute(Algorithm::Histogram, &input);
    diff.postprocess_lines(&input);
    let as_index = |line: u32| usize::try_from(line).unwrap_or(usize::MAX);
    diff.hunks()
        .map(|hunk| Change {
            old: as_index(hunk.before.start)..as_index(hunk.before.end),
            new: as_index(hunk.after.start)..as_index(hunk.after.end),
        })
        .collect()
}

/// The changes, if what lies between them is in order and the same on both sides.
fn checked(old: &[&[u8]], new: &[&[u8]], changes: Vec<Change>) -> Option<Vec<Change>> {
    let (mut old_at, mut new_at) = (0, 0);
    for change in &changes {
        let same = old.get(old_at..change.old.start)? == new.get(new_at..change.new.start)?;
        let forward = change.old.start <= change.old.end && change.new.start <= change.new.end;
        if !(same && forward) {
            return None;
        }
        (old_at, new_at) = (change.old.end, change.new.end);
    }
    (old.get(old_at..)? == new.get(new_at..)?).then_some(changes)
}

/// Puts changes together whose surroundings touch.
fn grouped(changes: &[Change]) -> Vec<&[Change]> {
    changes
        .chunk_by(|before, after| {
            after.old.start.saturating_sub(before.old.end) <= CONTEXT_LINES.saturating_mul(2)
        })
        .collect()
}

/// How many lines the hunk of a group has.
fn shown_count(group: &[Change], old_count: usize) -> usize {
    let first = group.first().map_or(0, |change| change.old.start);
    let end = group.last().map_or(0, |change| change.old.end);
    let from = first.saturating_sub(CONTEXT_LINES);
    let to = end.saturating_add(CONTEXT_LINES).min(old_count);
    let added = group.iter().map(|change| change.new.len());
    added.fold(to.saturating_sub(from), usize::saturating_add)
}

fn hunk_of(changes: &[Change], old: &[&[u8]], new: &[&[u8]]) -> Hunk {
    let mut lines = Vec::new();
    let (mut old_count, mut new_count) = (0_usize, 0_usize);
    let mut put = |kind: LineKind, found: &[&[u8]]| {
        if kind != LineKind::Added {
            old_count = old_count.saturating_add(found.len());
        }
        if kind != LineKind::Removed {
            new_count = new_count.saturating_add(found.len());
        }
        lines.extend(found.iter().map(|line| line_of(kind, line)));
    };
    let first = changes.first().map_or(0..0, |change| change.old.clone());
    let new_first = changes.first().map_or(0, |change| change.new.start);
    let before = first.start.min(CONTEXT_LINES);
    let mut at = first.start.saturating_sub(before);
    let (old_index, new_index) = (at, new_first.saturating_sub(before));
    for change in changes {
        put(LineKind::Context, part(old, at..change.old.start));
        put(LineKind::Removed, part(old, change.old.clone()));
        put(LineKind::Added, part(new, change.new.clone()));
        at = change.old.end;
    }
    let end = at.saturating_add(CONTEXT_LINES).min(old.len());
    put(LineKind::Context, part(old, at..end));
    Hunk {
        old_start: number_of(old_index, old_count),
        old_count,
        new_start: number_of(new_index, new_count),
        new_count,
        lines,
    }
}

/// Ranges come from [`checked`], and all lie within the lines.
fn part<'a, 'l>(lines: &'a [&'l [u8]], range: Range<usize>) -> &'a [&'l [u8]] {
    lines.get(range).unwrap_or_default()
}

fn number_of(index: usize, count: usize) -> usize {
    if count == 0 {
        index
    } else {
        index.saturating_add(1)
    }
}

fn line_of(kind: LineKind, line: &[u8]) -> Line {
    let without = line.strip_suffix(b"\n");
    Line {
        kind,
        bytes: without.unwrap_or(line).to_vec(),
        ended: without.is_some(),
    }
}

/// As many unchanged lines as git shows on each side.
const CONTEXT_LINES: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(old: &str, new: &str) -> String {
        let diff = TextDiff::between(old.as_bytes(), new.as_bytes(), usize::MAX).unwrap();
        let exact = diff.line_count();
        assert!(TextDiff::between(old.as_bytes(), new.as_bytes(), exact).is_some());
        if exact > 0 {
            let less = TextDiff::between(old.as_bytes(), new.as_bytes(), exact - 1);
            assert_eq!(less, None, "not one line more than allowed");
        }
        let mut out = String::new();
        for hunk in diff.hunks {
            let Hunk {
                old_start,
                old_count,
                new_start,
                new_count,
                lines,
            } = hunk;
            out += &format!("@@ -{old_start},{old_count} +{new_start},{new_count} @@\n");
            for line in lines {
                let sign = match line.kind {
                    LineKind::Context => ' ',
                    LineKind::Removed => '-',
                    LineKind::Added => '+',
                };
                let end = if line.ended { "\n" } else { "<no end>\n" };
                out += &format!("{sign}{}{end}", String::from_utf8_lossy(&line.bytes));
            }
        }
        out
    }

    #[test]
    fn equal_texts_have_no_hunks() {
        assert_eq!(shown("a\nb", "a\nb"), "");
        assert_eq!(shown("", ""), "");
    }

    #[test]
    fn new_and_deleted_texts_are_shown_whole() {
        assert_eq!(shown("", "a\nb\n"), "@@ -0,0 +1,2 @@\n+a\n+b\n");
        assert_eq!(shown("a\nb\n", ""), "@@ -1,2 +0,0 @@\n-a\n-b\n");
    }

    #[test]
    fn a_missing_line_feed_at_the_end_is_a_change() {
        assert_eq!(shown("a\n", "a"), "@@ -1,1 +1,1 @@\n-a\n+a<no end>\n");
    }

    #[test]
    fn a_carriage_return_is_a_change() {
        assert_eq!(shown("a\n", "a\r\n"), "@@ -1,1 +1,1 @@\n-a\n+a\r\n");
    }

    #[test]
    fn changes_share_a_hunk_when_the_lines_around_them_touch() {
        let old: String = (0..20).map(|n| format!("{n}\n")).collect();
        let far = old.replace("\n2\n", "\ntwo\n").replace("\n10\n", "\nten\n");
        assert_eq!(shown(&old, &far).matches("@@ -").count(), 2);
        let touching = old.replace("\n2\n", "\ntwo\n").replace("\n9\n", "\nnine\n");
        assert_eq!(shown(&old, &touching).matches("@@ -").count(), 1);
    }

    #[test]
    fn texts_of_very_many_lines_are_shown_as_removed_and_added() {
        let old = "x\n".repeat(DIFF_LINES_MAX + 1);
        let between = |lines_max| TextDiff::between(old.as_bytes(), b"x\n", lines_max);
        assert_eq!(between(DIFF_LINES_MAX + 1), None);
        let diff = between(DIFF_LINES_MAX + 2).unwrap();
        assert_eq!(diff.removed_count(), DIFF_LINES_MAX + 1);
        assert_eq!(diff.added_count(), 1);
    }

    #[test]
    fn a_search_that_hides_a_change_is_not_believed() {
        let (old, new): ([&[u8]; 2], [&[u8]; 2]) = ([b"a", b"b"], [b"a", b"c"]);
        assert!(checked(&old, &new, Vec::new()).is_none());
        let honest = Change {
            old: 1..2,
            new: 1..2,
        };
        assert!(checked(&old, &new, vec![honest]).is_some());
        let beyond = Change {
            old: 1..9,
            new: 1..2,
        };
        assert!(checked(&old, &new, vec![beyond]).is_none());
    }

    /// Runs of unchanged lines that grow towards the end make the search recurse at each of them.
    #[test]
    fn the_search_stays_within_a_small_stack() {
        let mut old = String::new();
        let mut new = String::new();
        let mut line = 0;
        for run in 1..446 {
            old += &format!("old {run}\n");
            new += &format!("new {run}\n");
            for _ in 0..run {
                line += 1;
                old += &format!("{line}\n");
                new += &format!("{line}\n");
            }
        }
        let compare = move || {
            let diff = TextDiff::between(old.as_bytes(), new.as_bytes(), usize::MAX);
            diff.unwrap().added_count()
        };
        let thread = std::thread::Builder::new().stack_size(512 * 1024);
        assert_eq!(thread.spawn(compare).unwrap().join().unwrap(), 445);
    }
}
