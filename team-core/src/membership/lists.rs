//! Lists by small number.

use super::order::{Key, index};

/// For each small number a list, empty at first.
#[derive(Clone, Debug)]
pub(super) struct Lists<T>(Vec<Vec<T>>);

impl<T> Lists<T> {
    /// Empty lists for the numbers below `count`; there are no others.
    pub(super) fn new(count: usize) -> Self {
        let mut lists = Vec::new();
        lists.resize_with(count, Vec::new);
        Self(lists)
    }

    /// The list of a number; empty for one that has none.
    pub(super) fn of(&self, key: Key) -> &[T] {
        self.0.get(index(key)).map_or(&[], Vec::as_slice)
    }

    /// Puts something at the end of a list.
    pub(super) fn push(&mut self, key: Key, item: T) {
        if let Some(list) = self.0.get_mut(index(key)) {
            list.push(item);
        }
    }

    /// The numbers whose lists are not empty, ascending.
    pub(super) fn keys(&self) -> impl Iterator<Item = Key> + '_ {
        let lists = (0..).zip(&self.0);
        lists
            .filter(|(_, list)| !list.is_empty())
            .map(|(key, _)| key)
    }
}
