//! Courier, relay and outsider against both programs as they are shipped. The finder and the
//! seizer have a module of their own; the insider is in the tests of `bundle-format`.

mod courier;
mod hostile;
mod outsider;
mod relay;
