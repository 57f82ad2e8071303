//! What a person reads when there is no window.

use pack_format::advice::{Advice as _, as_text};
use screen::ScreenError;

#[test]
fn every_message_says_what_happened_and_what_to_do() {
    let errors = [
        ScreenError::NoDesktop,
        ScreenError::NotOpened {
            reason: "it was closed at once".into(),
        },
        ScreenError::TooSlow { limit_secs: 30 },
        ScreenError::AlreadyOpen,
    ];
    for err in errors {
        let text = as_text("vault", &err);
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(err.code().starts_with("screen-"));
        for sentence in [err.data_safe(), err.next_step()] {
            assert!(sentence.ends_with('.') && sentence.starts_with(char::is_uppercase));
        }
    }
}
