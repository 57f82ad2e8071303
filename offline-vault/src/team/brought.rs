//! What a crossing changed in spaces, for the person.

/// Something that happened in a space.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct News {
    /// What this vault calls the space.
    pub space: String,
    /// One sentence; foreign text in it is escaped.
    pub what: String,
}

/// What a crossing changed in spaces.
#[derive(Debug, Default)]
pub struct Brought {
    /// In the order in which it happened.
    pub news: Vec<News>,
    /// Spaces in which not all that was due could be done; the news say why.
    pub failed_spaces: usize,
    /// Something came that has to be answered with the same crossing.
    pub(crate) asks_for_answer: bool,
}

impl Brought {
    /// Nothing happened.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.news.is_empty() && !self.asks_for_answer
    }

    pub(crate) fn add(&mut self, more: Self) {
        self.news.extend(more.news);
        self.failed_spaces = self.failed_spaces.saturating_add(more.failed_spaces);
        self.asks_for_answer |= more.asks_for_answer;
    }

    pub(crate) fn tell(&mut self, space: &str, what: impl Into<String>) {
        self.news.push(News {
            space: space.to_owned(),
            what: what.into(),
        });
    }
}
