//! Lists of items: a page at a time, newest first, and how many there are.

use rusqlite::params;
use team_content::index::ItemKind;
use team_content::item_id::ItemId;
use team_core::ids::CompartmentId;

use super::super::{StoreError, Tables};
use super::item::{ItemFlag, ItemRow, StoredItem, item, kind_word};
use super::row::SpaceRow;
use crate::clock::UnixTime;

/// Which items of one kind a list is to show.
#[derive(Clone, Copy, Debug, Default)]
pub struct ItemFilter<'a> {
    /// Only those of this compartment.
    pub compartment: Option<CompartmentId>,
    /// Only those of this folder, thread or schema.
    pub place: Option<&'a str>,
    /// Only those of which this is to be said. Deleted ones are listed only when they are asked
    /// for.
    pub flag: Option<ItemFlag>,
    /// Only those after this one in the list.
    pub after: Option<(UnixTime, ItemRow)>,
}

/// The first digits of the name of an item, as people type it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ItemPrefix {
    first: ItemId,
    last: ItemId,
}

impl ItemPrefix {
    /// Reads 1 to 32 hexadecimal digits; none when it is anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || text.len() > 32 {
            return None;
        }
        let mut first = [0; 16];
        let mut last = [0xff; 16];
        for (at, digit) in text.chars().enumerate() {
            let digit = u8::try_from(digit.to_digit(16)?).ok()?;
            let (low, high) = (first.get_mut(at / 2)?, last.get_mut(at / 2)?);
            let shift = if at % 2 == 0 { 4 } else { 0 };
            *low |= digit << shift;
            *high &= (digit << shift) | !(0xf << shift);
        }
        Some(Self {
            first: ItemId(first),
            last: ItemId(last),
        })
    }
}

impl Tables<'_> {
    /// The first `limit` items of one kind that a filter lets through, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn items(
        &self,
        space: SpaceRow,
        kind: Option<ItemKind>,
        filter: &ItemFilter<'_>,
        limit: u32,
    ) -> Result<Vec<StoredItem>, StoreError> {
        let (updated_at, id) = filter
            .after
            .unwrap_or((UnixTime(i64::MAX), ItemRow(i64::MAX)));
        let values = params![
            space,
            kind_word(kind),
            updated_at,
            id,
            filter.place,
            filter.compartment.map(|compartment| compartment.0),
            limit,
        ];
        self.all("read the items", &list_statement(filter), values, item)
    }

    /// The items whose names begin so, whatever compartment they are in; at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn items_with_prefix(
        &self,
        space: SpaceRow,
        prefix: ItemPrefix,
        limit: u32,
    ) -> Result<Vec<StoredItem>, StoreError> {
        let values = params![space, prefix.first.0, prefix.last.0, limit];
        self.all("look items up", WITH_PREFIX, values, item)
    }

    /// How many items of each kind there are: all that are not deleted, or those of which
    /// something is to be said.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn item_counts(
        &self,
        space: SpaceRow,
        flag: Option<ItemFlag>,
    ) -> Result<Vec<(Option<ItemKind>, u64)>, StoreError> {
        self.all("count the items", &count_statement(flag), [space], |row| {
            let word: String = row.get(0)?;
            Ok((ItemKind::from_word(&word), row.get(1)?))
        })
    }
}

/// An index of a part of the items, and the term that says which; the statement has to say it in
/// the very words of the index.
struct PartIndex {
    name: &'static str,
    term: &'static str,
}

fn index_of(flag: Option<ItemFlag>) -> PartIndex {
    let (name, term) = match flag {
        None => ("space_item_list", NOT_DELETED),
        Some(ItemFlag::Conflict) => ("space_item_conflict", "flags & 1"),
        Some(ItemFlag::Proposal) => ("space_item_proposal", "flags & 2"),
        Some(ItemFlag::Deleted) => ("space_item_deleted", "flags & 4"),
        Some(ItemFlag::Unread) => ("space_item_unread", "flags & 8"),
        Some(ItemFlag::Late) => ("space_item_late", "flags & 16"),
    };
    PartIndex { name, term }
}

