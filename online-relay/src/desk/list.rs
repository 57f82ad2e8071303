//! What was asked, and how far it is.

use pack_format::shown::Shown;
use serde_json::{Value, json};
use signing_format::request::RequestId;

use super::Desk;
use super::error::DeskError;
use crate::courier::RequestState;
use crate::courier::Role;
use crate::courier::store::StoredRequest;

/// A request as a person sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its id.
    pub id: RequestId,
    /// What is asked for, in lines.
    pub about: String,
    /// How far it is.
    pub state: RequestState,
    /// What became of it, or what is in the way.
    pub note: String,
    /// When it was made, in seconds of Unix time.
    pub created_at: u64,
    /// When the desk stops waiting, in seconds of Unix time.
    pub expires_at: u64,
    /// Where it goes, those that approve first.
    pub vaults: Vec<ListedVault>,
    /// How many approvals have come.
    pub approval_count: usize,
    /// How many it waits for.
    pub approvals_needed: u32,
    /// The content that it has to send was lost from this machine.
    pub content_lost: bool,
}

/// One vault of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedVault {
    /// The pairing's name.
    pub name: String,
    /// What it is asked for.
    pub role: Role,
    /// It has receipted the request.
    pub has_request: bool,
    /// Its reply is here.
    pub has_replied: bool,
}

impl Desk<'_> {
    /// All requests, oldest first; those that have ended only if they are asked for.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub fn list(&self, with_ended: bool) -> Result<Vec<Listed>, DeskError> {
        let requests = self.courier.store.desk_requests()?.into_iter();
        let wanted = requests.filter(|request| with_ended || !request.state.has_ended());
        wanted.map(|request| self.listed(request)).collect()
    }

    /// The request whose id begins like this.
    ///
    /// # Errors
    /// [`DeskError::RequestUnknown`], [`DeskError::RequestAmbiguous`], [`DeskError::Store`].
    pub fn show(&self, id: &str) -> Result<Listed, DeskError> {
        self.listed(self.request(id)?)
    }

    /// Withdraws a request: its keys and its content go, and a reply to it is refused.
    ///
    /// # Errors
    /// [`DeskError::RequestEnded`], [`DeskError::RequestUnknown`],
    /// [`DeskError::RequestAmbiguous`], [`DeskError::Store`].
    pub fn cancel(&mut self, id: &str) -> Result<RequestId, DeskError> {
        let request = self.request(id)?;
        if request.state.has_ended() {
            return Err(DeskError::RequestEnded {
                id: request.id,
                state: request.state,
            });
        }
        self.courier.store.transact(|change| {
            change.end_request(request.number, RequestState::Cancelled, "", None)
        })?;
        Ok(request.id)
    }

    fn listed(&self, request: StoredRequest) -> Result<Listed, DeskError> {
        let vaults = self.courier.store.request_vaults(request.number)?;
        let approvals = self.courier.store.approvals(request.number)?;
        let vaults = vaults.into_iter().map(|vault| ListedVault {
            name: vault.name,
            role: vault.role,
            has_request: vault.told,
            has_replied: vault.reply_hash.is_some(),
        });
        Ok(Listed {
            id: request.id,
            about: request.about,
            state: request.state,
            note: request.note,
            created_at: request.created_at,
            expires_at: request.expires_at,
            vaults: vaults.collect(),
            approval_count: approvals.len(),
            approvals_needed: request.approvals_needed,
            content_lost: request.content_lost,
        })
    }
}

impl Listed {
    /// One line.
    pub(super) fn line(&self) -> String {
        let first = self.about.lines().next().unwrap_or_default();
        format!("{}  {}  {first}\n", short(&self.id), self.progress())
    }

    /// All of it.
    pub(super) fn text(&self) -> String {
        let mut text = format!("Request {}\n{}", self.id, self.about);
        for vault in &self.vaults {
            let name = Shown(&vault.name);
            let doing = match vault.role {
                Role::Approves => "approves",
                Role::Signs => "signs",
            };
            let state = match (vault.has_replied, vault.has_request) {
                (true, _) => "has replied",
                (false, true) => "has the request",
                (false, false) => "does not have the request yet, or has not said so",
            };
            text.push_str(&format!("Vault {name} ({doing}): {state}\n"));
        }
        if self.approvals_needed > 0 || self.approval_count > 0 {
            let (count, needed) = (self.approval_count, self.approvals_needed);
            text.push_str(&format!("Approvals: {count} of {needed}\n"));
        }
        text.push_str(&format!("State: {}\n", self.progress()));
        if !self.note.is_empty() {
            text.push_str(&format!("Last: {}\n", self.note));
        }
        text
    }

    fn progress(&self) -> String {
        let signs = |vault: &&ListedVault| vault.role == Role::Signs;
        let signer = self.vaults.iter().find(signs);
        let approvals = u32::try_from(self.approval_count).unwrap_or(u32::MAX);
        match self.state {
            RequestState::Waiting if self.content_lost => {
                "stuck: its content was lost from this machine, cancel it and ask again".to_owned()
            }
            RequestState::Waiting if approvals < self.approvals_needed => {
                format!(
                    "waiting for approvals, {approvals} of {} here",
                    self.approvals_needed
                )
            }
            RequestState::Waiting => match signer {
                Some(vault) if vault.has_request => "with the vault".to_owned(),
                Some(_) => "ready to carry".to_owned(),
                None => "waiting".to_owned(),
            },
            state => state.as_str().to_owned(),
        }
    }

    /// For a program.
    pub(super) fn to_json(&self) -> Value {
        let vaults = self.vaults.iter().map(|vault| {
            json!({
                "name": vault.name,
                "role": match vault.role { Role::Approves => "approves", Role::Signs => "signs" },
                "has_request": vault.has_request,
                "has_replied": vault.has_replied,
            })
        });
        json!({
            "request": self.id.to_string(),
            "about": self.about,
            "state": self.state.as_str(),
            "note": self.note,
            "created_at": self.created_at,
            "expires_at": self.expires_at,
            "vaults": vaults.collect::<Vec<_>>(),
            "approvals": self.approval_count,
            "approvals_needed": self.approvals_needed,
            "content_lost": self.content_lost,
        })
    }
}

/// Enough of an id to type.
pub(super) fn short(id: &RequestId) -> String {
    id.to_string().chars().take(12).collect()
}
