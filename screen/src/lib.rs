//! A window that shows codes to a camera, and says in words what is going on.
//!
//! [`open`] returns when the first picture stands on the screen: whatever the window needs from
//! the machine, it has by then, so that a program may give up the right to ask for more. The
//! window lives on a thread of its own; [`Window`] is the end that the work holds.
//!
//! The program `causeway-screen` is the window in a process of its own: it holds no keys, and
//! whoever holds them links none of this.
//!
//! `state` is plain data, `data` says what a picture of the window shows, `view` draws it and
//! returns `command`s, and `command` is the only place where a person changes the state.

mod adapt;
mod app;
mod command;
mod data;
mod desktop;
mod host;
mod screensaver;
mod shared;
mod state;
mod title;
mod view;
mod window;

pub use carriers::light::screen::ScreenError;
pub use title::Title;
pub use window::{Window, open};
