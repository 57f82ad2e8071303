//! What each signing key may be used for: kinds of requests, namespaces, how often, and whose
//! approval it takes.
//!
//! Spec: spec/keys.md, "Policy".

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use pack_format::codec::{DecodeError, Reader, Wire, Writer};
use pack_format::relay::PublicKey;
use signing_format::key_reference::KeyReference;
use signing_format::limits::{APPROVALS_MAX, NAME_BYTES_MAX};
use signing_format::ssh::Namespace;
use signing_format::subject::{FileForm, GitForm};

use super::refusal::PolicyRefusal;
use crate::limits::{POLICY_APPROVERS_MAX, POLICY_NAMESPACES_MAX, POLICY_PER_DAY_MAX};
use crate::names::LocalName;

/// A kind of use that a policy allows or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UseKind {
    /// Sign a file, with the signature beside it.
    File,
    /// Sign a text, with the signature around it.
    Text,
    /// Sign a git commit.
    GitCommit,
    /// Sign a git tag.
    GitTag,
    /// Certify a user id of somebody else's certificate.
    Certify,
    /// Open a message.
    Decrypt,
}

impl UseKind {
    /// All kinds, in the order in which they are shown.
    pub const ALL: [Self; 6] = [
        Self::File,
        Self::Text,
        Self::GitCommit,
        Self::GitTag,
        Self::Certify,
        Self::Decrypt,
    ];

    /// The word for it on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Text => "text",
            Self::GitCommit => "git-commit",
            Self::GitTag => "git-tag",
            Self::Certify => "certify",
            Self::Decrypt => "decrypt",
        }
    }

    fn bit(self) -> u16 {
        match self {
            Self::File => 1,
            Self::Text => 2,
            Self::GitCommit => 4,
            Self::GitTag => 8,
            Self::Certify => 16,
            Self::Decrypt => 32,
        }
    }
}

impl fmt::Display for UseKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for UseKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        known.ok_or_else(|| {
            let words: Vec<_> = Self::ALL.into_iter().map(Self::as_str).collect();
            format!("kinds of use are {}", words.join(", "))
        })
    }
}

/// A set of kinds of use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UseKinds(u16);

impl UseKinds {
    /// Every kind that a key of this kind can be used for.
    #[must_use]
    pub fn of_key(reference: &KeyReference) -> Self {
        match reference {
            KeyReference::OpenPgpV4(_) | KeyReference::OpenPgpV6(_) => {
                UseKind::ALL.into_iter().collect()
            }
            KeyReference::Ssh(_) => [UseKind::File, UseKind::GitCommit, UseKind::GitTag]
                .into_iter()
                .collect(),
            KeyReference::Minisign { .. } => [UseKind::File].into_iter().collect(),
        }
    }

    /// Whether the set holds a kind.
    #[must_use]
    pub fn contains(self, kind: UseKind) -> bool {
        self.0 & kind.bit() != 0
    }

    /// The kinds in it, in the order in which they are shown.
    pub fn iter(self) -> impl Iterator<Item = UseKind> {
        UseKind::ALL
            .into_iter()
            .filter(move |kind| self.contains(*kind))
    }

    /// The first kind of this set that is not in `other`.
    #[must_use]
    pub fn first_outside(self, other: Self) -> Option<UseKind> {
        self.iter().find(|kind| !other.contains(*kind))
    }
}

impl FromIterator<UseKind> for UseKinds {
    fn from_iter<I: IntoIterator<Item = UseKind>>(kinds: I) -> Self {
        Self(kinds.into_iter().fold(0, |bits, kind| bits | kind.bit()))
    }
}

impl fmt::Display for UseKinds {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.iter().map(UseKind::as_str).collect();
        formatter.write_str(&words.join(", "))
    }
}

/// What a request asks of a key, as far as policies look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The kinds of use, all of which have to be allowed.
    pub kinds: UseKinds,
    /// The namespace of an SSH signature.
    pub namespace: Option<String>,
    /// How many signatures it takes.
    pub count: u32,
}

