//! Making requests.

mod file;
mod git;
mod other;
mod sealing;

use std::io::{self, Read};

use pack_format::codec::Wire as _;
use pack_format::item::SigningBytes;
use pack_format::relay::{PublicKey, Statement as _};
use pack_format::shown::Shown;
use signing_format::content::SealedContent;
use signing_format::limits::{LIFE_SECS_MAX, NAME_BYTES_MAX, REASON_BYTES_MAX};
use signing_format::request::{Request, RequestId, RequestParcel};
use signing_format::subject::Subject;
use zeroize::Zeroizing;

pub use self::file::{FileOptions, Form};
pub use self::git::GitOptions;
pub(crate) use self::git::{Objects, first_line, left_out_text, pack};
pub(crate) use self::sealing::fill;

use self::sealing::{SealingReader, fresh_secret};
use super::Desk;
use super::error::DeskError;
use super::key::DeskKey;
use super::list::short;
use super::task::Task;
use crate::courier::store::{Change, LaneNumber, NewRequest, Role, StoreError};
use crate::courier::{CourierError, PairingName};

/// What all requests have in common.
#[derive(Clone, Debug, Default)]
pub struct AskOptions {
    /// The name of the key.
    pub key: String,
    /// The pairing with the vault that holds the key; otherwise the only pairing.
    pub vault: Option<String>,
    /// Pairings with vaults that approve before.
    pub approvers: Vec<String>,
    /// How many approvals it waits for; otherwise one of each approver.
    pub approvals: Option<u32>,
    /// Why.
    pub reason: String,
    /// Who asks.
    pub requester: String,
    /// How long the desk waits, in seconds.
    pub life_secs: u64,
}

/// A request that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// Its id.
    pub id: RequestId,
    /// What is asked for, in lines.
    pub about: String,
    /// The pairing with the vault that signs.
    pub vault: String,
    /// The content does not cross: the vault shows a hash.
    pub content_not_sent: bool,
    /// What the vault will call not shown.
    pub not_shown: Vec<String>,
    /// What the person should know before it is carried.
    pub warnings: Vec<String>,
}

/// Where a request goes.
pub(super) struct Addressees {
    pub(super) vaults: Vec<(LaneNumber, Role)>,
    /// The name of the one that signs.
    pub(super) signs: String,
    approvals_needed: u32,
}

/// A request that is being made.
pub(crate) struct Draft<'a> {
    pub(crate) key: &'a DeskKey,
    pub(crate) content: Option<Content<'a>>,
    pub(crate) task: Task,
    /// The lines that say what is asked for.
    pub(crate) about: String,
}

/// What crosses beside a request.
pub(crate) struct Content<'a> {
    pub(super) bytes: Box<dyn Read + 'a>,
    pub(super) size_bytes: u64,
}

impl<'a> Content<'a> {
    /// Content that is in memory.
    pub(crate) fn of(bytes: &'a [u8]) -> Self {
        Self {
            size_bytes: bytes.len() as u64,
            bytes: Box::new(bytes),
        }
    }
}

