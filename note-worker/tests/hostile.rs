//! Bytes that are meant to do harm end the worker, never the one who asks.