impl Asked {
    /// One signature of a file.
    ///
    /// An SSH signature of a file in the namespace `git` is a signature of a commit or a tag to
    /// everybody who checks it, so that it takes the right to all three.
    #[must_use]
    pub fn file(form: &FileForm) -> Self {
        let (kinds, namespace): (&[UseKind], _) = match form {
            FileForm::OpenPgp | FileForm::Minisign { .. } => (&[UseKind::File], None),
            FileForm::OpenPgpClear => (&[UseKind::Text], None),
            FileForm::Ssh { namespace } if namespace == GIT_NAMESPACE => (
                &[UseKind::File, UseKind::GitCommit, UseKind::GitTag],
                Some(namespace.clone()),
            ),
            FileForm::Ssh { namespace } => (&[UseKind::File], Some(namespace.clone())),
        };
        Self {
            kinds: kinds.iter().copied().collect(),
            namespace,
            count: 1,
        }
    }

    /// Takes further kinds of use.
    pub fn add(&mut self, kinds: &[UseKind]) {
        self.kinds = self.kinds.iter().chain(kinds.iter().copied()).collect();
    }

    /// Signatures of git objects.
    #[must_use]
    pub fn git(form: GitForm, commit_count: u32, tag_count: u32) -> Self {
        let commits = (commit_count > 0).then_some(UseKind::GitCommit);
        let tags = (tag_count > 0).then_some(UseKind::GitTag);
        Self {
            kinds: commits.into_iter().chain(tags).collect(),
            namespace: (form == GitForm::Ssh).then(|| GIT_NAMESPACE.to_owned()),
            count: commit_count.saturating_add(tag_count),
        }
    }

    /// Certifications of user ids.
    #[must_use]
    pub fn certify(user_id_count: u32) -> Self {
        Self {
            kinds: [UseKind::Certify].into_iter().collect(),
            namespace: None,
            count: user_id_count,
        }
    }

    /// One message to be opened.
    #[must_use]
    pub fn decrypt() -> Self {
        Self {
            kinds: [UseKind::Decrypt].into_iter().collect(),
            namespace: None,
            count: 1,
        }
    }
}

/// What a key may be used for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The kinds of use.
    pub kinds: UseKinds,
    /// The namespaces of SSH signatures; `None` for any.
    pub namespaces: Option<BTreeSet<Namespace>>,
    /// Most signatures and opened messages within 24 hours.
    pub per_day: u32,
    /// The identity keys of those whose approval counts.
    pub approvers: BTreeSet<PublicKey>,
    /// How many of them must have approved a request; 0 for none.
    pub approvals_needed: u8,
}

impl Policy {
    /// What a new key may do: everything that its kind can, in any namespace, a hundred times a
    /// day, without anybody else.
    #[must_use]
    pub fn of_new_key(reference: &KeyReference) -> Self {
        Self {
            kinds: UseKinds::of_key(reference),
            namespaces: None,
            per_day: PER_DAY_DEFAULT,
            approvers: BTreeSet::new(),
            approvals_needed: 0,
        }
    }

    /// Whether a request may be signed with the key called `name`.
    ///
    /// `made_today` are the signatures of the last 24 hours
    /// ([`made_within_a_day`](super::journal::made_within_a_day)). `approved_by` are those whose
    /// approvals of this very request verify; who is no approver does not count.
    ///
    /// # Errors
    /// The first reason against it.
    pub fn check(
        &self,
        name: &LocalName,
        asked: &Asked,
        made_today: u32,
        approved_by: &[PublicKey],
    ) -> Result<(), PolicyRefusal> {
        let key = name.clone();
        if let Some(kind) = asked.kinds.first_outside(self.kinds) {
            return Err(PolicyRefusal::Kind { key, kind });
        }
        if let (Some(allowed), Some(namespace)) = (&self.namespaces, &asked.namespace)
            && !allowed.iter().any(|it| it.as_str() == namespace)
        {
            let namespace = namespace.clone();
            return Err(PolicyRefusal::Namespace { key, namespace });
        }
        if made_today.saturating_add(asked.count) > self.per_day {
            return Err(PolicyRefusal::PerDay {
                key,
                limit: self.per_day,
                made: made_today,
                asked: asked.count,
            });
        }
        let counted: BTreeSet<_> = approved_by.iter().copied().collect();
        let found = self.approvers.intersection(&counted).count();
        if found < usize::from(self.approvals_needed) {
            return Err(PolicyRefusal::Approvals {
                key,
                needed: self.approvals_needed,
                found,
            });
        }
        Ok(())
    }

