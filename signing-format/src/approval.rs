//! A vault's signed yes to a request that another vault's key will sign.
//!
//! Spec: spec/signing.md, "Approval".

use pack_format::codec::{DecodeError, Reader, Wire, Writer};
use pack_format::relay::{PublicKey, Statement};

use crate::request::RequestHash;

/// "I have seen all of this request and approve it."
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// The request, to the byte.
    pub request_hash: RequestHash,
    /// The identity key of the approver's vault, which signs this.
    pub approver: PublicKey,
    /// When, in seconds of Unix time by the approver's clock.
    pub approved_at: u64,
}

impl Wire for Approval {
    const WHAT: &'static str = "approval";

    fn write(&self, writer: &mut Writer) {
        writer
            .u8(VERSION)
            .put(&self.request_hash.0)
            .put(&self.approver.0)
            .u64(self.approved_at);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        if reader.u8("approval version")? != VERSION {
            return Err(DecodeError::Unknown {
                what: "approval version",
            });
        }
        Ok(Self {
            request_hash: RequestHash(reader.take_array("request hash")?),
            approver: PublicKey(reader.take_array("approver")?),
            approved_at: reader.u64("approval's time")?,
        })
    }
}

impl Statement for Approval {
    const LABEL: &'static str = "causeway/signing/v1 approval";

    fn signer(&self) -> PublicKey {
        self.approver
    }
}

/// The version of approvals.
const VERSION: u8 = 1;
