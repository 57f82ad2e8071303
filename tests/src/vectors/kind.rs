//! The kinds of failure that vectors name: the one place where errors become words.

use bundle_format::card::CardError;
use bundle_format::open::OpenError;
use pack_format::chunked::ChunkedError;
use pack_format::codec::DecodeError;
use pack_format::light::FrameError;
use pack_format::pack::PackError;
use pack_format::words::WordsError;
use signing_format::git::{ContentError, SignError};
use signing_format::reply::ReplyError;
use team_core::blob::BlobError;
use team_core::epoch::UnwrapError;
use team_core::log::BadForkProof;
use team_core::sync::BadSegment;

/// Why a payload was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The kind, as in `expect`.
    pub kind: &'static str,
    /// Which field or rule, in the words of this implementation.
    pub reason: Option<&'static str>,
}

/// Every kind that bytes can provoke. Each has a vector.
pub const KINDS: [&str; 23] = [
    "bad-signature",
    "checksum",
    "chunk-altered",
    "commitment",
    "does-not-open",
    "frame-replaced",
    "length",
    "no-slot",
    "not-compressed",
    "not-for-this-device",
    "not-for-this-vault",
    "not-recognised",
    "other-hash",
    "over-limit",
    "passed-on",
    "payload-mismatch",
    "rule",
    "trailing-bytes",
    "truncated",
    "unknown",
    "word-checksum",
    "word-count",
    "word-not-on-list",
];

impl Failure {
    /// A failure that needs no further words.
    #[must_use]
    pub fn of(kind: &'static str) -> Self {
        Self { kind, reason: None }
    }
}

impl From<DecodeError> for Failure {
    fn from(err: DecodeError) -> Self {
        let (kind, what) = match err {
            DecodeError::Truncated { what } => ("truncated", what),
            DecodeError::TrailingBytes { what, .. } => ("trailing-bytes", what),
            DecodeError::OverLimit { what, .. } => ("over-limit", what),
            DecodeError::Unknown { what } => ("unknown", what),
            DecodeError::Rule { what } => ("rule", what),
            other => panic!("no vector can have this outcome: {other}"),
        };
        Self {
            kind,
            reason: Some(what),
        }
    }
}

impl From<ChunkedError> for Failure {
    fn from(err: ChunkedError) -> Self {
        Self::of(match err {
            ChunkedError::Commitment => "commitment",
            ChunkedError::Length { .. } => "length",
            ChunkedError::Chunk { .. } => "chunk-altered",
            other => panic!("no vector can have this outcome: {other}"),
        })
    }
}

impl From<CardError> for Failure {
    fn from(err: CardError) -> Self {
        match err {
            CardError::Decode(err) => err.into(),
            CardError::Signature(_) => Self::of("bad-signature"),
            other => panic!("no vector can have this outcome: {other}"),
        }
    }
}

impl From<FrameError> for Failure {
    fn from(err: FrameError) -> Self {
        match err {
            FrameError::NotOurs => Self::of("not-recognised"),
            FrameError::Newer { .. } => Self::of("unknown"),
            FrameError::Damaged => Self::of("checksum"),
            FrameError::Malformed(err) => err.into(),
            other => panic!("no vector can have this outcome: {other}"),
        }
    }
}

impl From<OpenError> for Failure {
    fn from(err: OpenError) -> Self {
        match err {
            OpenError::NotForThisVault => Self::of("not-for-this-vault"),
            OpenError::Sealed(err) => err.into(),
            OpenError::Content(err) => err.into(),
            OpenError::Sender(_) => Self::of("bad-signature"),
            OpenError::PassedOn => Self::of("passed-on"),
            OpenError::FrameReplaced { .. } => Self::of("frame-replaced"),
            other => panic!("no vector can have this outcome: {other}"),
        }
    }
}

impl From<PackError> for Failure {
    fn from(err: PackError) -> Self {
        match err {
            PackError::Sealed(err) => err.into(),
            PackError::Content(err) => err.into(),
            other => panic!("no vector can have this outcome: {other}"),
        }
    }
}

impl From<pack_format::relay::BadSignature> for Failure {
    fn from(_: pack_format::relay::BadSignature) -> Self {
        Self::of("bad-signature")
    }
}

