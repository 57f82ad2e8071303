//! Crossing by light with the two programs that are shipped: pictures instead of a screen and a
//! camera, and where there is an X server, a real window and a real terminal.

mod bad_input;
mod desktop;
mod finder;
mod going_on;
mod messages;
mod other_media;
mod pair;
mod pictures;
mod roads;
mod screens;