fn count_statement(flag: Option<ItemFlag>) -> String {
    let PartIndex { name, term } = index_of(flag);
    let parts = [
        "SELECT kind, count(*) FROM space_item INDEXED BY ",
        name,
        " WHERE space_id = ?1 AND ",
        term,
        " GROUP BY kind",
    ];
    parts.concat()
}

/// Names the index, so that no list of a million items is ever sorted for one page.
fn list_statement(filter: &ItemFilter<'_>) -> String {
    let narrow = filter
        .compartment
        .is_some_and(|it| it != CompartmentId::WHOLE);
    let mut index = index_of(filter.flag);
    if filter.flag.is_none() && filter.place.is_some() {
        index.name = "space_item_place";
    } else if filter.flag.is_none() && narrow {
        index.name = "space_item_compartment";
    }
    let mut parts = vec![
        "SELECT * FROM space_item INDEXED BY ",
        index.name,
        " WHERE space_id = ?1 AND kind = ?2 AND (updated_at, id) < (?3, ?4) AND ",
        index.term,
    ];
    if filter.place.is_some() {
        parts.push(" AND place = ?5");
    }
    if filter.compartment.is_some() {
        parts.push(" AND compartment = ?6");
    }
    if narrow {
        parts.push(NARROW);
    }
    parts.push(" ORDER BY updated_at DESC, id DESC LIMIT ?7");
    parts.concat()
}

const NOT_DELETED: &str = "flags & 4 = 0";
/// Most items are in the compartment of the whole space; those of others have an index.
const NARROW: &str = " AND compartment <> x'00000000000000000000000000000000'";
const WITH_PREFIX: &str = "SELECT * FROM space_item
     WHERE space_id = ?1 AND item BETWEEN ?2 AND ?3 ORDER BY item, compartment LIMIT ?4";

#[cfg(test)]
mod tests {
    use super::super::fixture::Fixture;
    use super::super::{ItemFlags, ItemLine};
    use super::*;

    const NARROW_ONE: CompartmentId = CompartmentId([5; 16]);
    const FLAGS: [ItemFlag; 5] = [
        ItemFlag::Conflict,
        ItemFlag::Proposal,
        ItemFlag::Deleted,
        ItemFlag::Unread,
        ItemFlag::Late,
    ];

    /// Items of which each has a later time; number 3 is deleted, 4 is in conflict, and those
    /// with an even number are in another compartment.
    fn items(fixture: &Fixture) {
        fixture.write(|changes| {
            for number in 0..6_u8 {
                let compartment = match number % 2 {
                    0 => NARROW_ONE,
                    _ => CompartmentId::WHOLE,
                };
                let name = ItemId([0xa0 | number; 16]);
                let id = changes
                    .ensure_item(fixture.space, compartment, name)
                    .unwrap();
                let line = ItemLine {
                    kind: Some(ItemKind::File),
                    title: number.to_string(),
                    place: format!("folder {}", number / 3),
                    updated_at: UnixTime(i64::from(number / 2)),
                    flags: ItemFlags::default()
                        .with(ItemFlag::Deleted, number == 3)
                        .with(ItemFlag::Conflict, number == 4),
                };
                changes.set_item_line(id, &line).unwrap();
            }
        });
    }

    fn titles(items: &[StoredItem]) -> String {
        items.iter().map(|item| item.line.title.as_str()).collect()
    }

