//! What a person is told beside what happened: a code, whether the data is safe, what to do next.

use pack_format::advice::{Advice, Exit};
use pack_format::shown::Shown;

use super::error::DeskError;

impl DeskError {
    /// The error inside, where it has its own advice.
    fn inner(&self) -> Option<&dyn Advice> {
        Some(match self {
            Self::Courier(err) => err,
            Self::Store(err) => err,
            Self::Git(err) => err,
            Self::Kept(err) => err,
            Self::Verify(err) => err,
            Self::KeySsh(err) => err,
            Self::KeyMinisign(err) => err,
            Self::Namespace(err) => err,
            _ => return None,
        })
    }

    fn own_code(&self) -> &'static str {
        match self {
            Self::KeyOpenPgp(_) | Self::KeyWithoutName => "desk-key-unreadable",
            Self::BadKeyName { .. } => "desk-key-bad-name",
            Self::KeyTaken { .. } => "desk-key-name-taken",
            Self::KeyUnknown { .. } => "desk-key-unknown",
            Self::KeyGone { .. } => "desk-key-gone",
            Self::FormOfKey { .. } | Self::NotForGit { .. } | Self::NotOpenPgp { .. } => {
                "desk-wrong-key"
            }
            Self::BadForm { .. } => "desk-bad-form",
            Self::BadSpan { .. } | Self::BadLife => "desk-bad-time",
            Self::BadSize { .. } => "desk-bad-size",
            Self::OneOutput => "desk-one-output",
            Self::Comment(_) => "desk-bad-file-name",
            Self::TooLong { .. } => "desk-text-too-long",
            Self::WhichVault { .. } => "desk-which-vault",
            Self::VaultTwice { .. } => "desk-vault-twice",
            Self::TooManyApprovals => "desk-too-many-approvals",
            Self::File { .. } => "desk-file-failed",
            Self::NotAFile { .. } => "desk-not-a-file",
            Self::NotAFolder { .. } => "desk-not-a-folder",
            Self::TooLarge { .. } => "desk-file-too-large",
            Self::ContentNeeded { .. } => "desk-content-needed",
            Self::Cleartext { .. } => "desk-text-not-covered",
            Self::Certificate(_) => "desk-not-a-certificate",
            Self::NoUserId { .. } => "desk-no-user-id",
            Self::NotEncrypted { .. } => "desk-not-encrypted",
            Self::ChangedWhileRead => "desk-file-changing",
            Self::Seal(_) => "desk-seal-failed",
            Self::Request(_) => "desk-request-too-large",
            Self::OutputExists { .. } | Self::OutputIsInput { .. } => "desk-output-exists",
            Self::BadRange { .. } => "desk-bad-range",
            Self::NoCommit { .. } => "desk-no-commit",
            Self::WhichBranch { .. } | Self::BranchElsewhere { .. } => "desk-which-branch",
            Self::NoTag { .. } | Self::LightTag { .. } => "desk-no-tag",
            Self::NothingToSign => "desk-nothing-to-sign",
            Self::TooManyObjects { .. } => "desk-too-many-commits",
            Self::Pushed { .. } => "desk-already-pushed",
            Self::AlreadySigned { .. } => "desk-already-signed",
            Self::CannotSign { .. } | Self::GitObject(_) | Self::GitContent(_) => "desk-git-object",
            Self::Gather(_) => "desk-git-diff",
            Self::RequestUnknown { .. } => "request-unknown",
            Self::RequestAmbiguous { .. } => "request-ambiguous",
            Self::RequestEnded { .. } => "request-ended",
            Self::RequestKnown { .. } => "request-known",
            Self::Overdue { .. } => "request-overdue",
            Self::NoReply { .. } => "request-no-reply",
            Self::NoApproval { .. } => "request-no-approval",
            Self::BadParcel => "request-file-unreadable",
            Self::BadApprovals => "approvals-unreadable",
            Self::RefusedByVault { .. } => "request-refused",
            Self::WrongReply => "reply-wrong-kind",
            Self::FileChanged { .. } => "desk-file-changed",
            Self::Task(_) | Self::ContentGone(_) | Self::Content(_) | Self::ContentLarge => {
                "desk-request-damaged"
            }
            Self::Scratch(_) => "desk-folder-failed",
            Self::OtherId { .. } | Self::OtherTree { .. } => "desk-git-disagrees",
            Self::RefMoved { .. } => "desk-branch-moved",
            Self::NoTerminal(_) => "desk-no-terminal",
            Self::UnknownCall => "desk-unknown-call",
            Self::OtherKeyAsked => "desk-other-key",
            Self::WaitedTooLong { .. } => "desk-waited",
            Self::Withdrawn => "desk-withdrawn",
            Self::NoSignature { .. } => "desk-no-signature",
            Self::Pipe(_) => "desk-pipe",
            Self::PassOn { .. } => "desk-stock-program",
            Self::HookExists { .. } => "hook-exists",
            Self::Unsigned { .. } => "push-unsigned",
            Self::HookInput => "hook-input",
            _ => "desk-own-path",
        }
    }

    fn own_next(&self) -> &'static str {
        match self {
            Self::KeyOpenPgp(_) | Self::KeyWithoutName => {
                "Give the file that `offline-vault key export` wrote."
            }
            Self::BadKeyName { .. } => "Choose a name of 1 to 64 visible characters with --name.",
            Self::KeyTaken { .. } => {
                "Choose another name with --name, or remove the old key with `online-relay desk \
                 key remove NAME`."
            }
            Self::KeyUnknown { .. } => "See the keys with `online-relay desk key list`.",
            Self::KeyGone { .. } => {
                "Add it again with `online-relay desk key add FILE`, then `online-relay desk \
                 finish`."
            }
            Self::FormOfKey { .. } | Self::BadForm { .. } => {
                "Use --as openpgp, openpgp-clear, minisign or ssh:NAMESPACE, with a key of that \
                 kind."
            }
            Self::NotForGit { .. } => {
                "Name an OpenPGP or SSH key with --key; leave out --format, or name what it makes."
            }
            Self::NotOpenPgp { .. } => "Name an OpenPGP key with --key.",
            Self::BadSpan { .. } | Self::BadLife => {
                "Write it like 90m, 12h or 7d; the longest is 30d."
            }
            Self::BadSize { .. } => "Write it like 256MiB or 1GiB.",
            Self::OneOutput => "Leave out --output, or ask for one file at a time.",
            Self::Comment(_) => {
                "Rename the file: a minisign signature protects its name, in one line of plain text."
            }
            Self::TooLong { .. } => "Make it shorter.",
            Self::WhichVault { .. } => "Name one of them with --vault NAME.",
            Self::VaultTwice { .. } => "Name each vault once: the one that signs approves by that.",
            Self::TooManyApprovals => "Ask fewer vaults.",
            Self::File { .. } | Self::NotAFile { .. } => {
                "Check the path, and who may read or write there."
            }
            Self::NotAFolder { .. } => {
                "If it is a link, see where it leads and who made it; put a folder in its place."
            }
            Self::TooLarge { .. } => "Only smaller ones cross to a vault.",
            Self::ContentNeeded { .. } => {
                "Let it cross whole with --content-limit, at most 1GiB; a text has to be below \
                 32 MiB. Otherwise use another form or key."
            }
            Self::Cleartext { .. } => {
                "Change the text as said, or sign it with --as openpgp in a file of its own."
            }
            Self::Certificate(_) => "Name a file with one certificate, armoured or not.",
            Self::NoUserId { .. } => "Write it with --user-id exactly as the certificate has it.",
            Self::NotEncrypted { .. } => "Name the file with the message, armoured or not.",
            Self::ChangedWhileRead => "Wait until nothing writes to it, then ask again.",
            Self::Seal(_) => "Check the disk that the courier's directory is on.",
            Self::Request(_) => "Ask for less at once.",
            Self::OutputExists { .. } => {
                "Move it away, replace it with --force, or write elsewhere with --output FILE."
            }
            Self::OutputIsInput { .. } => "Name another file with --output.",
            Self::BadRange { .. } => {
                "Write it like origin/main..HEAD; for all commits from the first one on: --root BRANCH."
            }
            Self::NoCommit { .. } => {
                "See the names with `git branch --all`; a repository's first commit has none \
                 before it, and is signed with --root BRANCH."
            }
            Self::WhichBranch { .. } => "Name the branch that is to move with --ref BRANCH.",
            Self::BranchElsewhere { .. } => "End the range at the branch itself: BASE..BRANCH.",
            Self::NoTag { .. } => "See the tags with `git tag`.",
            Self::LightTag { .. } => "Make it with `git tag -a NAME`, then ask again.",
            Self::NothingToSign => {
                "Name a range such as origin/main..HEAD, --root BRANCH, or --tag NAME."
            }
            Self::TooManyObjects { .. } => "Ask for a part of the range at a time.",
            Self::Pushed { .. } => {
                "Signing changes the ids of commits, which breaks what others have built on them. \
                 Begin the range after what is pushed, or say --rewrite-pushed if nobody has."
            }
            Self::AlreadySigned { .. } => {
                "Begin the range after it. To sign it anew, make it again without a signature \
                 first: git rebase --no-gpg-sign BASE."
            }
            Self::CannotSign { .. } | Self::GitObject(_) => {
                "Make the commit again with a current git, then ask again."
            }
            Self::GitContent(_) => "Ask for fewer commits at a time, or with --no-diff.",
            Self::Gather(_) => "Ask with --no-diff; the vault then says what it cannot show.",
            _ => self.own_next_later(),
        }
    }

    fn own_next_later(&self) -> &'static str {
        match self {
            Self::RequestUnknown { .. } | Self::RequestAmbiguous { .. } => {
                "See the requests with `online-relay desk list --all`."
            }
            Self::RequestEnded { .. } | Self::Overdue { .. } => {
                "If you still want the signature, ask again."
            }
            Self::RequestKnown { .. } => "See it with `online-relay desk show`.",
            Self::NoReply { .. } | Self::NoApproval { .. } => {
                "Carry it with `online-relay courier sync`, to the vault and back."
            }
            Self::BadParcel | Self::BadApprovals => "Get the file again from whoever made it.",
            Self::RefusedByVault { .. } => "Ask the vault's owner, then ask again.",
            Self::WrongReply => {
                "Ask again; if it stays, tell the vault's owner that it did something else than \
                 it was asked."
            }
            Self::FileChanged { .. } => {
                "Put the file back as it was and run `online-relay desk finish`, or cancel the \
                 request and ask about the new file."
            }
            Self::Task(_) | Self::ContentGone(_) | Self::Content(_) | Self::ContentLarge => {
                "Cancel the request and ask again."
            }
            Self::Scratch(_) => "Check the disk that the courier's directory is on.",
            Self::OtherId { .. } | Self::OtherTree { .. } => {
                "Check the repository with `git fsck`, then ask again."
            }
            Self::UnknownCall => "Use git 2.34 or newer, or set up the other format.",
            Self::NoTerminal(_) => {
                "Run git in a terminal; or commit without -S, and sign later with `online-relay \
                 desk sign-git`."
            }
            Self::OtherKeyAsked => {
                "Set user.signingKey as `online-relay desk git-setup` did, or run it again."
            }
            Self::WaitedTooLong { .. } | Self::Withdrawn => {
                "Try again when the vault is at hand; or commit without -S, and sign later with \
                 `online-relay desk sign-git`."
            }
            Self::NoSignature { .. } => "See it with `online-relay desk list --all`.",
            Self::Pipe(_) => "Run the command of git again.",
            Self::PassOn { .. } => "Install it: checking signatures is its work.",
            Self::HookExists { .. } => {
                "Add this line to it: online-relay desk check-push \"$@\" || exit 1 - or replace \
                 it with --force."
            }
            Self::Unsigned { .. } => {
                "Sign them first: online-relay desk sign-git BASE..BRANCH --key NAME - or, where the \
                 repository's first commit is among them: sign-git --root BRANCH --key NAME."
            }
            Self::HookInput => "Let git call it as its pre-push hook.",
            _ => "Call this program by its whole path.",
        }
    }
}