    /// Whether the policy makes sense for a key.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn validate(&self, reference: &KeyReference) -> Result<(), PolicyError> {
        if let Some(kind) = self.kinds.first_outside(UseKinds::of_key(reference)) {
            let key_kind = reference.kind_text();
            return Err(PolicyError::KindOfOtherKeys { kind, key_kind });
        }
        if self.namespaces.is_some() && !matches!(reference, KeyReference::Ssh(_)) {
            return Err(PolicyError::NamespacesOfSshOnly);
        }
        self.check_bounds()
    }

    fn check_bounds(&self) -> Result<(), PolicyError> {
        if self.namespaces.iter().flatten().count() > POLICY_NAMESPACES_MAX {
            return Err(PolicyError::Namespaces {
                limit: POLICY_NAMESPACES_MAX,
            });
        }
        if self.per_day > POLICY_PER_DAY_MAX {
            return Err(PolicyError::PerDay {
                limit: POLICY_PER_DAY_MAX,
            });
        }
        if self.approvers.len() > POLICY_APPROVERS_MAX {
            return Err(PolicyError::Approvers {
                limit: POLICY_APPROVERS_MAX,
            });
        }
        let needed = usize::from(self.approvals_needed);
        if needed > self.approvers.len() || u32::from(self.approvals_needed) > APPROVALS_MAX {
            return Err(PolicyError::ApprovalsBeyondApprovers {
                needed: self.approvals_needed,
                approvers: self.approvers.len(),
            });
        }
        Ok(())
    }
}

/// Why a policy cannot be a key's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// Keys of this kind are never used for that.
    #[error("keys of the kind {key_kind} are not used for {kind}")]
    KindOfOtherKeys {
        /// The use.
        kind: UseKind,
        /// The kind of key.
        key_kind: &'static str,
    },
    /// Only SSH signatures have namespaces.
    #[error("only SSH keys have namespaces")]
    NamespacesOfSshOnly,
    /// Too many namespaces.
    #[error("a policy names at most {limit} namespaces")]
    Namespaces {
        /// The most.
        limit: usize,
    },
    /// No vault signs that often.
    #[error("a key makes at most {limit} signatures a day")]
    PerDay {
        /// The most.
        limit: u32,
    },
    /// Too many approvers.
    #[error("a key has at most {limit} approvers")]
    Approvers {
        /// The most.
        limit: usize,
    },
    /// More approvals are asked for than there are approvers.
    #[error("{needed} approvals are asked for and there are {approvers} approvers")]
    ApprovalsBeyondApprovers {
        /// How many are asked for.
        needed: u8,
        /// How many approvers there are.
        approvers: usize,
    },
}

impl Wire for Policy {
    const WHAT: &'static str = "policy of a signing key";

