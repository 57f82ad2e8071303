//! What is in the way of a reply that is here and stays.

use std::error::Error;
use std::fmt;

use pack_format::advice::{Advice, Exit};
use signing_format::request::RequestId;

use super::error::DeskError;
use super::list::short;

/// Why a reply was not used yet, and how to use it once that is out of the way.
#[derive(Debug)]
pub struct KeptReply {
    id: RequestId,
    why: Box<DeskError>,
}

impl KeptReply {
    /// The reply to this request is kept because of this.
    #[must_use]
    pub fn new(id: RequestId, why: DeskError) -> Self {
        let why = Box::new(why);
        Self { id, why }
    }
}

impl fmt::Display for KeptReply {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.why.fmt(formatter)
    }
}

impl Error for KeptReply {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.why.source()
    }
}

impl Advice for KeptReply {
    fn code(&self) -> &'static str {
        self.why.code()
    }

    fn data_safe(&self) -> String {
        match &*self.why {
            DeskError::OutputExists { .. } => {
                "Yes: the file that is there was not touched, and the reply is kept.".to_owned()
            }
            DeskError::File { .. } | DeskError::NotAFile { .. } | DeskError::Git(_) => {
                "Yes: the reply is kept.".to_owned()
            }
            why => why.data_safe(),
        }
    }

    fn next_step(&self) -> String {
        let finish = format!("`online-relay desk finish {}`", short(&self.id));
        match &*self.why {
            DeskError::OutputExists { .. } => format!(
                "Move it away and run {finish}; or add --force to that to replace it, or --output \
                 FILE to write elsewhere."
            ),
            DeskError::File { .. } | DeskError::NotAFile { .. } => format!(
                "Check the path, and who may read or write there, then run {finish}; --output FILE \
                 writes elsewhere."
            ),
            DeskError::Git(err) => {
                let next = err.next_step();
                format!("{next} Then run {finish}.")
            }
            why => why.next_step(),
        }
    }

    fn exit(&self) -> Exit {
        self.why.exit()
    }
}
