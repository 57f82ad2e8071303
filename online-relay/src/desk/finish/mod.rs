//! Doing what a reply was asked for.

mod certify;
mod file;
mod git;

use std::path::PathBuf;

use pack_format::advice::{Advice, Exit, what_happened};
use pack_format::codec::Wire as _;
use pack_format::shown::Shown;
use serde_json::{Value, json};
use signing_format::content::SealedContent;
use signing_format::reply::Reply;
use signing_format::request::{Request, RequestId};
use signing_format::subject::Subject;

use super::Desk;
use super::error::DeskError;
use super::kept::KeptReply;
use super::key::DeskKey;
use super::list::short;
use super::scratch::Scratch;
use super::task::Task;
use crate::courier::RequestState;
use crate::courier::store::{OpenRequest, StoreError, StoredRequest};

/// What was done with one reply.
#[derive(Debug)]
pub struct Finished {
    /// The request.
    pub id: RequestId,
    /// What was asked for, in one line.
    pub about: String,
    /// What was done, in lines for a person, or why nothing was.
    pub result: Result<String, DeskError>,
    /// Whether the request is over; otherwise the reply is kept.
    pub has_ended: bool,
}

/// How a person wants replies to be used, other than was said when they were asked for.
#[derive(Clone, Debug, Default)]
pub struct FinishOptions {
    /// Replace a file that is in the way.
    pub overwrite: bool,
    /// Write the result to this file.
    pub output: Option<PathBuf>,
}

/// A request with everything that its reply is checked against.
struct Case<'a> {
    request: &'a Request,
    key: DeskKey,
    scratch: Scratch,
    options: &'a FinishOptions,
}

/// What became of a request.
struct Done {
    note: String,
    result: Option<Vec<u8>>,
}

impl Done {
    fn with(note: String) -> Self {
        Self { note, result: None }
    }
}

impl Finished {
    /// The exit code that this ends a program with.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match &self.result {
            Ok(_) => Exit::Done,
            Err(err) => match err.exit() {
                Exit::Refused => Exit::Refused,
                _ => Exit::Failed,
            },
        }
    }

    /// The lines that say what was done.
    pub(crate) fn text(&self) -> String {
        let (id, about) = (short(&self.id), &self.about);
        match &self.result {
            Ok(done) => format!("Request {id} ({about}): {done}\n"),
            Err(_) => format!("Request {id} ({about}): not done, see below\n"),
        }
    }

    /// For a program.
    pub(crate) fn to_json(&self) -> Value {
        let error = self.result.as_ref().err().map(|err| {
            json!({
                "code": err.code(),
                "what": what_happened(err),
                "data": err.data_safe(),
                "next": err.next_step(),
            })
        });
        json!({
            "request": self.id.to_string(),
            "about": self.about,
            "done": self.result.as_ref().ok(),
            "error": error,
            "has_ended": self.has_ended,
        })
    }
}