    fn write(&self, writer: &mut Writer) {
        writer.u8(VERSION).u16(self.kinds.0);
        writer.u8(u8::from(self.namespaces.is_some()));
        if let Some(namespaces) = &self.namespaces {
            writer.count(namespaces.len());
            for namespace in namespaces {
                writer.text(namespace.as_str());
            }
        }
        writer.u32(self.per_day).count(self.approvers.len());
        for approver in &self.approvers {
            writer.put(&approver.0);
        }
        writer.u8(self.approvals_needed);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        if reader.u8("policy version")? != VERSION {
            return Err(DecodeError::Unknown {
                what: "policy version",
            });
        }
        let kinds = UseKinds(reader.u16("kinds of use")?);
        let all: UseKinds = UseKind::ALL.into_iter().collect();
        if kinds.0 & !all.0 != 0 {
            return Err(DecodeError::Unknown {
                what: "kind of use",
            });
        }
        let namespaces = match reader.u8("flag")? {
            0 => None,
            1 => Some(read_namespaces(reader)?),
            _ => return Err(DecodeError::Unknown { what: "flag" }),
        };
        let policy = Self {
            kinds,
            namespaces,
            per_day: reader.u32("signatures a day")?,
            approvers: read_approvers(reader)?,
            approvals_needed: reader.u8("approvals")?,
        };
        policy.check_bounds().map_err(|_| DecodeError::Rule {
            what: "a policy is beyond its bounds",
        })?;
        Ok(policy)
    }
}

fn read_namespaces(reader: &mut Reader<'_>) -> Result<BTreeSet<Namespace>, DecodeError> {
    let limit = u32::try_from(POLICY_NAMESPACES_MAX).unwrap_or(u32::MAX);
    let mut namespaces = BTreeSet::new();
    for _ in 0..reader.count(limit, "namespaces")? {
        let text = reader.text(NAME_BYTES_MAX, "namespace")?;
        let namespace = Namespace::new(text).map_err(|_| DecodeError::Rule {
            what: "a namespace is not one",
        })?;
        ascending(namespaces.last(), &namespace)?;
        namespaces.insert(namespace);
    }
    Ok(namespaces)
}

fn read_approvers(reader: &mut Reader<'_>) -> Result<BTreeSet<PublicKey>, DecodeError> {
    let limit = u32::try_from(POLICY_APPROVERS_MAX).unwrap_or(u32::MAX);
    let mut approvers = BTreeSet::new();
    for _ in 0..reader.count(limit, "approvers")? {
        let approver = PublicKey(reader.take_array("approver")?);
        ascending(approvers.last(), &approver)?;
        approvers.insert(approver);
    }
    Ok(approvers)
}

fn ascending<T: Ord>(last: Option<&T>, next: &T) -> Result<(), DecodeError> {
    if last.is_some_and(|last| last >= next) {
        return Err(DecodeError::Rule {
            what: "a list of a policy is not in order",
        });
    }
    Ok(())
}

/// The version of policies.
const VERSION: u8 = 1;
/// The namespace in which git signs.
const GIT_NAMESPACE: &str = "git";
/// Enough for a busy day of commits, and few enough that a stolen hour shows.
const PER_DAY_DEFAULT: u32 = 100;

#[cfg(test)]
mod tests {
    use super::*;

    fn name() -> LocalName {
        LocalName::new("release").unwrap()
    }

    fn ssh_policy() -> Policy {
        Policy::of_new_key(&KeyReference::Ssh([1; 32]))
    }

    fn ssh_file(namespace: &str) -> Asked {
        Asked::file(&FileForm::Ssh {
            namespace: namespace.to_owned(),
        })
    }

    #[test]
    fn a_new_key_may_do_what_its_kind_can() {
        let policy = ssh_policy();
        let git = Asked::git(GitForm::Ssh, 99, 1);
        assert_eq!(policy.check(&name(), &git, 0, &[]), Ok(()));
        let refused = policy.check(&name(), &Asked::decrypt(), 0, &[]);
        let kind = UseKind::Decrypt;
        assert_eq!(refused, Err(PolicyRefusal::Kind { key: name(), kind }));
    }

    #[test]
    fn a_file_in_the_namespace_of_git_takes_the_right_to_sign_commits_and_tags() {
        let mut policy = ssh_policy();
        policy.kinds = [UseKind::File].into_iter().collect();
        assert_eq!(policy.check(&name(), &ssh_file("file"), 0, &[]), Ok(()));
        let refused = policy.check(&name(), &ssh_file("git"), 0, &[]);
        let kind = UseKind::GitCommit;
        assert_eq!(refused, Err(PolicyRefusal::Kind { key: name(), kind }));
    }

