//! What a crossing promises.