impl From<bundle_format::identity::BadSignature> for Failure {
    fn from(_: bundle_format::identity::BadSignature) -> Self {
        Self::of("bad-signature")
    }
}

impl From<team_core::epoch::ContentError> for Failure {
    fn from(err: team_core::epoch::ContentError) -> Self {
        match err {
            team_core::epoch::ContentError::Unopenable { .. } => Self::of("does-not-open"),
            team_core::epoch::ContentError::Form { rule, .. } => Self {
                kind: "rule",
                reason: Some(rule),
            },
            other => panic!("no vector can have this outcome: {other}"),
        }
    }
}

impl From<BlobError> for Failure {
    fn from(err: BlobError) -> Self {
        Self::of(match err {
            BlobError::OtherBlob { .. } => "other-hash",
            BlobError::Unopenable { .. } => "does-not-open",
            BlobError::Form { .. } | BlobError::ChunkLength { .. } => "rule",
            other => panic!("no vector can have this outcome: {other}"),
        })
    }
}

impl From<BadForkProof> for Failure {
    fn from(err: BadForkProof) -> Self {
        Self::of(match err {
            BadForkProof::NoFork => "rule",
            BadForkProof::Signature(_) => "bad-signature",
            other => panic!("no vector can have this outcome: {other}"),
        })
    }
}

impl From<BadSegment> for Failure {
    fn from(err: BadSegment) -> Self {
        Self::of(match err {
            BadSegment::Signature(_) => "bad-signature",
            BadSegment::Payload(_) => "payload-mismatch",
            other => panic!("no vector can have this outcome: {other}"),
        })
    }
}

impl From<UnwrapError> for Failure {
    fn from(err: UnwrapError) -> Self {
        Self::of(match err {
            UnwrapError::OtherDevice { .. } => "not-for-this-device",
            UnwrapError::Unopenable { .. } => "does-not-open",
            UnwrapError::WrongKey { .. } => "commitment",
            other => panic!("no vector can have this outcome: {other}"),
        })
    }
}

impl From<ReplyError> for Failure {
    fn from(err: ReplyError) -> Self {
        match err {
            ReplyError::NotForThisRequest(err) => err.into(),
            ReplyError::Decode(err) => err.into(),
            other => panic!("no vector can have this outcome: {other}"),
        }
    }
}

impl From<ContentError> for Failure {
    fn from(err: ContentError) -> Self {
        let (kind, reason) = match err {
            ContentError::Compression => return Self::of("not-compressed"),
            ContentError::Decode(err) => return err.into(),
            ContentError::Version { .. } => ("unknown", "version of git content"),
            ContentError::TooLarge => ("over-limit", "git content"),
            ContentError::Empty => ("rule", "nothing to sign"),
            ContentError::ToSign { source, .. } => return source.into(),
            ContentError::Material(_) => ("rule", "an object to show has no id"),
            ContentError::MaterialKind { .. } => ("rule", "a tag is only shown"),
            ContentError::Twice { .. } => ("rule", "an object is there twice"),
            ContentError::TagKind { .. } => ("rule", "a tag calls its object another kind"),
            ContentError::Order { .. } => ("rule", "an object comes before what it builds on"),
            other => panic!("no vector can have this outcome: {other}"),
        };
        Self {
            kind,
            reason: Some(reason),
        }
    }
}

impl From<SignError> for Failure {
    fn from(err: SignError) -> Self {
        let (kind, reason) = match err {
            SignError::AlreadySigned { .. } => ("rule", "it is signed already"),
            SignError::NotSignable { .. } => ("rule", "only commits and tags are signed"),
            SignError::TooLarge { .. } => ("over-limit", "object to sign"),
            SignError::UnendedMessage => ("rule", "the tag does not end with a line feed"),
            SignError::Parse(_) => ("rule", "not an object as git writes it"),
            SignError::Object(_) => ("rule", "an object to sign has no id"),
            other => panic!("no vector can have this outcome: {other}"),
        };
        Self {
            kind,
            reason: Some(reason),
        }
    }
}

impl From<WordsError> for Failure {
    fn from(err: WordsError) -> Self {
        Self::of(match err {
            WordsError::Count { .. } => "word-count",
            WordsError::NotOnList { .. } => "word-not-on-list",
            WordsError::Checksum => "word-checksum",
            other => panic!("no vector can have this outcome: {other}"),
        })
    }
}