impl Advice for DeskError {
    fn code(&self) -> &'static str {
        match self.inner() {
            Some(inner) => inner.code(),
            None => self.own_code(),
        }
    }

    fn data_safe(&self) -> String {
        if let Some(inner) = self.inner() {
            return inner.data_safe();
        }
        match self {
            Self::RefMoved { old, .. } => {
                return format!(
                    "Yes: the branch stays as it is, the signed objects are kept, and it was at \
                     {old}."
                );
            }
            Self::RefusedByVault { .. } => "Yes: nothing was signed, and nothing was written.",
            Self::FileChanged { .. } => {
                "Yes: the signature is kept here, and nothing was written: it is not one of the \
                 file as it is now."
            }
            Self::OutputExists { .. } => "Yes: the file that is there was not touched.",
            Self::KeyGone { .. } | Self::Scratch(_) => "Yes: the reply is kept.",
            Self::WaitedTooLong { .. } | Self::Withdrawn | Self::NoSignature { .. } => {
                "Yes: git has made no commit and no tag."
            }
            Self::NoTerminal(_) | Self::UnknownCall | Self::OtherKeyAsked | Self::Pipe(_) => {
                "Yes: nothing was asked and nothing was signed."
            }
            Self::Unsigned { .. } | Self::HookInput => "Yes: nothing has left this machine.",
            _ => "Nothing was changed.",
        }
        .to_owned()
    }

    fn next_step(&self) -> String {
        if let Some(inner) = self.inner() {
            return inner.next_step();
        }
        if let Self::RefMoved {
            reference,
            old,
            kept,
        } = self
        {
            let kept = Shown(kept);
            let Some(short) = reference.strip_prefix("refs/heads/") else {
                return format!(
                    "Look at the signed one with `git show {kept}`, and ask again about what is \
                     there now."
                );
            };
            let short = Shown(short);
            return format!(
                "Put what came since on top: git rebase --rebase-merges --onto {kept} {old} {short} - then sign \
                 it with `online-relay desk sign-git {kept}..{short}`."
            );
        }
        self.own_next().to_owned()
    }

    fn exit(&self) -> Exit {
        if let Some(inner) = self.inner() {
            return inner.exit();
        }
        match self {
            Self::BadApprovals
            | Self::BadParcel
            | Self::RefusedByVault { .. }
            | Self::WrongReply
            | Self::OtherId { .. }
            | Self::OtherTree { .. }
            | Self::Unsigned { .. } => Exit::Refused,
            Self::KeyOpenPgp(_)
            | Self::BadKeyName { .. }
            | Self::KeyTaken { .. }
            | Self::KeyUnknown { .. }
            | Self::FormOfKey { .. }
            | Self::NoUserId { .. }
            | Self::NotForGit { .. }
            | Self::NotOpenPgp { .. }
            | Self::BadForm { .. }
            | Self::BadSpan { .. }
            | Self::BadLife
            | Self::BadSize { .. }
            | Self::OneOutput
            | Self::TooLong { .. }
            | Self::WhichVault { .. }
            | Self::VaultTwice { .. }
            | Self::TooManyApprovals
            | Self::BadRange { .. }
            | Self::NoCommit { .. }
            | Self::WhichBranch { .. }
            | Self::BranchElsewhere { .. }
            | Self::NoTag { .. }
            | Self::LightTag { .. }
            | Self::NothingToSign
            | Self::RequestUnknown { .. }
            | Self::RequestAmbiguous { .. } => Exit::Usage,
            _ => Exit::Failed,
        }
    }
}
