//! Courier, relay and outsider against both programs as they are shipped. The finder and the
//! seizer have a module of their own; the insider is in the tests of `bundle-format`.

pub(crate) mod courier;
pub(crate) mod hostile;
mod outsider;
mod relay;