impl Desk<'_> {
    /// Does what every reply that is here was asked for.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub fn finish_all(&mut self, options: &FinishOptions) -> Result<Vec<Finished>, StoreError> {
        let requests = self.courier.store.desk_requests()?.into_iter();
        let replied = requests.filter(|request| request.state == RequestState::Replied);
        replied
            .map(|request| self.finish(&request, options))
            .collect()
    }

    /// Does what the reply to one request was asked for.
    ///
    /// # Errors
    /// [`DeskError::NoReply`], [`DeskError::RequestEnded`], [`DeskError::RequestUnknown`],
    /// [`DeskError::RequestAmbiguous`], [`DeskError::Store`].
    pub fn finish_one(&mut self, id: &str, options: &FinishOptions) -> Result<Finished, DeskError> {
        let request = self.request(id)?;
        let (id, state) = (request.id, request.state);
        match state {
            RequestState::Replied => Ok(self.finish(&request, options)?),
            RequestState::Waiting => Err(DeskError::NoReply { id }),
            _ => Err(DeskError::RequestEnded { id, state }),
        }
    }

    fn finish(
        &mut self,
        stored: &StoredRequest,
        options: &FinishOptions,
    ) -> Result<Finished, StoreError> {
        let open = self.courier.store.open_request(stored.number)?;
        let reply = self.courier.store.open_reply(stored)?;
        let done = match open.zip(reply) {
            Some((open, reply)) => self.apply(&open, &reply, options),
            // It was opened when it came; what is stored since is not what it was.
            None => Err(DeskError::ContentLarge),
        };
        let done = done.map_err(|err| match err.ends_request() {
            Some(_) => err,
            None => DeskError::Kept(KeptReply::new(stored.id, err)),
        });
        let (state, note, result) = match &done {
            Ok(done) => (
                Some(RequestState::Done),
                done.note.clone(),
                done.result.clone(),
            ),
            Err(err) => (err.ends_request(), what_happened(err), None),
        };
        self.courier.store.transact(|change| match state {
            Some(state) => change.end_request(stored.number, state, &note, result.as_deref()),
            None => change.note_request(stored.number, &note),
        })?;
        Ok(Finished {
            id: stored.id,
            about: stored.about.lines().next().unwrap_or_default().to_owned(),
            result: done.map(|done| done.note),
            has_ended: state.is_some(),
        })
    }

    fn apply(
        &self,
        open: &OpenRequest,
        reply: &Reply,
        options: &FinishOptions,
    ) -> Result<Done, DeskError> {
        if let Reply::Refused(reason) = reply {
            return Err(DeskError::RefusedByVault {
                reason: reason.clone(),
            });
        }
        let request = open.signed.peek_statement();
        let task = Task::from_wire(&open.task).map_err(DeskError::Task)?;
        let case = Case {
            request,
            key: self.key_of(&request.key)?,
            scratch: Scratch::new(self.courier.path()).map_err(DeskError::Scratch)?,
            options,
        };
        match (&task, &request.subject, reply) {
            (Task::File(task), Subject::File(subject), Reply::File(signature)) => {
                file::finish(&case, task, subject, signature)
            }
            (Task::Git(task), Subject::Git(subject), Reply::Git(signatures)) => {
                let content = self.content(&subject.content)?;
                git::finish(&case, task, &content, signatures)
            }
            (Task::Program, Subject::Git(subject), Reply::Git(signatures)) => {
                let content = self.content(&subject.content)?;
                git::for_program(&case, &content, signatures)
            }
            (Task::Program, Subject::File(subject), Reply::File(signature)) => {
                let content = subject_content(&request.subject)?;
                let bytes = self.content(content)?;
                file::for_program(&case, &bytes, subject, signature)
            }
            (Task::Certify(task), Subject::Certify(subject), Reply::Certifications(packets)) => {
                certify::finish(&case, task, subject, packets)
            }
            (Task::Decrypt, Subject::Decrypt(message), Reply::OpenedInVault) => {
                let name = Shown(&message.name);
                Ok(Done::with(format!(
                    "{name} was opened in the vault, and stays there"
                )))
            }
            _ => Err(DeskError::WrongReply),
        }
    }

    /// What was asked about, as it was sent.
    fn content(&self, content: &SealedContent) -> Result<Vec<u8>, DeskError> {
        let blob = self.courier.store.open_bundle(&content.content_id);
        let blob = blob.map_err(DeskError::ContentGone)?;
        let opened = content.open(blob).map_err(DeskError::Content)?;
        let len = usize::try_from(content.plain_bytes).map_err(|_| DeskError::ContentLarge)?;
        let bytes = opened.read(0, len).map_err(DeskError::Content)?.to_vec();
        match *blake3::hash(&bytes).as_bytes() == content.plain_hash {
            true => Ok(bytes),
            false => Err(DeskError::ContentLarge),
        }
    }
}

fn subject_content(subject: &Subject) -> Result<&SealedContent, DeskError> {
    subject.content().ok_or(DeskError::WrongReply)
}