impl Desk<'_> {
    /// Stores a request for these vaults, with its content sealed beside it.
    pub(crate) fn submit(
        &mut self,
        options: &AskOptions,
        draft: Draft<'_>,
        subject: impl FnOnce(Option<SealedContent>) -> Result<Subject, DeskError>,
    ) -> Result<Made, DeskError> {
        let to = self.addressees(options)?;
        check_texts(options)?;
        let mut warnings = self.of_same_result(&draft.task)?;
        warnings.extend(missing_approvals(options, &to));
        let mut about = draft.about.clone();
        lines_in_common(&mut about, draft.key, options, &to);
        let done = self.store_request(options, draft, &about, &to, subject);
        match done {
            Ok(id) => {
                self.courier.store.commit()?;
                Ok(Made {
                    id,
                    about,
                    vault: to.signs,
                    content_not_sent: false,
                    not_shown: Vec::new(),
                    warnings,
                })
            }
            Err(err) => {
                self.courier.store.rollback();
                Err(err)
            }
        }
    }

    fn store_request(
        &mut self,
        options: &AskOptions,
        draft: Draft<'_>,
        about: &str,
        to: &Addressees,
        subject: impl FnOnce(Option<SealedContent>) -> Result<Subject, DeskError>,
    ) -> Result<RequestId, DeskError> {
        let now = self.now;
        let mut change = self.courier.store.begin()?;
        let seed = change.desk_seed(fresh_secret()?)?;
        let sealed = draft
            .content
            .map(|content| put_content(&mut change, content));
        let sealed = sealed.transpose()?;
        let place = sealed.as_ref().map(|it| (it.content_id, it.sealed_bytes()));
        let mut id = [0; 16];
        fill(&mut id)?;
        let request = Request {
            id: RequestId(id),
            created_at: now,
            expires_at: now.saturating_add(options.life_secs),
            requester: options.requester.clone(),
            requester_key: PublicKey::of_seed(&seed),
            reply_key: fresh_secret()?,
            key: draft.key.reference,
            reason: options.reason.clone(),
            subject: subject(sealed)?,
        };
        let signed = request.sign(&seed);
        // As it crosses, and with room for every approval that may come to it.
        let wire = Zeroizing::new(signed.to_wire());
        let parcel = Zeroizing::new([wire.as_slice(), &NO_APPROVALS].concat());
        RequestParcel::from_wire(&parcel).map_err(DeskError::Request)?;
        let with_room = [wire.as_slice(), &[0; APPROVALS_ROOM]].concat();
        SigningBytes::new(with_room).map_err(DeskError::Request)?;
        let number = change.put_request(&NewRequest {
            request: &signed,
            task: &draft.task.to_wire(),
            about,
            content: place,
            approvals_needed: to.approvals_needed,
        })?;
        let number = number.ok_or(DeskError::RequestKnown { id: RequestId(id) })?;
        for (lane, role) in &to.vaults {
            change.add_vault(number, *lane, *role)?;
        }
        Ok(RequestId(id))
    }

    /// What open requests would write or move as well.
    fn of_same_result(&self, task: &Task) -> Result<Vec<String>, DeskError> {
        let mut found = Vec::new();
        for stored in self.courier.store.desk_requests()? {
            if stored.state.has_ended() {
                continue;
            }
            let open = self.courier.store.open_request(stored.number)?;
            let other = open.and_then(|open| Task::from_wire(&open.task).ok());
            if other.is_some_and(|other| other.has_same_result(task)) {
                found.push(format!(
                    "the open request {} is for the same result; withdraw one of them with \
                     `online-relay desk cancel`",
                    short(&stored.id)
                ));
            }
        }
        Ok(found)
    }

    fn addressees(&self, options: &AskOptions) -> Result<Addressees, DeskError> {
        let names = self.courier.store.lane_names()?;
        let signs = match (&options.vault, names.as_slice()) {
            (Some(name), _) => name.clone(),
            (None, []) => return Err(CourierError::NoPairing.into()),
            (None, [only]) => only.clone(),
            (None, _) => return Err(DeskError::WhichVault { names }),
        };
        let mut vaults = vec![(self.lane(&signs)?, Role::Signs)];
        for approver in &options.approvers {
            let lane = self.lane(approver)?;
            if vaults.iter().any(|(known, _)| *known == lane) {
                return Err(DeskError::VaultTwice {
                    name: approver.clone(),
                });
            }
            vaults.push((lane, Role::Approves));
        }
        let approver_count = u32::try_from(options.approvers.len()).unwrap_or(u32::MAX);
        let approvals_needed = options.approvals.unwrap_or(approver_count);
        if approvals_needed > signing_format::limits::APPROVALS_MAX {
            return Err(DeskError::TooManyApprovals);
        }
        Ok(Addressees {
            vaults,
            signs,
            approvals_needed,
        })
    }

    /// The pairing with this name.
    pub(crate) fn lane(&self, name: &str) -> Result<LaneNumber, DeskError> {
        let name = PairingName::parse(name)?;
        let lanes = self.courier.store.lanes()?;
        let named = lanes.iter().find(|named| named.name == name.as_str());
        let named = named.ok_or_else(|| CourierError::NameUnknown {
            name: name.as_str().to_owned(),
        })?;
        Ok(self.courier.store.lane_number(named.lane.id())?)
    }
}

fn put_content(change: &mut Change<'_>, content: Content<'_>) -> Result<SealedContent, DeskError> {
    let mut reader = SealingReader::new(content.bytes)?;
    let sealed_bytes = SealingReader::<&[u8]>::sealed_bytes(content.size_bytes);
    let written = change.put_content(sealed_bytes, &mut reader);
    let written = written.map_err(|err| match err.kind() {
        io::ErrorKind::UnexpectedEof => DeskError::ChangedWhileRead,
        _ => DeskError::Seal(err),
    })?;
    let content = reader.into_content().ok_or(DeskError::ChangedWhileRead)?;
    if content.content_id != written {
        return Err(StoreError::IndexDamaged {
            what: "sealed content has another name than its bytes",
        }
        .into());
    }
    Ok(content)
}

fn check_texts(options: &AskOptions) -> Result<(), DeskError> {
    let too_long = |what, limit: u16| Err(DeskError::TooLong { what, limit });
    if options.requester.len() > usize::from(NAME_BYTES_MAX) {
        return too_long("the requester's name", NAME_BYTES_MAX);
    }
    if options.reason.len() > usize::from(REASON_BYTES_MAX) {
        return too_long("the reason", REASON_BYTES_MAX);
    }
    if !(1..=LIFE_SECS_MAX).contains(&options.life_secs) {
        return Err(DeskError::BadLife);
    }
    Ok(())
}

/// Says so where more approvals are needed than vaults of this courier are asked for.
fn missing_approvals(options: &AskOptions, to: &Addressees) -> Option<String> {
    let asked = u32::try_from(options.approvers.len()).unwrap_or(u32::MAX);
    let missing = to.approvals_needed.saturating_sub(asked);
    (missing > 0).then(|| {
        format!(
            "it does not go to vault {} before {missing} more approvals are here than are asked \
             for: `online-relay desk export` takes it to other desks, and `online-relay desk \
             approve-with` adds what comes back",
            Shown(&to.signs)
        )
    })
}

fn lines_in_common(about: &mut String, key: &DeskKey, options: &AskOptions, to: &Addressees) {
    let kind = key.reference.kind_text();
    about.push_str(&format!(
        "Key: {} ({kind} {})\n",
        Shown(&key.name),
        key.reference
    ));
    about.push_str(&format!("Vault: {}\n", Shown(&to.signs)));
    for approver in &options.approvers {
        about.push_str(&format!("Approved before by: {}\n", Shown(approver)));
    }
    if !options.reason.is_empty() {
        about.push_str(&format!("Reason: {}\n", Shown(&options.reason)));
    }
    if !options.requester.is_empty() {
        about.push_str(&format!("Asked by: {}\n", Shown(&options.requester)));
    }
}

/// The count of approvals in a parcel that has none yet.
const NO_APPROVALS: [u8; 4] = [0; 4];
/// What the approvals of a parcel take at most: version, hash, key, time and signature of each.
const APPROVALS_ROOM: usize = 8 * 160;
