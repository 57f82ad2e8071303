//! The phone's page: how it is served, and how it does in a real browser.

mod browser;
mod carrying;
mod keeping;
mod served;
mod video;