    #[test]
    fn a_list_shows_what_its_filter_lets_through_newest_first() {
        let fixture = Fixture::new();
        items(&fixture);
        let all = ItemFilter::default();
        let narrow = Some(NARROW_ONE);
        let whole = Some(CompartmentId::WHOLE);
        for (filter, shown) in [
            (all, "54210"),
            (
                ItemFilter {
                    compartment: narrow,
                    ..all
                },
                "420",
            ),
            (
                ItemFilter {
                    compartment: whole,
                    ..all
                },
                "51",
            ),
            (
                ItemFilter {
                    place: Some("folder 1"),
                    ..all
                },
                "54",
            ),
            (
                ItemFilter {
                    place: Some("folder 1"),
                    compartment: narrow,
                    ..all
                },
                "4",
            ),
            (
                ItemFilter {
                    flag: Some(ItemFlag::Deleted),
                    ..all
                },
                "3",
            ),
            (
                ItemFilter {
                    flag: Some(ItemFlag::Conflict),
                    place: Some("folder 1"),
                    ..all
                },
                "4",
            ),
            (
                ItemFilter {
                    flag: Some(ItemFlag::Late),
                    ..all
                },
                "",
            ),
        ] {
            let kind = Some(ItemKind::File);
            let found = fixture
                .store
                .read()
                .items(fixture.space, kind, &filter, 9)
                .unwrap();
            assert_eq!(titles(&found), shown, "{filter:?}");
        }
        let notes = fixture
            .store
            .read()
            .items(fixture.space, Some(ItemKind::Note), &all, 9);
        assert!(notes.unwrap().is_empty());
    }

    #[test]
    fn pages_of_a_list_join_without_gap_or_repetition() {
        let fixture = Fixture::new();
        items(&fixture);
        let mut shown = String::new();
        let mut filter = ItemFilter::default();
        loop {
            let kind = Some(ItemKind::File);
            let page = fixture
                .store
                .read()
                .items(fixture.space, kind, &filter, 2)
                .unwrap();
            let Some(last) = page.last() else {
                break;
            };
            filter.after = Some((last.line.updated_at, last.id));
            shown.push_str(&titles(&page));
        }
        assert_eq!(shown, "54210");
    }

    #[test]
    fn items_are_counted_by_kind() {
        let fixture = Fixture::new();
        items(&fixture);
        let tables = fixture.store.read();
        let counts = |flag| tables.item_counts(fixture.space, flag).unwrap();
        assert_eq!(counts(None), [(Some(ItemKind::File), 5)]);
        assert_eq!(counts(Some(ItemFlag::Deleted)), [(Some(ItemKind::File), 1)]);
        assert_eq!(counts(Some(ItemFlag::Unread)), []);
    }

    #[test]
    fn an_item_is_found_by_the_digits_that_people_type() {
        let fixture = Fixture::new();
        items(&fixture);
        let find = |typed: &str| {
            let prefix = ItemPrefix::parse(typed).unwrap();
            let found = fixture
                .store
                .read()
                .items_with_prefix(fixture.space, prefix, 9);
            titles(&found.unwrap())
        };
        assert_eq!(find("a"), "012345");
        assert_eq!(find("A3a"), "3");
        assert_eq!(find(&"a4".repeat(16)), "4");
        assert_eq!(find("a4a5"), "");
        for typed in ["", "g", "a4 ", "\u{661}", &"a".repeat(33)] {
            assert_eq!(ItemPrefix::parse(typed), None, "{typed:?}");
        }
    }

    #[test]
    fn no_list_of_items_reads_or_sorts_them_all() {
        let fixture = Fixture::new();
        fixture.assert_direct(WITH_PREFIX);
        let flags = FLAGS.map(Some).into_iter().chain([None]);
        for flag in flags {
            fixture.assert_direct(&count_statement(flag));
            for compartment in [None, Some(CompartmentId::WHOLE), Some(NARROW_ONE)] {
                for place in [None, Some("folder")] {
                    let filter = ItemFilter {
                        compartment,
                        place,
                        flag,
                        after: None,
                    };
                    fixture.assert_direct(&list_statement(&filter));
                }
            }
        }
    }
}
