//! Signing in order: each object is signed over the new ids of what it builds on.
//!
//! The vault walks the chain with a key, the desk with the signatures of the reply. Both run this
//! code, and both get the same bytes.

use std::collections::BTreeMap;

use super::{
    object::{ObjectFormat, ObjectId, ObjectKind, RawObject},
    signed::{SignError, Signable, ToSign},
};

/// The objects of a request, and how far they are signed.
///
/// ```text
/// while let Some(payload) = chain.next_payload() {
///     let armored = sign(payload.bytes());
///     let signed = chain.accept(payload, &armored)?;
/// }
/// ```
#[derive(Debug)]
pub struct Chain<'a> {
    format: ObjectFormat,
    to_sign: &'a [ToSign],
    signed_count: usize,
    new_ids: BTreeMap<ObjectId, ObjectId>,
}

impl<'a> Chain<'a> {
    /// A chain at its begin, over the objects of [`super::GitContent::to_sign`]: there it was
    /// checked that each object comes after what it builds on.
    pub(crate) fn new(format: ObjectFormat, to_sign: &'a [ToSign]) -> Self {
        Self {
            format,
            to_sign,
            signed_count: 0,
            new_ids: BTreeMap::new(),
        }
    }

    /// What has to be signed next, or `None` when all is signed.
    #[must_use]
    pub fn next_payload(&self) -> Option<Payload> {
        let next = self.to_sign.get(self.signed_count)?;
        let object = next.object().clone();
        let object = object.relinked(|old| self.new_ids.get(old).copied());
        Some(Payload {
            old_id: next.id(),
            bytes: object.to_bytes(),
            object,
        })
    }

    /// Puts the signature into the object and goes on to the next. The signature itself is *not*
    /// checked.
    ///
    /// # Errors
    /// [`SignError::NotNext`] when the payload is not the one of [`Chain::next_payload`];
    /// [`SignError::Armor`] and [`SignError::Object`] as of [`Signable::with_signature`].
    pub fn accept(&mut self, payload: Payload, armored: &str) -> Result<SignedObject, SignError> {
        if self.next_payload().as_ref() != Some(&payload) {
            return Err(SignError::NotNext);
        }
        let object = payload.object.with_signature(armored)?;
        let new_id = object.id(self.format)?;
        self.new_ids.insert(payload.old_id, new_id);
        self.signed_count = self.signed_count.saturating_add(1);
        Ok(SignedObject {
            old_id: payload.old_id,
            new_id,
            object,
        })
    }

    /// The id that a signed object of the chain has now.
    #[must_use]
    pub fn new_id(&self, old_id: &ObjectId) -> Option<ObjectId> {
        self.new_ids.get(old_id).copied()
    }

    /// How many objects are still to be signed.
    #[must_use]
    pub fn remaining_count(&self) -> usize {
        self.to_sign.len().saturating_sub(self.signed_count)
    }
}

/// An object that builds on new ids, before its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    old_id: ObjectId,
    object: Signable,
    bytes: Vec<u8>,
}

impl Payload {
    /// The id of the object as the request has it.
    #[must_use]
    pub fn old_id(&self) -> ObjectId {
        self.old_id
    }

    /// The object as it is signed.
    #[must_use]
    pub fn object(&self) -> &Signable {
        &self.object
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> ObjectKind {
        self.object.kind()
    }

    /// The bytes that the signature is made over.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// An object with its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedObject {
    /// The id that it had in the request.
    pub old_id: ObjectId,
    /// The id that it has now.
    pub new_id: ObjectId,
    /// The object as it is written to a repository.
    pub object: RawObject,
}