    #[test]
    fn another_namespace_is_refused() {
        let mut policy = ssh_policy();
        policy.namespaces = Some([Namespace::file()].into());
        assert_eq!(policy.check(&name(), &ssh_file("file"), 0, &[]), Ok(()));
        let refused = policy.check(&name(), &ssh_file("email"), 0, &[]);
        assert!(matches!(refused, Err(PolicyRefusal::Namespace { .. })));
        let refused = policy.check(&name(), &Asked::git(GitForm::Ssh, 1, 0), 0, &[]);
        assert!(matches!(refused, Err(PolicyRefusal::Namespace { .. })));
    }

    #[test]
    fn one_signature_more_than_a_day_has_is_refused() {
        let mut policy = ssh_policy();
        policy.per_day = 3;
        let git = Asked::git(GitForm::Ssh, 2, 0);
        assert_eq!(policy.check(&name(), &git, 1, &[]), Ok(()));
        let refused = policy.check(&name(), &git, 2, &[]);
        assert!(matches!(
            refused,
            Err(PolicyRefusal::PerDay {
                limit: 3,
                made: 2,
                asked: 2,
                ..
            })
        ));
    }

    #[test]
    fn approvals_of_others_and_of_one_twice_do_not_count() {
        let mut policy = ssh_policy();
        let [one, two, stranger] = [[1; 32], [2; 32], [3; 32]].map(PublicKey);
        policy.approvers = [one, two].into();
        policy.approvals_needed = 2;
        let asked = ssh_file("file");
        for approved_by in [&[][..], &[one, one], &[one, stranger]] {
            let refused = policy.check(&name(), &asked, 0, approved_by);
            assert!(matches!(refused, Err(PolicyRefusal::Approvals { .. })));
        }
        assert_eq!(policy.check(&name(), &asked, 0, &[two, one]), Ok(()));
    }

    #[test]
    fn a_policy_survives_its_encoding_and_has_one() {
        let mut policy = ssh_policy();
        policy.namespaces = Some([Namespace::file(), Namespace::git()].into());
        policy.approvers = [PublicKey([1; 32]), PublicKey([2; 32])].into();
        policy.approvals_needed = 1;
        let bytes = policy.to_wire();
        assert_eq!(Policy::from_wire(&bytes), Ok(policy));
        for cut in 0..bytes.len() {
            assert!(Policy::from_wire(&bytes[..cut]).is_err());
        }
        let mut unknown = bytes.clone();
        unknown[1] = 0x80;
        assert!(Policy::from_wire(&unknown).is_err());
    }

    #[test]
    fn a_policy_that_nobody_could_satisfy_is_none() {
        let mut policy = ssh_policy();
        policy.approvals_needed = 1;
        let reference = KeyReference::Ssh([1; 32]);
        let wrong = policy.validate(&reference);
        assert!(matches!(
            wrong,
            Err(PolicyError::ApprovalsBeyondApprovers { .. })
        ));
        assert!(Policy::from_wire(&policy.to_wire()).is_err());
        let mut policy = ssh_policy();
        policy.kinds = [UseKind::Certify].into_iter().collect();
        let wrong = policy.validate(&reference);
        assert!(matches!(wrong, Err(PolicyError::KindOfOtherKeys { .. })));
    }

    #[test]
    fn the_example_of_the_specification_holds() {
        let mut policy = ssh_policy();
        policy.kinds = [UseKind::GitCommit, UseKind::GitTag].into_iter().collect();
        policy.namespaces = Some([Namespace::git()].into());
        policy.per_day = 50;
        policy.approvers = [PublicKey([2; 32])].into();
        policy.approvals_needed = 1;
        let specification = include_str!("../../../spec/keys.md").replace('\n', "");
        let hex = data_encoding::HEXLOWER.encode(&policy.to_wire());
        assert!(specification.contains(&hex), "policy: {hex}");
    }
}
