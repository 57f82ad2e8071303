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
///     let signed = chain.accept(&payload, &armored)?;
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
    pub fn accept(&mut self, payload: &Payload, armored: &str) -> Result<SignedObject, SignError> {
        if self.next_payload().as_ref() != Some(payload) {
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

#[cfg(test)]
mod tests {
    use super::{
        super::{GitContent, samples},
        *,
    };

    const ARMOR: &str = "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n";

    fn content() -> GitContent {
        let tree = samples::id(&samples::tree(&[]));
        let outside = samples::id(&samples::commit(tree, &[], "outside\n"));
        let first = samples::commit(tree, &[outside], "first\n");
        let second = samples::commit(tree, &[samples::id(&first), outside], "second\n");
        let tag = samples::tag(samples::id(&second), "tag\n");
        let objects = [first, second, tag];
        GitContent::new(samples::FORMAT, &objects, Vec::new()).unwrap()
    }

    #[test]
    fn each_object_is_signed_over_the_new_ids_of_what_it_builds_on() {
        let content = content();
        let mut chain = content.chain();
        let mut signed = Vec::new();
        while let Some(payload) = chain.next_payload() {
            assert_eq!(payload.bytes(), payload.object().to_bytes());
            let builds_on = payload.object().builds_on();
            signed.push((builds_on, chain.accept(&payload, ARMOR).unwrap()));
        }
        let outside = content.to_sign()[0].object().builds_on()[0];
        assert_eq!(signed[0].0, [outside]);
        assert_eq!(signed[1].0, [signed[0].1.new_id, outside]);
        assert_eq!(signed[2].0, [signed[1].1.new_id]);
        for (to_sign, (_, signed)) in content.to_sign().iter().zip(&signed) {
            assert_eq!(signed.old_id, to_sign.id());
            assert_ne!(signed.new_id, signed.old_id);
            assert_eq!(chain.new_id(&signed.old_id), Some(signed.new_id));
            assert_eq!(samples::id(&signed.object), signed.new_id);
        }
        assert_eq!(signed.len(), content.to_sign().len());
    }

    #[test]
    fn rejects_a_signature_out_of_turn() {
        let content = content();
        let mut chain = content.chain();
        let first = chain.next_payload().unwrap();
        chain.accept(&first, ARMOR).unwrap();
        assert_eq!(chain.accept(&first, ARMOR), Err(SignError::NotNext));
        let next = chain.next_payload().unwrap();
        assert_eq!(next.old_id(), content.to_sign()[1].id());
    }

    #[test]
    fn a_refused_signature_leaves_the_chain_where_it_was() {
        let content = content();
        let mut chain = content.chain();
        let payload = chain.next_payload().unwrap();
        assert!(chain.accept(&payload, "no armour").is_err());
        assert_eq!(chain.next_payload(), Some(payload));
    }
}
